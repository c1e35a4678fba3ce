/// Whether a pause that goes on is scored again.
public enum Rescoring: Sendable, Hashable {
    /// One prediction a pause, as the reference does.
    case off
    /// Another prediction each time this interval has passed, while silence lasts; the first that crosses the
    /// threshold ends the turn. At least 50 ms.
    case every(Duration)
}

/// A piece of what the user said, from any speech recogniser.
public struct Transcript: Sendable, Hashable {
    public let text: String
    /// Whether the text will not change any more. Only final transcripts end turns.
    public let isFinal: Bool
    /// The language the recogniser heard; `auto`, `multi` and empty are ignored.
    public let language: LanguageCode?
    /// 0...1, where the recogniser gives one.
    public let confidence: Float?

    public init(
        _ text: String, isFinal: Bool = true, language: LanguageCode? = nil, confidence: Float? = nil
    ) {
        self.text = text
        self.isFinal = isFinal
        self.language = language
        self.confidence = confidence
    }
}

extension TurnMachine {
    /// What a ``TurnMachine`` is told apart from the audio.
    public struct Options: Sendable, Hashable {
        /// Silence after which a prediction is asked for. Default 200 ms.
        public var predictionSilence: Duration = .milliseconds(200)
        /// The longest wait for an answer, from the decision on. Default 1 s.
        public var predictionTimeout: Duration = .seconds(1)
        /// The longest that a turn may stay open, from its first speech on; then it ends whatever the speaker or
        /// the recogniser does. Default nil: no bound.
        public var maxTurnDuration: Duration?
        /// Whether a pause that goes on is scored again. Default off.
        public var rescoring: Rescoring = .off
        /// Whether a turn needs a final transcript to end. It does from the first transcript on anyway.
        public var expectsTranscripts = false
        /// Whether turns end by `commitTurn` alone. Default false.
        public var isManual = false
        /// Whether predictions are asked for. Without them a turn ends after the shorter delay. Default true.
        public var asksForPredictions = true

        /// All defaults.
        public init() {}

        /// - Throws: ``TurnError`` `.invalidArgument` naming the option that is out of range.
        public func validate() throws(TurnError) {
            if case .every(let interval) = rescoring {
                try interval.checkOption("a rescoring interval")
                guard interval >= .milliseconds(50) else {
                    throw TurnError(.invalidArgument, "a rescoring interval below 50 ms; use 50 ms or more")
                }
            }
            if let maxTurnDuration, maxTurnDuration <= .zero {
                throw TurnError(
                    .invalidArgument, "the longest turn is not above zero; use a positive duration")
            }
            try maxTurnDuration?.checkOption("a longest turn")
            try predictionSilence.checkOption("a prediction silence")
            try predictionTimeout.checkOption("a prediction time-out")
        }
    }

    /// A timer that the owner keeps. Setting one that runs moves it.
    public enum Timer: Int, Sendable, Hashable, CaseIterable {
        /// The wait for an answer, then the endpointing delay.
        case decision
        /// The next score of a pause that goes on.
        case rescoring
        /// The bound of an open turn.
        case maxTurnDuration
    }

    /// Something that happened.
    public enum Input: Sendable, Hashable {
        /// The voice activity detector's event.
        case voiceActivity(VoiceActivityEvent)
        /// The answer to the request of that id.
        case predictionAnswered(id: Int, EndOfTurnPrediction)
        /// A timer's deadline passed.
        case timerFired(Timer)
        /// The speech recogniser's result.
        case transcript(Transcript)
        /// The agent began to speak.
        case agentSpeechStarted
        /// The agent fell silent.
        case agentSpeechEnded
        /// The application judged the user's overlapping speech: an interruption of the agent, or not. Counts for
        /// the segment that is open.
        case interruptionJudged(Bool)
        /// The application ends the turn.
        case commitTurn
        /// The application drops what was heard of the turn.
        case clearTurn
        /// Turns end by `commitTurn` alone, or by voice again.
        case manualMode(Bool)
        /// Another detector answers from now on, or none: what the last one answered does not count any more. A delay
        /// that runs already goes on.
        case detectorChanged(asksForPredictions: Bool)
        /// The audio ended; an open speech segment was reported as ended before.
        case endOfInput
    }

    /// Why the audio of a prediction stream is dropped.
    public enum FlushReason: String, Sendable, Hashable {
        /// The turn ended.
        case turnCommitted = "turn committed"
        /// The application dropped it.
        case clearUserTurn = "clear_user_turn"
    }

    /// Something that deserves a line in the log.
    public enum Warning: Sendable, Hashable {
        /// No prediction within the time-out; the turn goes on without.
        case predictionTimedOut
        /// A transcript came after its turn had ended. Said once, then `false`.
        case lateTranscript(first: Bool)
        /// The open turn's transcript is longer than 64 KiB; its oldest part is dropped. Said once a turn.
        case transcriptTruncated
    }

    /// Something that the owner must do, in the order given.
    public enum Action: Sendable, Hashable {
        /// Ask for a prediction of the audio up to now, and hand in its answer under the same id. The audio that
        /// counts begins at `audioStart`; if nil, after the last flush.
        case predict(id: Int, audioStart: Duration?)
        /// Nobody waits for that request any more; it timed out, or speech resumed.
        case cancelPrediction(id: Int, timedOut: Bool)
        /// Hand in `.timerFired` at the deadline.
        case setTimer(Timer, deadline: Duration)
        /// Forget the timer.
        case cancelTimer(Timer)
        /// Drop the audio heard so far and any request.
        case flush(FlushReason)
        /// Tell the listener.
        case emit(TurnEvent)
        /// Tell the log.
        case warn(Warning)
    }
}
