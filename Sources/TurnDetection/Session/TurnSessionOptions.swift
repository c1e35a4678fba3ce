public import Logging
public import TurnCore

/// How a ``TurnSession`` works. Everything has a default.
public struct TurnSessionOptions: Sendable {
    /// Whose time counts.
    public enum Pacing: Sendable, Hashable {
        /// The clock's: for a microphone or a call. Delays end when they have passed, whether or not audio comes.
        case live
        /// The audio's: for a file, as fast as the machine goes, or for audio whose events are to be the same however
        /// it comes. The session waits for each prediction, which counts as answered the moment it was asked for.
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

    /// Time. Default nil: the detector's clock; without a detector, the system's.
    public var clock: TurnClock?
    /// Where warnings go. Default nil: the detector's logger; without a detector, one of its own.
    public var logger: Logger?
    /// Called in the session's task for each window of voice activity, before the events that follow from it: for
    /// meters and plots. It holds up the session while it runs.
    public var onVoiceActivity: (@Sendable (VoiceActivityEvent) -> Void)?
    /// Called in the session's task for each event, before it goes to ``TurnSession/events``: for readers that must not
    /// lose one. It holds up the session while it runs.
    public var onEvent: (@Sendable (TurnEvent) -> Void)?

    /// - Parameter preset: gives the delays; its threshold belongs to the detector
    ///   (``TurnDetectorOptions/localThresholds``). `balanced` by default, as there.
    public init(preset: EndpointingPreset = .balanced) {
        endpointing = .fixed(preset.delays)
    }

    /// - Throws: ``TurnError`` `.invalidArgument` naming the option that is out of range.
    public func validate() throws(TurnError) {
        try turn.validate()
        try voiceActivity.validateForTurns(predictionSilence: turn.predictionSilence)
    }
}

extension VoiceActivityOptions {
    /// Whether turns can be detected with it.
    ///
    /// - Parameter predictionSilence: silence after which a prediction is asked for.
    /// - Throws: ``TurnError`` `.invalidArgument` for a minimum of silence below 250 ms, or less than 50 ms above the
    ///   silence after which a prediction is asked for: the segment must not have ended before.
    public func validateForTurns(
        predictionSilence: Duration = .milliseconds(200)
    ) throws(TurnError) {
        let least = max(.milliseconds(250), predictionSilence + .milliseconds(50))
        guard minSilenceDuration >= least else {
            throw TurnError(
                .invalidArgument,
                "a minimum silence of \(minSilenceDuration) leaves no time for a prediction at a pause; use "
                    + "\(least) or more")
        }
    }
}
