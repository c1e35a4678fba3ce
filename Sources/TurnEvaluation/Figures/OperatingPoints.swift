/// Chooses among the outcomes of a sweep, with the benchmark's order of ties.
public enum OperatingPoints {
    private static let epsilon = PredictionSet.epsilon

    /// The lowest cut-off rate with a mean latency of at most `budget` seconds; nil when nothing meets it.
    ///
    /// Ties: lower latency, higher threshold, lower action delay, lower timeout.
    public static func bestCutoff(_ outcomes: [PolicyOutcome], meanLatency budget: Double) -> PolicyOutcome? {
        outcomes.filter { $0.meanLatency <= budget + epsilon }.min { a, b in
            (a.cutoffRate, a.meanLatency, -threshold(a), a.policy.actionDelay, a.policy.timeout)
                < (b.cutoffRate, b.meanLatency, -threshold(b), b.policy.actionDelay, b.policy.timeout)
        }
    }

    /// The lowest mean latency with a cut-off rate of at most `budget` (0...1); nil when nothing meets it.
    ///
    /// Ties: lower cut-off rate, higher threshold, lower action delay, lower timeout.
    public static func bestLatency(_ outcomes: [PolicyOutcome], cutoffRate budget: Double) -> PolicyOutcome? {
        outcomes.filter { $0.cutoffRate <= budget + epsilon }.min(by: precedesOnFrontier)
    }

    /// As ``bestLatency(_:cutoffRate:)``, with the ties of the benchmark's summary: lower cut-off rate, timeout
    /// rate, timeout, action delay, threshold.
    public static func summaryPoint(_ outcomes: [PolicyOutcome], cutoffRate budget: Double) -> PolicyOutcome?
    {
        func rest(_ a: PolicyOutcome) -> (Double, Double, Double) {
            (a.policy.timeout, a.policy.actionDelay, threshold(a))
        }
        return outcomes.filter { $0.cutoffRate <= budget + epsilon }.min { a, b in
            let left = (a.meanLatency, a.cutoffRate, a.timeoutRate)
            let right = (b.meanLatency, b.cutoffRate, b.timeoutRate)
            return left == right ? rest(a) < rest(b) : left < right
        }
    }

    /// The outcomes that no other beats in both figures, by rising latency and falling cut-off rate.
    public static func paretoFrontier(_ outcomes: [PolicyOutcome]) -> [PolicyOutcome] {
        var best = Double.infinity
        return outcomes.sorted(by: precedesOnFrontier).filter { outcome in
            guard outcome.cutoffRate < best - epsilon else { return false }
            best = outcome.cutoffRate
            return true
        }
    }

    /// The mean, over the cut-off budgets 0.000, 0.001 ... 0.100 that any outcome meets, of the lowest mean
    /// latency in seconds; nil when none meets any.
    public static func meanFrontierLatency(_ outcomes: [PolicyOutcome]) -> Double? {
        let latencies = (0...100).compactMap { step in
            let budget = Double(step) / 1_000 + epsilon
            return outcomes.lazy.filter { $0.cutoffRate <= budget }.map(\.meanLatency).min()
        }
        guard !latencies.isEmpty else { return nil }
        return PairwiseSum.sum(latencies.count) { latencies[$0] } / Double(latencies.count)
    }

    private static func precedesOnFrontier(_ a: PolicyOutcome, _ b: PolicyOutcome) -> Bool {
        (a.meanLatency, a.cutoffRate, -threshold(a), a.policy.actionDelay, a.policy.timeout)
            < (b.meanLatency, b.cutoffRate, -threshold(b), b.policy.actionDelay, b.policy.timeout)
    }

    private static func threshold(_ outcome: PolicyOutcome) -> Double { outcome.policy.threshold ?? 0 }
}
