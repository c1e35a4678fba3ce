/// What a ``VoiceActivityDetector`` reports.
///
/// All times are the audio's own: zero is the first sample since the start or the last flush.
public struct VoiceActivityEvent: Sendable, Hashable {
    /// The kind of an event.
    public enum Kind: String, Sendable, Hashable {
        /// A segment of speech began; reported once the minimum of speech was heard.
        case startOfSpeech = "start_of_speech"
        /// A window was scored; reported for each one.
        case inferenceDone = "inference_done"
        /// A segment of speech ended; reported once the minimum of silence was heard.
        case endOfSpeech = "end_of_speech"
    }

    public let kind: Kind
    /// Samples at 16 kHz so far, this window's included.
    public let sampleIndex: Int
    /// End of the window.
    public let timestamp: Duration
    /// `inferenceDone`: the open segment's length so far. `startOfSpeech`: the speech that started it, so that the
    /// segment began at `timestamp - speechDuration`. `endOfSpeech`: the segment's length without its last silence.
    public let speechDuration: Duration
    /// `inferenceDone`: silence since the last segment. `endOfSpeech`: the silence that ended it, so that speech
    /// ended at `timestamp - silenceDuration`.
    public let silenceDuration: Duration
    /// Whether a segment is open after the event.
    public let isSpeaking: Bool
    /// P(speech) of the window; 0 unless `inferenceDone`.
    public let probability: Float
    /// Time the model took; zero unless `inferenceDone`.
    public let inferenceDuration: Duration
    /// Consecutive speech before this window; zero unless `inferenceDone`.
    public let rawAccumulatedSpeech: Duration
    /// Consecutive silence before this window; zero unless `inferenceDone`.
    public let rawAccumulatedSilence: Duration

    public init(
        kind: Kind, sampleIndex: Int, timestamp: Duration, speechDuration: Duration,
        silenceDuration: Duration,
        isSpeaking: Bool, probability: Float = 0, inferenceDuration: Duration = .zero,
        rawAccumulatedSpeech: Duration = .zero, rawAccumulatedSilence: Duration = .zero
    ) {
        self.kind = kind
        self.sampleIndex = sampleIndex
        self.timestamp = timestamp
        self.speechDuration = speechDuration
        self.silenceDuration = silenceDuration
        self.isSpeaking = isSpeaking
        self.probability = probability
        self.inferenceDuration = inferenceDuration
        self.rawAccumulatedSpeech = rawAccumulatedSpeech
        self.rawAccumulatedSilence = rawAccumulatedSilence
    }
}
