import TurnCore

extension TurnError.Code {
    /// Bytes that were offered as scored predictions of end-of-turn are not such a file, or contradict themselves.
    public static let invalidPredictions = TurnError.Code(rawValue: "invalid_predictions")
}

/// What a span of silence was: a pause of a speaker who went on, or the end of the turn.
public enum SpanLabel: String, Sendable, Hashable {
    case hold
    case endOfTurn = "eot"
}

/// One scored moment of a silence: a row of a predictions file.
public struct SpanScore: Sendable, Hashable {
    /// Silence so far in its span, seconds.
    public var silence: Double
    /// Moment in the turn's audio, seconds; orders rows of equal `silence`.
    public var timestamp: Double
    /// P(turn ended), 0...1.
    public var probability: Double

    public init(silence: Double, timestamp: Double, probability: Double) {
        self.silence = silence
        self.timestamp = timestamp
        self.probability = probability
    }
}

/// One silence of a labelled turn.
public struct LabelledSpan: Sendable, Hashable {
    /// The turn.
    public let id: String
    /// Language code of the turn as the file gives it; `und` where the file has none.
    public let language: String
    /// Number of the silence in its turn.
    public let index: Int
    public let label: SpanLabel
    /// What the detector that made the file acts by in this turn; nil where the file does not tell.
    public let policy: TurnPolicy?
    /// The longest silence that was scored, seconds.
    public let duration: Double
    /// Where its rows stand in ``PredictionSet/scores``, by rising silence.
    public let scoreRange: Range<Int>
}

/// The spans of a predictions file with their scores, as the benchmark eot-bench counts them.
public struct PredictionSet: Sendable {
    /// Allowance in every comparison of times, seconds (eot-bench).
    public static let epsilon = 1e-9
    /// Pauses outside these durations, in seconds, do not count (eot-bench).
    public static let holdDurations = 0.2...5.0

    /// The spans that count, by id (in order of its Unicode scalars) and index.
    public let spans: [LabelledSpan]
    /// The rows of all spans.
    public let scores: [SpanScore]

    /// Languages of the spans, in alphabetical order.
    public var languages: [String] { Set(spans.map(\.language)).sorted() }

    init(spans: [LabelledSpan], scores: [SpanScore]) {
        self.spans = spans
        self.scores = scores
    }

    /// The spans for which `isIncluded` holds, with all scores.
    public func filter(_ isIncluded: (LabelledSpan) -> Bool) -> PredictionSet {
        PredictionSet(spans: spans.filter(isIncluded), scores: scores)
    }

    /// The spans of one language.
    public func language(_ code: String) -> PredictionSet { filter { $0.language == code } }
}
