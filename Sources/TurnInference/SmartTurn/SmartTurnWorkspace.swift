private typealias A = SmartTurnArchitecture

/// The memory of one float32 run of the network, about 8 MB. In one run's hands at a time.
final class SmartTurnWorkspace {
    let head = SmartTurnHead.Workspace()
    private let buffers: [AlignedBuffer<Float>]

    init() {
        buffers = [
            (A.frameCount + 2) * A.melCount, (A.frameCount + 2) * A.width, A.tokenCount * A.width,
            A.tokenCount * A.width, A.tokenCount * A.width, A.tokenCount * A.feedForwardWidth,
            A.tokenCount * A.tokenCount, A.feedForwardWidth * LinearWeights.panelWidth,
            LinearWeights.panelWidth,
        ].map { AlignedBuffer(count: $0) }
    }

    /// [1 + 800 + 1][80], first and last row zero.
    var paddedInput: UnsafeMutablePointer<Float> { buffers[0].base }
    /// [1 + 800 + 1][384], first and last row zero.
    var paddedConv1: UnsafeMutablePointer<Float> { buffers[1].base }
    var residual: UnsafeMutablePointer<Float> { buffers[2].base }
    var normed: UnsafeMutablePointer<Float> { buffers[3].base }
    var mixed: UnsafeMutablePointer<Float> { buffers[4].base }
    /// Queries, keys and values, or the feed-forward block's inside.
    var wide: UnsafeMutablePointer<Float> { buffers[5].base }
    var scores: UnsafeMutablePointer<Float> { buffers[6].base }
    /// One panel of float weights, of the layer with the most inputs.
    var panel: UnsafeMutablePointer<Float> { buffers[7].base }
    var zeros: UnsafeMutablePointer<Float> { buffers[8].base }
}
