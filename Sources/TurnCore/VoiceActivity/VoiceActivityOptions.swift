/// How a ``VoiceActivityDetector`` turns probabilities into segments of speech.
///
/// Source: LiveKit Agents 1.8.9, the voice-activity options and their defaults.
public struct VoiceActivityOptions: Sendable, Hashable {
    /// Consecutive speech that starts a segment. Default 50 ms.
    public var minSpeechDuration: Duration
    /// Consecutive silence that ends a segment. Default 250 ms, the least that turn detection works with: a
    /// prediction is asked for after 200 ms, and its answer needs a moment.
    public var minSilenceDuration: Duration
    /// Audio kept from before a segment. Default 500 ms.
    public var prefixPaddingDuration: Duration
    /// The most audio of one segment that is kept, besides the padding. Default 60 s. Beyond it audio is dropped
    /// while timing goes on.
    public var maxBufferedSpeech: Duration
    /// A window is speech from this probability on. Default 0.5.
    public var activationThreshold: Float
    /// Within a segment a window is still speech above this probability.
    /// Default: ``activationThreshold`` - 0.15, at least 0.01. It does not follow later changes of the activation.
    public var deactivationThreshold: Float

    /// - Throws: ``TurnError`` `.invalidArgument` for a duration outside 0...24 h, for an activation outside 0...1, for a
    ///   deactivation that is not above 0 and at most 1, and for values that are not finite.
    public init(
        minSpeechDuration: Duration = .milliseconds(50),
        minSilenceDuration: Duration = .milliseconds(250),
        prefixPaddingDuration: Duration = .milliseconds(500),
        maxBufferedSpeech: Duration = .seconds(60),
        activationThreshold: Float = 0.5,
        deactivationThreshold: Float? = nil
    ) throws(TurnError) {
        let deactivation = deactivationThreshold ?? max(activationThreshold - 0.15, 0.01)
        for (name, value) in [
            ("minimum speech", minSpeechDuration), ("minimum silence", minSilenceDuration),
            ("prefix padding", prefixPaddingDuration), ("speech buffer", maxBufferedSpeech),
        ] { try value.checkOption("a \(name) duration") }
        guard (0...1).contains(activationThreshold) else {
            throw TurnError(.invalidArgument, "an activation threshold of \(activationThreshold); use 0 to 1")
        }
        guard deactivation > 0, deactivation <= 1 else {
            throw TurnError(
                .invalidArgument,
                "a deactivation threshold of \(deactivation); use a value above 0, at most 1")
        }
        self.minSpeechDuration = minSpeechDuration
        self.minSilenceDuration = minSilenceDuration
        self.prefixPaddingDuration = prefixPaddingDuration
        self.maxBufferedSpeech = maxBufferedSpeech
        self.activationThreshold = activationThreshold
        self.deactivationThreshold = deactivation
    }

    private init(default: Void) {
        minSpeechDuration = .milliseconds(50)
        minSilenceDuration = .milliseconds(250)
        prefixPaddingDuration = .milliseconds(500)
        maxBufferedSpeech = .seconds(60)
        activationThreshold = 0.5
        deactivationThreshold = 0.35
    }

    /// All defaults.
    public static let `default` = VoiceActivityOptions(default: ())
}
