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
        guard !holdCounts.isEmpty, replicateCount > 0 else { return [] }
        var generator = SplitMix64(seed: seed)
        return (0..<replicateCount).map { _ in draw(budget, &generator) }
    }

    private func draw(_ budget: Calibration.Budget, _ generator: inout SplitMix64) -> Draw {
        var (holds, ends) = (0.0, 0.0)
        var cut = [Float](repeating: 0, count: thresholds.count)
        var latency = [Double](repeating: 0, count: thresholds.count)
        for _ in holdCounts.indices {
            let turn = Int.random(in: 0..<holdCounts.count, using: &generator)
            holds += holdCounts[turn]
            ends += endCounts[turn]
            let base = turn * thresholds.count
            for index in 0..<thresholds.count {
                cut[index] += cutoffs[base + index]
                latency[index] += latencies[base + index]
            }
        }
        return Draw(
            threshold: threshold(budget, cut, holds, latency, ends),
            cutoffRate: holds > 0 ? Double(cut[chosen]) / holds : nil,
            meanLatency: ends > 0 ? latency[chosen] / ends : nil)
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
