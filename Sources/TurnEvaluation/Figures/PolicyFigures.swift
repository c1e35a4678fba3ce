import TurnCore

/// What given policies do, each on its own spans, taken together: the figures of thresholds in use.
public struct PolicyFigures: Sendable, Hashable {
    /// Share of the hold spans in which the speaker is cut off; nil without any.
    public let cutoffRate: Double?
    /// Mean silence until a turn ends, seconds; nil without eot spans.
    public let meanLatency: Double?
    /// The silence after which half and nine tenths of the turns have ended, seconds.
    public let medianLatency: Double?
    public let latency90: Double?
    /// Share of the eot spans that only the timeout ends; nil without any.
    public let timeoutRate: Double?
    /// Share of all spans whose score lies on the right side of the threshold.
    public let accuracy: Double
    /// Share of the hold spans that score above the threshold; nil without any.
    public let falsePositiveRate: Double?
    /// Share of the eot spans that do not; nil without any.
    public let falseNegativeRate: Double?

    /// - Parameter parts: spans, such as those of one language, with the policy that applies to them.
    public init(_ parts: [(spans: ScoredSpans, policy: TurnPolicy)]) {
        var cutoffs = 0
        var latencies: [Double] = []
        var (holds, timeouts, falsePositives, falseNegatives) = (0, 0, 0, 0)
        for (spans, policy) in parts {
            let effect = PolicyEffect(spans, policy)
            cutoffs += effect.isCutOff.count { $0 }
            timeouts += effect.isDetected.count { !$0 }
            latencies += effect.latencies
            holds += spans.holds.count
            let threshold = policy.threshold ?? 0
            falsePositives += spans.holds.count { ($0.probability ?? -1) > threshold }
            falseNegatives += spans.endsOfTurn.count { ($0.probability ?? -1) <= threshold }
        }
        let ends = latencies.count
        func share(_ count: Int, _ total: Int) -> Double? {
            total > 0 ? Double(count) / Double(total) : nil
        }
        cutoffRate = share(cutoffs, holds)
        timeoutRate = share(timeouts, ends)
        meanLatency = ends > 0 ? PairwiseSum.sum(ends) { latencies[$0] } / Double(ends) : nil
        accuracy = share(holds + ends - falsePositives - falseNegatives, holds + ends) ?? 0
        falsePositiveRate = share(falsePositives, holds)
        falseNegativeRate = share(falseNegatives, ends)
        latencies.sort()
        medianLatency = Quantile.of(latencies, 0.5)
        latency90 = Quantile.of(latencies, 0.9)
    }
}

/// What one policy does to each span.
struct PolicyEffect {
    /// For each hold span whether the speaker is cut off.
    let isCutOff: [Bool]
    /// For each eot span whether the model ends it in time.
    let isDetected: [Bool]
    /// For each eot span the silence until the turn ends, seconds.
    let latencies: [Double]

    init(_ spans: ScoredSpans, _ policy: TurnPolicy) {
        let epsilon = PredictionSet.epsilon
        func fireTimes(_ list: [ScoredSpans.Span]) -> [Double] {
            guard let threshold = policy.threshold else { return list.map { _ in policy.actionDelay } }
            var crossings = CrossingTimes(list, spans)
            crossings.advance(to: threshold)
            return crossings.times
        }
        isCutOff = zip(spans.holds, fireTimes(spans.holds)).map { hold, fire in
            hold.duration > max(policy.actionDelay, fire) + epsilon
                || hold.duration > policy.timeout + epsilon
        }
        let times = fireTimes(spans.endsOfTurn).map { max(policy.actionDelay, $0) }
        isDetected = times.map { $0 <= policy.timeout + epsilon }
        latencies = times.map { $0 <= policy.timeout + epsilon ? $0 : policy.timeout }
    }
}
