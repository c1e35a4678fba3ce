import TurnCore

/// How an agent acts on scores: fire where P(turn ended) is above the threshold, no sooner than after the action
/// delay, and in any case after the timeout.
public struct TurnPolicy: Sendable, Hashable {
    /// Fires strictly above it, 0...1; nil for the baseline that listens to no model.
    public var threshold: Double?
    /// Seconds of silence before the model may end the turn.
    public var actionDelay: Double
    /// Seconds of silence after which the turn ends whatever the model says.
    public var timeout: Double

    public init(threshold: Double?, actionDelay: Double, timeout: Double) {
        self.threshold = threshold
        self.actionDelay = actionDelay
        self.timeout = timeout
    }
}

/// What a policy does on a set of spans.
public struct PolicyOutcome: Sendable, Hashable {
    public var policy: TurnPolicy
    /// Share of the hold spans in which the speaker is cut off.
    public var cutoffRate: Double
    /// Mean over the eot spans of the silence until the turn ends, seconds.
    public var meanLatency: Double
    /// Share of the eot spans that only the timeout ends.
    public var timeoutRate: Double
    /// F1 of detected eot spans against cut-off holds.
    public var f1: Double
}

/// Which score of a span counts.
public enum ScoreMode: Sendable, Hashable {
    /// The one at this many seconds of silence (0.2 for models that are asked once a pause).
    case scorePoint(Double)
    /// A span fires when its score first exceeds the threshold; figures without a policy take the highest.
    case firstCrossing
}

/// The policies that are tried: all combinations, in any order of the values.
public struct PolicyGrid: Sendable, Hashable {
    public var thresholds: [Double]
    public var actionDelays: [Double]
    public var timeouts: [Double]

    public init(thresholds: [Double], actionDelays: [Double], timeouts: [Double]) {
        self.thresholds = thresholds
        self.actionDelays = actionDelays
        self.timeouts = timeouts
    }

    /// The benchmark's: thresholds 0.00...1.00, action delays 0.2...1.0 s, timeouts 1.0...3.5 s.
    public static let eotBench = PolicyGrid(
        thresholds: (0...100).map { Double($0) / 100 },
        actionDelays: (2...10).map { Double($0) / 10 },
        timeouts: (2...7).map { Double($0) / 2 })
}

/// Tries every policy of a grid on the spans of a set.
///
/// Sums run in numpy's order over spans in the benchmark's order, so that policies that differ in the last bit
/// only fall as they do in the benchmark.
public struct PolicySweep: Sendable {
    private let epsilon = PredictionSet.epsilon
    private let grid: PolicyGrid
    private let scored: ScoredSpans

    public init(_ scored: ScoredSpans, grid: PolicyGrid = .eotBench) {
        self.scored = scored
        // What follows counts on rising values.
        self.grid = PolicyGrid(
            thresholds: grid.thresholds.sorted(), actionDelays: grid.actionDelays.sorted(),
            timeouts: grid.timeouts.sorted())
    }

    /// One outcome for each policy; empty when there is no hold or no eot span, for then nothing can be traded.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` when every action delay lies before the score point.
    public func modelOutcomes() throws(TurnError) -> [PolicyOutcome] {
        var delays = grid.actionDelays
        if case .scorePoint(let point) = scored.mode {
            delays = delays.filter { $0 >= point - epsilon }
            guard !delays.isEmpty else {
                throw TurnError(
                    .invalidArgument,
                    "the score point \(point) s lies behind every action delay; give one of at most 1 s")
            }
        }
        guard !scored.holds.isEmpty, !scored.endsOfTurn.isEmpty else { return [] }
        var outcomes: [PolicyOutcome] = []
        outcomes.reserveCapacity(grid.thresholds.count * delays.count * grid.timeouts.count)
        var holdCrossings = CrossingTimes(scored.holds, scored)
        var endCrossings = CrossingTimes(scored.endsOfTurn, scored)
        for threshold in grid.thresholds {
            holdCrossings.advance(to: threshold)
            endCrossings.advance(to: threshold)
            let cutoffs = CutoffCounts(scored.holds, holdCrossings.times, delays, grid.timeouts)
            for (delayIndex, delay) in delays.enumerated() {
                for (timeoutIndex, timeout) in grid.timeouts.enumerated() where timeout + epsilon >= delay {
                    let policy = TurnPolicy(threshold: threshold, actionDelay: delay, timeout: timeout)
                    outcomes.append(
                        outcome(
                            policy, endCrossings.times,
                            cutoffCount: cutoffs.count(delayIndex, timeoutIndex)))
                }
            }
        }
        return outcomes
    }

