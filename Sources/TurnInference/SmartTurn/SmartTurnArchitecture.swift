/// The sizes of the Smart Turn v3 family: a Whisper-tiny encoder on 8 s of audio, attention pooling and a
/// three-layer classifier. The same for every file of the family.
enum SmartTurnArchitecture {
    static let melCount = 80
    static let frameCount = 800
    static let tokenCount = 400
    static let width = 384
    static let headCount = 6
    static let headWidth = 64
    static let layerCount = 4
    static let feedForwardWidth = 1_536
    static let poolWidth = 256
    static let classifierWidths = (256, 64)
    static let layerNormEpsilon: Float = 1e-5
    /// On the scores: 64^(-1/2).
    static let attentionScale: Float = 0.125
    /// Inputs of a kernel-3 convolution to a channel.
    static let tapCount = 3
}
