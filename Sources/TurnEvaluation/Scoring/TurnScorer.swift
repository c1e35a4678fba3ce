import TurnCore

/// Asks a model at the moments of a turn, causally: each time it hears the turn's audio up to that moment and nothing
/// after it.
public struct TurnScorer: Sendable {
    private let model: any TurnModel
    private let interval: Double
    private let scorePoint: Double?

    /// - Parameters:
    ///   - model: shared by all turns.
    ///   - interval: seconds between two moments of a silence; 0.1 in eot-bench.
    ///   - scorePoint: ask at this silence alone, seconds; the other rows carry no score, only the span's duration.
    /// - Throws: ``TurnError`` `.invalidArgument` when the interval is not 0.01 to 10 s, or the score point is no
    ///   moment.
    public init(model: any TurnModel, interval: Double = 0.1, scorePoint: Double? = nil) throws(TurnError) {
        guard (0.01...10).contains(interval) else {
            throw TurnError(
                .invalidArgument, "an interval of \(interval) s is out of range; use 0.01 to 10 s")
        }
        if let scorePoint {
            let steps = scorePoint / interval
            guard scorePoint >= 0, scorePoint <= 60, abs(steps - steps.rounded()) < 1e-6 else {
                throw TurnError(
                    .invalidArgument,
                    "the score point \(scorePoint) s is no multiple of the interval \(interval) s; use one")
            }
        }
        self.model = model
        self.interval = interval
        self.scorePoint = scorePoint
    }

    /// The moments of a turn, as many as ``rows(_:audio:policy:)`` gives rows.
    public func moments(_ turn: ScoringTurn) -> [ScoringTurn.Moment] { turn.moments(interval: interval) }

    /// The rows of one turn, in the order of its moments.
    ///
    /// - Parameters:
    ///   - turn: the turn.
    ///   - audio: its recording, mono at 16 kHz. A silence that goes on after the recording's end counts as digital
    ///     silence, up to one second.
    ///   - policy: what the detector acts by in this turn's language.
    /// - Returns: one row a moment.
    /// - Throws: ``TurnError`` `.invalidAudio` when the recording is too short for its silences; what the model throws.
    public func rows(
        _ turn: ScoringTurn, audio: [Float], policy: TurnPolicy?
    ) throws(TurnError) -> [PredictionSetBuilder.Row] {
        let end = Double(audio.count) / 16_000
        guard let last = turn.silences.last, last.end <= end + 1 else {
            throw TurnError(
                .invalidAudio,
                "turn '\(turn.id)' has a silence after the end of its recording of \(end) s; correct silence_spans"
            )
        }
        let missing = Int((last.end * 16_000).rounded(.up)) - audio.count
        let samples = missing > 0 ? audio + [Float](repeating: 0, count: missing) : audio
        var rows: [PredictionSetBuilder.Row] = []
        for moment in turn.moments(interval: interval) {
            let isAsked = scorePoint.map { abs(moment.silence - $0) < 1e-6 } ?? true
            let probability = isAsked ? try self.probability(samples, until: moment.timestamp) : nil
            rows.append(
                PredictionSetBuilder.Row(
                    id: turn.id, language: turn.language, spanIndex: moment.spanIndex,
                    silence: moment.silence,
                    timestamp: moment.timestamp, probability: probability, label: moment.label, policy: policy
                ))
        }
        return rows
    }

    private func probability(_ samples: [Float], until time: Double) throws(TurnError) -> Double {
        let end = min(samples.count, Int((time * 16_000).rounded()))
        let start = max(0, end - model.windowSampleCount)
        let result = samples[start..<end].withUnsafeBufferPointer { window in
            Result { () throws(TurnError) in try model.predict(window) }
        }
        return Double(try result.get().probability)
    }
}
