public import TurnCore

/// How a ``TurnSession`` works. Everything has a default.
public struct TurnSessionOptions: Sendable {
    /// Whose time counts.
    public enum Pacing: Sendable, Hashable {
        /// The clock's: for a microphone or a call. Delays end when they have passed, whether or not audio comes.
        case live
        /// The audio's: for a file, as fast as the machine goes. The session waits for each prediction, which counts
        /// as answered the moment it was asked for.
        case file
    }

    /// Voice activity; the minimum of silence must be at least 250 ms.
    public var voiceActivity = VoiceActivityOptions.default
    /// The delays after the last speech.
    public var endpointing: Endpointing
    /// Time-outs, rescoring, the bound of a turn, manual mode, whether transcripts are expected.
    public var turn = TurnMachine.Options()
    /// The language that is spoken, until a transcript tells another.
    public var language: LanguageCode?
    /// Whose time counts. Default: the clock's.
    public var pacing = Pacing.live
    /// Of the stream to a service. Default nil: the detector's.
    public var connectionOptions: ConnectionOptions?

    /// - Parameter preset: gives the delays; its threshold belongs to the detector
    ///   (``TurnDetectorOptions/localThresholds``). `balanced` by default, as there.
    public init(preset: EndpointingPreset = .balanced) {
        endpointing = .fixed(preset.delays)
    }

    /// - Throws: ``TurnError`` `.invalidArgument` naming the option that is out of range.
    public func validate() throws(TurnError) {
        try turn.validate()
        try voiceActivity.validateForTurns()
    }
}

extension VoiceActivityOptions {
    /// Whether turns can be detected with it.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` for a minimum of silence below 250 ms: a prediction is asked for
    ///   after 200 ms of silence, and the segment must not have ended before.
    public func validateForTurns() throws(TurnError) {
        guard minSilenceDuration >= .milliseconds(250) else {
            throw TurnError(
                .invalidArgument,
                "a minimum silence below 250 ms leaves no time for a prediction at a pause; use 250 ms or more"
            )
        }
    }
}