    /// The outcome of acting after each delay without a model.
    public func baselineOutcomes() -> [PolicyOutcome] {
        guard !scored.holds.isEmpty, !scored.endsOfTurn.isEmpty else { return [] }
        let delays = Set(grid.actionDelays + grid.timeouts).sorted()
        return delays.map { delay in
            let cutoffCount = scored.holds.count { $0.duration > delay + epsilon }
            let ends = scored.endsOfTurn.count
            return PolicyOutcome(
                policy: TurnPolicy(threshold: nil, actionDelay: delay, timeout: delay),
                cutoffRate: Double(cutoffCount) / Double(scored.holds.count), meanLatency: delay,
                timeoutRate: 0, f1: Self.f1(detected: ends, cutoffs: cutoffCount, of: ends))
        }
    }

    private func outcome(_ policy: TurnPolicy, _ fireTimes: [Double], cutoffCount: Int) -> PolicyOutcome {
        var detected = 0
        let limit = policy.timeout + epsilon
        let total = fireTimes.withUnsafeBufferPointer { times in
            PairwiseSum.sum(times.count) { index in
                let effective = max(policy.actionDelay, times[index])
                return effective <= limit ? effective : policy.timeout
            }
        }
        for time in fireTimes where max(policy.actionDelay, time) <= limit { detected += 1 }
        let ends = fireTimes.count
        return PolicyOutcome(
            policy: policy, cutoffRate: Double(cutoffCount) / Double(scored.holds.count),
            meanLatency: total / Double(ends), timeoutRate: Double(ends - detected) / Double(ends),
            f1: Self.f1(detected: detected, cutoffs: cutoffCount, of: ends))
    }

    private static func f1(detected: Int, cutoffs: Int, of ends: Int) -> Double {
        guard detected > 0 else { return 0 }
        let precision = Double(detected) / Double(detected + cutoffs)
        let recall = Double(detected) / Double(ends)
        return 2 * precision * recall / (precision + recall)
    }
}

/// When each span first scores above a threshold that only rises: infinite where it never does.
struct CrossingTimes {
    private(set) var times: [Double]
    /// For each span the records of its score, each higher than all before it.
    private var records: [SpanScore] = []
    private var next: [Int] = []
    private var ends: [Int] = []

    init(_ spans: [ScoredSpans.Span], _ scored: ScoredSpans) {
        times = [Double](repeating: .infinity, count: spans.count)
        for span in spans {
            next.append(records.count)
            var best = -Double.infinity
            for score in scored.scores[span.policyScores] where score.probability > best {
                best = score.probability
                records.append(score)
            }
            ends.append(records.count)
        }
    }

    /// - Parameter threshold: at least that of the call before.
    mutating func advance(to threshold: Double) {
        for span in times.indices {
            while next[span] < ends[span], records[next[span]].probability <= threshold { next[span] += 1 }
            times[span] = next[span] < ends[span] ? records[next[span]].silence : .infinity
        }
    }
}

/// How many hold spans are cut off, for each pair of action delay and timeout, at one threshold.
struct CutoffCounts {
    /// `table[d][t]`: spans that outlast the first `d` action delays while firing, and the first `t` timeouts.
    private var table: [[Int]]

    init(_ holds: [ScoredSpans.Span], _ fireTimes: [Double], _ delays: [Double], _ timeouts: [Double]) {
        let epsilon = PredictionSet.epsilon
        table = [[Int]](
            repeating: [Int](repeating: 0, count: timeouts.count + 1), count: delays.count + 1)
        for (hold, fire) in zip(holds, fireTimes) {
            // max(delay, fire) + eps < duration splits into two tests, since adding eps keeps the order.
            let firesInTime = hold.duration > fire + epsilon
            let outlasted = firesInTime ? delays.count { hold.duration > $0 + epsilon } : 0
            table[outlasted][timeouts.count { hold.duration > $0 + epsilon }] += 1
        }
    }

    /// Spans cut off by the model or by the timeout, given as indices of the rising grids.
    func count(_ delay: Int, _ timeout: Int) -> Int {
        var result = 0
        for outlastedDelays in table.indices {
            for outlastedTimeouts in table[outlastedDelays].indices
            where outlastedDelays > delay || outlastedTimeouts > timeout {
                result += table[outlastedDelays][outlastedTimeouts]
            }
        }
        return result
    }
}
