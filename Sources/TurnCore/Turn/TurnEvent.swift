/// What a conversation's listener learns about the user's turns.
///
/// Times are in the audio's own time: zero is its first sample.
public enum TurnEvent: Sendable, Hashable {
    /// The user began to speak.
    case speechStarted(SpeechStarted)
    /// The user paused, perhaps for good.
    case speechEnded(SpeechEnded)
    /// The end of the turn was predicted at a pause.
    case prediction(PredictionMade)
    /// The moment invites a short acknowledgement.
    case backchannelOpportunity(BackchannelOpportunity)
    /// The turn ended: answer now.
    case turnEnded(TurnEnded)
    /// Another model answers from now on, or none.
    case service(ServiceChange)

    /// What changed about who answers; each with the reason in one line.
    public enum ServiceChange: Sendable, Hashable {
        /// The local model took over from the service.
        case fellBack(String)
        /// The service answers again.
        case recovered
        /// Nobody answers any more; turns end after the shorter delay.
        case degraded(String)
    }

    /// The user began to speak.
    public struct SpeechStarted: Sendable, Hashable {
        /// When speech began.
        public let time: Duration
        /// When that was certain.
        public let detectedAt: Duration

        public init(time: Duration, detectedAt: Duration) {
            self.time = time
            self.detectedAt = detectedAt
        }
    }

    /// The user paused.
    public struct SpeechEnded: Sendable, Hashable {
        /// When speech ended.
        public let time: Duration
        /// When that was certain.
        public let detectedAt: Duration

        public init(time: Duration, detectedAt: Duration) {
            self.time = time
            self.detectedAt = detectedAt
        }
    }

    /// A prediction and what it was compared with.
    public struct PredictionMade: Sendable, Hashable {
        /// End of the audio that the prediction looked at.
        public let time: Duration
        /// The answer, with its durations and model.
        public let prediction: EndOfTurnPrediction
        /// The turn is judged unfinished below it.
        public let threshold: Double
        /// From the last speech to the decision; zero if no speech was heard.
        public let delay: Duration

        /// P(turn ended).
        public var probability: Float { prediction.probability }

        public init(
            time: Duration, prediction: EndOfTurnPrediction, threshold: Double, delay: Duration
        ) {
            self.time = time
            self.prediction = prediction
            self.threshold = threshold
            self.delay = delay
        }
    }

    /// The moment invites a short acknowledgement such as "mhm".
    public struct BackchannelOpportunity: Sendable, Hashable {
        public let time: Duration
        public let probability: Float
        public let threshold: Double
        public let endOfTurnProbability: Float
        public let endOfTurnThreshold: Double
        public let language: LanguageCode?

        public init(
            time: Duration, probability: Float, threshold: Double, endOfTurnProbability: Float,
            endOfTurnThreshold: Double, language: LanguageCode?
        ) {
            self.time = time
            self.probability = probability
            self.threshold = threshold
            self.endOfTurnProbability = endOfTurnProbability
            self.endOfTurnThreshold = endOfTurnThreshold
            self.language = language
        }
    }

    /// A turn that ended.
    public struct TurnEnded: Sendable, Hashable {
        /// Why a turn ended.
        public struct Reason: RawRepresentable, Sendable, Hashable {
            public let rawValue: String

            public init(rawValue: String) { self.rawValue = rawValue }

            /// The model judged it finished: after the shorter delay.
            public static let model = Reason(rawValue: "model")
            /// The model judged it unfinished, but silence went on: after the longer delay.
            public static let timeout = Reason(rawValue: "timeout")
            /// The audio ended.
            public static let endOfInput = Reason(rawValue: "end_of_input")
            /// No prediction could be had or compared (it failed or came too late, or no threshold is known): after
            /// the shorter delay.
            public static let noPrediction = Reason(rawValue: "no_prediction")
            /// The application ended it.
            public static let manual = Reason(rawValue: "manual")
            /// It had been open for the longest time allowed.
            public static let maxTurnDuration = Reason(rawValue: "max_turn_duration")
        }

        /// When it ended.
        public let time: Duration
        /// When its first speech began; nil if none was heard.
        public let speechStart: Duration?
        /// When its last speech ended; nil if none was heard.
        public let speechEnd: Duration?
        /// P(turn ended) of the prediction that decided; nil without one.
        public let probability: Float?
        public let reason: Reason
        /// What the user said, if transcripts were given.
        public let transcript: String?
        /// Mean confidence of the transcripts that carry one; 0 without.
        public let transcriptConfidence: Float
        /// Its timings, where they are known.
        public let timings: TurnTimings?

        public init(
            time: Duration, speechStart: Duration?, speechEnd: Duration?, probability: Float?, reason: Reason,
            transcript: String? = nil, transcriptConfidence: Float = 0, timings: TurnTimings? = nil
        ) {
            self.time = time
            self.speechStart = speechStart
            self.speechEnd = speechEnd
            self.probability = probability
            self.reason = reason
            self.transcript = transcript
            self.transcriptConfidence = transcriptConfidence
            self.timings = timings
        }

        /// From the last speech to the end of the turn; zero if no speech was heard.
        public var delay: Duration { speechEnd.map { time - $0 } ?? .zero }
    }
}

/// When the parts of a turn happened (R-074...R-077).
public struct TurnTimings: Sendable, Hashable {
    public let startedSpeaking: Duration
    public let stoppedSpeaking: Duration
    /// From the end of speech to the last final transcript, at least zero.
    public let transcriptionDelay: Duration
    /// From the end of speech to the end of the turn, at least zero.
    public let endOfTurnDelay: Duration

    /// Nil if an anchor is missing, or if speech stopped before it started.
    public init?(
        startedSpeaking: Duration?, stoppedSpeaking: Duration?, lastFinalTranscript: Duration?, now: Duration
    ) {
        guard let startedSpeaking, let stoppedSpeaking, let lastFinalTranscript,
            stoppedSpeaking >= startedSpeaking
        else { return nil }
        self.startedSpeaking = startedSpeaking
        self.stoppedSpeaking = stoppedSpeaking
        self.transcriptionDelay = max(lastFinalTranscript - stoppedSpeaking, .zero)
        self.endOfTurnDelay = max(now - stoppedSpeaking, .zero)
    }
}
