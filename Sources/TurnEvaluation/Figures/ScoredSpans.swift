import TurnCore

/// The spans of a set with the scores that count in one ``ScoreMode``.
public struct ScoredSpans: Sendable {
    /// One span that counts.
    public struct Span: Sendable, Hashable {
        /// The turn.
        public let id: String
        /// The longest silence that was scored, seconds.
        public let duration: Double
        /// The score of figures without a policy, 0...1; nil where there is none.
        public let probability: Double?
        /// Where in ``ScoredSpans/scores`` the scores stand that a policy sees.
        public let policyScores: Range<Int>
    }

    public let mode: ScoreMode
    public let holds: [Span]
    public let endsOfTurn: [Span]
    /// The rows of all spans, each span's by rising silence.
    public let scores: [SpanScore]

    /// - Throws: ``TurnError`` `.invalidPredictions` when a span that lives to the score point has no score
    ///   exactly there, or when an eot span has no score; `.invalidArgument` when the score point is negative
    ///   or not finite.
    public init(_ set: PredictionSet, mode: ScoreMode) throws(TurnError) {
        if case .scorePoint(let point) = mode, !(point >= 0 && point.isFinite) {
            throw TurnError(.invalidArgument, "a score point of \(point) s means nothing; give 0.2 or so")
        }
        var holds: [Span] = []
        var ends: [Span] = []
        for span in set.spans {
            let scored = try Self.scored(span, set, mode)
            if span.label == .hold {
                holds.append(scored)
            } else {
                guard scored.probability != nil else {
                    throw TurnError(
                        .invalidPredictions,
                        "the eot span \(span.index) of turn '\(span.id)' has no score; score every turn's end"
                    )
                }
                ends.append(scored)
            }
        }
        self.mode = mode
        self.holds = holds
        self.endsOfTurn = ends
        scores = set.scores
    }

    init(mode: ScoreMode, holds: [Span], endsOfTurn: [Span], scores: [SpanScore]) {
        self.mode = mode
        self.holds = holds
        self.endsOfTurn = endsOfTurn
        self.scores = scores
    }

    private static func scored(
        _ span: LabelledSpan, _ set: PredictionSet, _ mode: ScoreMode
    ) throws(TurnError) -> Span {
        func make(_ probability: Double?, _ range: Range<Int>) -> Span {
            Span(id: span.id, duration: span.duration, probability: probability, policyScores: range)
        }
        switch mode {
        case .firstCrossing:
            return make(set.scores[span.scoreRange].map(\.probability).max(), span.scoreRange)
        case .scorePoint(let point):
            let epsilon = PredictionSet.epsilon
            let first = span.scoreRange.first { set.scores[$0].silence >= point - epsilon }
            guard let first else {
                guard span.duration < point - epsilon else {
                    throw TurnError(
                        .invalidPredictions,
                        "span \(span.index) of turn '\(span.id)' outlasts the score point \(point) s but has "
                            + "no score there; score it, or leave out the score point")
                }
                return make(nil, span.scoreRange.lowerBound..<span.scoreRange.lowerBound)
            }
            guard abs(set.scores[first].silence - point) <= epsilon else {
                throw TurnError(
                    .invalidPredictions,
                    "span \(span.index) of turn '\(span.id)' is scored at \(set.scores[first].silence) s, not at "
                        + "the score point \(point) s; give the point the scores were made at")
            }
            return make(set.scores[first].probability, first..<first + 1)
        }
    }
}
