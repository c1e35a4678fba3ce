import TurnCore

/// Draws turns with replacement and looks where the threshold and the figures fall (Efron 1979). Whole turns are
/// drawn, since the spans of one turn are alike.
struct Bootstrap {
    /// What one replicate shows.
    struct Draw {
        /// The threshold that this replicate would choose, the delays kept.
        let threshold: Double
        /// Figures of the chosen policy; nil when the replicate has no span of the kind.
        let cutoffRate: Double?
        let meanLatency: Double?
    }

    private let thresholds: [Double]
    private let chosen: Int
    /// Of each turn and threshold: pauses cut off, and summed latency.
    private var cutoffs: [Float] = []
    private var latencies: [Double] = []
    /// Of each turn.
    private var holdCounts: [Double] = []
    private var endCounts: [Double] = []

    init(_ spans: ScoredSpans, _ policy: TurnPolicy, thresholds: [Double]) {
        self.thresholds = thresholds
        chosen = thresholds.firstIndex { $0 == policy.threshold } ?? 0
        var turns: [String: Int] = [:]
        func number(_ id: String) -> Int {
            let next = turns.count
            return turns[id, default: next]
        }
        for span in spans.holds + spans.endsOfTurn { turns[span.id] = number(span.id) }
        let count = turns.count
        let (holdTurns, endTurns) = (
            spans.holds.map { number($0.id) }, spans.endsOfTurn.map { number($0.id) }
        )
        holdCounts = [Double](repeating: 0, count: count)
        endCounts = holdCounts
        for turn in holdTurns { holdCounts[turn] += 1 }
        for turn in endTurns { endCounts[turn] += 1 }
        cutoffs = [Float](repeating: 0, count: count * thresholds.count)
        latencies = [Double](repeating: 0, count: count * thresholds.count)
        for (index, threshold) in thresholds.enumerated() {
            var policy = policy
            policy.threshold = threshold
            let effect = PolicyEffect(spans, policy)
            for (turn, isCutOff) in zip(holdTurns, effect.isCutOff) where isCutOff {
                cutoffs[turn * thresholds.count + index] += 1
            }
            for (turn, latency) in zip(endTurns, effect.latencies) {
                latencies[turn * thresholds.count + index] += latency
            }
        }
    }

    func run(_ budget: Calibration.Budget, replicateCount: Int, seed: UInt64) -> [Draw] {
        guard !holdCounts.isEmpty else { return [] }
        var generator = SplitMix64(seed: seed)
        var draws: [Draw] = []
        while draws.count < replicateCount {
            let count = min(Self.blockSize, replicateCount - draws.count)
            draws += block(count, budget, &generator)
        }
        return draws
    }

    /// Replicates that are summed side by side: a turn's row is read once for all of them, and their sums stay in the
    /// processor's first cache.
    private static let blockSize = 16

    private func block(
        _ count: Int, _ budget: Calibration.Budget, _ generator: inout SplitMix64
    ) -> [Draw] {
        let turnCount = holdCounts.count
        // How often each replicate drew each turn.
        var times = [UInt32](repeating: 0, count: turnCount * count)
        for replicate in 0..<count {
            for _ in 0..<turnCount {
                times[Int.random(in: 0..<turnCount, using: &generator) * count + replicate] += 1
            }
        }
        var holds = [Double](repeating: 0, count: count)
        var ends = holds
        let width = thresholds.count
        var cut = [Float](repeating: 0, count: count * width)
        var latency = [Double](repeating: 0, count: count * width)
        for turn in 0..<turnCount {
            for replicate in 0..<count {
                let drawn = times[turn * count + replicate]
                guard drawn > 0 else { continue }
                holds[replicate] += Double(drawn) * holdCounts[turn]
                ends[replicate] += Double(drawn) * endCounts[turn]
                Self.add(cutoffs, row: turn, times: Float(drawn), to: &cut, row: replicate, width)
                Self.add(latencies, row: turn, times: Double(drawn), to: &latency, row: replicate, width)
            }
        }
        return (0..<count).map { replicate in
            let row = replicate * width..<(replicate + 1) * width
            let (cut, latency) = (Array(cut[row]), Array(latency[row]))
            return Draw(
                threshold: threshold(budget, cut, holds[replicate], latency, ends[replicate]),
                cutoffRate: holds[replicate] > 0 ? Double(cut[chosen]) / holds[replicate] : nil,
                meanLatency: ends[replicate] > 0 ? latency[chosen] / ends[replicate] : nil)
        }
    }

    /// Adds `factor` times a row of `values` to a row of `sums`, both `width` wide: where nearly all of the time goes.
    @inline(__always)
    private static func add<Value: FloatingPoint>(
        _ values: [Value], row: Int, times factor: Value, to sums: inout [Value], row target: Int,
        _ width: Int
    ) {
        let (from, to) = (row * width, target * width)
        values.withUnsafeBufferPointer { values in
            sums.withUnsafeMutableBufferPointer { sums in
                precondition(from + width <= values.count && to + width <= sums.count)
                for index in 0..<width { sums[to + index] += factor * values[from + index] }
            }
        }
    }

    /// The threshold that keeps the budget best, by the order of ties of ``OperatingPoints``. Where none does, the one
    /// that comes nearest: the highest for a cut-off budget, the lowest for one of latency.
    private func threshold(
        _ budget: Calibration.Budget, _ cut: [Float], _ holds: Double, _ latency: [Double], _ ends: Double
    ) -> Double {
        func figures(_ index: Int) -> (cut: Double, latency: Double) {
            (holds > 0 ? Double(cut[index]) / holds : 0, ends > 0 ? latency[index] / ends : 0)
        }
        let epsilon = PredictionSet.epsilon
        switch budget {
        case .cutoffRate(let rate):
            let fitting = thresholds.indices.filter { figures($0).cut <= rate + epsilon }
            let best = fitting.min { a, b in
                let (left, right) = (figures(a), figures(b))
                return (left.latency, left.cut, -thresholds[a]) < (right.latency, right.cut, -thresholds[b])
            }
            return best.map { thresholds[$0] } ?? thresholds.max() ?? 1
        case .meanLatency(let seconds):
            let fitting = thresholds.indices.filter { figures($0).latency <= seconds + epsilon }
            let best = fitting.min { a, b in
                let (left, right) = (figures(a), figures(b))
                return (left.cut, left.latency, -thresholds[a]) < (right.cut, right.latency, -thresholds[b])
            }
            return best.map { thresholds[$0] } ?? thresholds.min() ?? 0
        }
    }
}
