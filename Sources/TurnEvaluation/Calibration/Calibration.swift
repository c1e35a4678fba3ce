import TurnCore

/// Finds the threshold and the delays that keep a budget on labelled data.
public struct Calibration: Sendable {
    /// What must not be exceeded; the other figure is then made as low as it goes.
    public enum Budget: Sendable, Hashable {
        /// Share of pauses in which the speaker is cut off, 0...1.
        case cutoffRate(Double)
        /// Mean silence until a turn ends, seconds.
        case meanLatency(Double)
    }

    public struct Options: Sendable {
        public var budget: Budget
        public var mode: ScoreMode
        /// The policies to choose from; one action delay or timeout fixes it.
        public var grid: PolicyGrid
        /// Bootstrap replicates behind the intervals; 0 for none.
        public var replicateCount: Int
        /// Fixes the intervals.
        public var seed: UInt64

        public init(
            budget: Budget, mode: ScoreMode, grid: PolicyGrid = .eotBench, replicateCount: Int = 1_000,
            seed: UInt64 = 1
        ) {
            self.budget = budget
            self.mode = mode
            self.grid = grid
            self.replicateCount = replicateCount
            self.seed = seed
        }
    }

    /// The middle 95 % of the bootstrap.
    public struct Interval: Sendable, Hashable {
        public let low: Double
        public let high: Double
    }

    /// What was found for one set of spans.
    public struct Result: Sendable {
        /// The policy with its figures on the data it was chosen on.
        public let outcome: PolicyOutcome
        /// Where the threshold would fall on other turns of the same kind, the delays kept; nil without bootstrap.
        public let threshold: Interval?
        /// Where the figures of the chosen policy would fall on such turns.
        public let cutoffRate: Interval?
        public let meanLatency: Interval?
        public let holdCount: Int
        public let endOfTurnCount: Int
        /// Fewer spans than ``Calibration/minimumSpanCount(_:)`` of either kind.
        public let hasTooFewSpans: Bool
    }

    public let options: Options

    /// - Throws: ``TurnError`` `.invalidArgument` for a budget outside 0...1, or 0...60 s.
    public init(_ options: Options) throws(TurnError) {
        switch options.budget {
        case .cutoffRate(let rate) where !(0...1).contains(rate):
            throw TurnError(.invalidArgument, "a cut-off budget of \(rate) is no share; give one of 0 to 1")
        case .meanLatency(let seconds) where !(0...60).contains(seconds):
            throw TurnError(
                .invalidArgument, "a latency budget of \(seconds) s is out of range; give one of 0 to 60 s")
        default: self.options = options
        }
    }

    /// Spans of each kind below which a threshold is hardly worth its decimals: 30, and for a cut-off budget b at
    /// least 3 / b, since with fewer even no cut-off at all does not show the budget to be kept (rule of three).
    public static func minimumSpanCount(_ budget: Budget) -> Int {
        guard case .cutoffRate(let rate) = budget, rate > 0 else { return 30 }
        return max(30, Int(min(3 / rate, 1e6).rounded(.up)))
    }

    /// The best policy for the spans of a set; nil when there is no hold or no eot span, or nothing keeps the budget.
    ///
    /// - Throws: as ``ScoredSpans/init(_:mode:)`` and ``PolicySweep/modelOutcomes()``.
    public func run(_ set: PredictionSet) throws(TurnError) -> Result? {
        let spans = try ScoredSpans(set, mode: options.mode)
        let outcomes = try PolicySweep(spans, grid: options.grid).modelOutcomes()
        let best =
            switch options.budget {
            case .cutoffRate(let rate): OperatingPoints.bestLatency(outcomes, cutoffRate: rate)
            case .meanLatency(let seconds): OperatingPoints.bestCutoff(outcomes, meanLatency: seconds)
            }
        guard let best else { return nil }
        let bootstrap = Bootstrap(spans, best.policy, thresholds: options.grid.thresholds)
        let draws = bootstrap.run(options.budget, replicateCount: options.replicateCount, seed: options.seed)
        func interval(_ value: (Bootstrap.Draw) -> Double?) -> Interval? {
            let sorted = draws.compactMap(value).sorted()
            guard let low = Quantile.of(sorted, 0.025), let high = Quantile.of(sorted, 0.975) else {
                return nil
            }
            return Interval(low: low, high: high)
        }
        let minimum = Self.minimumSpanCount(options.budget)
        return Result(
            outcome: best, threshold: interval(\.threshold), cutoffRate: interval(\.cutoffRate),
            meanLatency: interval(\.meanLatency), holdCount: spans.holds.count,
            endOfTurnCount: spans.endsOfTurn.count,
            hasTooFewSpans: spans.holds.count < minimum || spans.endsOfTurn.count < 30)
    }
}
