import TurnCore

/// The figures of eot-bench for one set of spans.
public struct Evaluation: Sendable {
    /// The four operating points and the mean over the frontier, of a model or of the baseline.
    public struct Frontier: Sendable {
        /// Lowest cut-off rate with a mean latency of at most 0.3 s, and 0.6 s.
        public let cutoffAt300ms: PolicyOutcome?
        public let cutoffAt600ms: PolicyOutcome?
        /// Lowest mean latency with a cut-off rate of at most 5 %, and 10 %.
        public let latencyAt5Percent: PolicyOutcome?
        public let latencyAt10Percent: PolicyOutcome?
        /// Mean of the lowest latency over cut-off budgets of 0 to 10 %, seconds.
        public let meanLatency: Double?
        /// Rising latency, falling cut-off rate.
        public let pareto: [PolicyOutcome]

        init(_ outcomes: [PolicyOutcome]) {
            cutoffAt300ms = OperatingPoints.bestCutoff(outcomes, meanLatency: 0.3)
            cutoffAt600ms = OperatingPoints.bestCutoff(outcomes, meanLatency: 0.6)
            latencyAt5Percent = OperatingPoints.bestLatency(outcomes, cutoffRate: 0.05)
            latencyAt10Percent = OperatingPoints.bestLatency(outcomes, cutoffRate: 0.1)
            meanLatency = OperatingPoints.meanFrontierLatency(outcomes)
            pareto = OperatingPoints.paretoFrontier(outcomes)
        }
    }

    /// Language code, or `all`.
    public let language: String
    public let spans: ScoredSpans
    public let model: Frontier
    /// No model: act after a fixed silence.
    public let baseline: Frontier
    /// The summary's points for cut-off budgets of 2, 5 and 10 %, with its own order of ties.
    public let summaryPoints: [(budget: Double, point: PolicyOutcome?)]
    public let classification: Classification
    /// Every policy that was tried.
    public let outcomes: [PolicyOutcome]

    /// - Throws: as ``ScoredSpans/init(_:mode:)`` and ``PolicySweep/modelOutcomes()``.
    public init(_ set: PredictionSet, language: String = "all", mode: ScoreMode) throws(TurnError) {
        let spans = try ScoredSpans(set, mode: mode)
        let sweep = PolicySweep(spans)
        let outcomes = try sweep.modelOutcomes()
        self.language = language
        self.spans = spans
        self.outcomes = outcomes
        model = Frontier(outcomes)
        baseline = Frontier(sweep.baselineOutcomes())
        summaryPoints = [0.02, 0.05, 0.1].map { budget in
            (budget, OperatingPoints.summaryPoint(outcomes, cutoffRate: budget))
        }
        classification = Classification(spans)
    }

    public var holdCount: Int { spans.holds.count }
    public var endOfTurnCount: Int { spans.endsOfTurn.count }
    /// Spans without a score: pauses that end before the score point.
    public var missingCount: Int { spans.holds.count { $0.probability == nil } }

    /// The silence below which `share` (0...1) of the turns have ended under `policy`, seconds, interpolated
    /// between neighbours; nil without eot spans.
    public func latency(quantile share: Double, _ policy: TurnPolicy) -> Double? {
        Quantile.of(PolicyEffect(spans, policy).latencies.sorted(), share)
    }
}

/// Quantiles with linear interpolation between neighbours (the default of numpy and of R, type 7).
enum Quantile {
    /// The value below which `share` (0...1) of the rising values `sorted` lie; nil without values.
    static func of(_ sorted: [Double], _ share: Double) -> Double? {
        guard let last = sorted.last else { return nil }
        let position = min(max(share, 0), 1) * Double(sorted.count - 1)
        let index = Int(position)
        guard index + 1 < sorted.count else { return last }
        return sorted[index] + (sorted[index + 1] - sorted[index]) * (position - Double(index))
    }
}
