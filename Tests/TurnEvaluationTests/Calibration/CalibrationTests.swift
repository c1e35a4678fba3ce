import Testing
import TurnCore
import TurnEvaluation
import TurnTesting

/// Turns of one pause and one end each, with scores that overlap.
private func turns(_ count: Int, seed: UInt64 = 5, language: String = "en", prefix: String = "") throws
    -> PredictionSet
{
    var generator = SeededGenerator(seed: seed)
    var builder = PredictionSetBuilder()
    for number in 0..<count {
        for label in [SpanLabel.hold, .endOfTurn] {
            let duration = label == .hold ? Double.random(in: 0.3...1.5, using: &generator) : 2
            let centre = label == .hold ? 0.3 : 0.6
            for step in 1...Int(duration * 10) {
                try builder.add(
                    .init(
                        id: "\(prefix)\(language)-\(number)", language: language,
                        spanIndex: label == .hold ? 0 : 1, silence: Double(step) / 10,
                        timestamp: Double(step) / 10,
                        probability: min(
                            1, max(0, centre + Double.random(in: -0.4...0.4, using: &generator))),
                        label: label))
            }
        }
    }
    return try builder.build()
}

@Test(arguments: [0.02, 0.05, 0.1, 0.3])
func `a calibrated policy keeps its cut-off budget on its own data at the lowest latency`(budget: Double)
    throws
{
    let set = try turns(120)
    let calibration = try Calibration(
        .init(budget: .cutoffRate(budget), mode: .scorePoint(0.2), replicateCount: 0))
    let outcome = try #require(try calibration.run(set)?.outcome)
    let evaluation = try Evaluation(set, mode: .scorePoint(0.2))
    let figures = PolicyFigures([(evaluation.spans, outcome.policy)])
    #expect(figures.cutoffRate == outcome.cutoffRate)
    #expect(figures.meanLatency == outcome.meanLatency)
    #expect(outcome.cutoffRate <= budget + PredictionSet.epsilon)
    let better = evaluation.outcomes.filter {
        $0.cutoffRate <= budget + PredictionSet.epsilon && $0.meanLatency < outcome.meanLatency
    }
    #expect(better.isEmpty)
}

@Test(arguments: [0.4, 0.6, 1.0])
func `a calibrated policy keeps its latency budget on its own data with the fewest cut-offs`(budget: Double)
    throws
{
    let set = try turns(120)
    let calibration = try Calibration(
        .init(budget: .meanLatency(budget), mode: .firstCrossing, replicateCount: 0))
    let outcome = try #require(try calibration.run(set)?.outcome)
    let evaluation = try Evaluation(set, mode: .firstCrossing)
    #expect(outcome.meanLatency <= budget + PredictionSet.epsilon)
    #expect(
        !evaluation.outcomes.contains {
            $0.meanLatency <= budget + PredictionSet.epsilon && $0.cutoffRate < outcome.cutoffRate
        })
}

@Test func `fixed delays stay fixed`() throws {
    var grid = PolicyGrid.eotBench
    grid.actionDelays = [0.5]
    grid.timeouts = [1.5]
    let calibration = try Calibration(
        .init(budget: .cutoffRate(0.2), mode: .scorePoint(0.2), grid: grid, replicateCount: 50))
    let result = try #require(try calibration.run(try turns(60)))
    #expect(result.outcome.policy.actionDelay == 0.5)
    #expect(result.outcome.policy.timeout == 1.5)
}

@Test func `a budget that nothing keeps gives no result`() throws {
    let set = try PredictionSet(contentsOf: ExpectedFigures.path("no-budget.csv"))
    let calibration = try Calibration(.init(budget: .cutoffRate(0.1), mode: .firstCrossing))
    #expect(try calibration.run(set) == nil)
}

@Test(arguments: [-0.1, 1.1, .nan])
func `a budget out of range is an error`(budget: Double) {
    #expect(throws: TurnError.self) {
        try Calibration(.init(budget: .cutoffRate(budget), mode: .firstCrossing))
    }
    #expect(throws: TurnError.self) {
        try Calibration(.init(budget: .meanLatency(budget * 100), mode: .firstCrossing))
    }
}

@Test func `too few spans are told`() throws {
    let calibration = try Calibration(
        .init(budget: .cutoffRate(0.05), mode: .scorePoint(0.2), replicateCount: 0))
    #expect(Calibration.minimumSpanCount(.cutoffRate(0.05)) == 60)
    #expect(Calibration.minimumSpanCount(.meanLatency(0.3)) == 30)
    #expect(try calibration.run(try turns(59))?.hasTooFewSpans == true)
    #expect(try calibration.run(try turns(60))?.hasTooFewSpans == false)
}

@Test func `the bootstrap repeats, holds the estimate and narrows with the data`() throws {
    func interval(_ count: Int, seed: UInt64) throws -> Calibration.Interval {
        let calibration = try Calibration(
            .init(budget: .cutoffRate(0.1), mode: .scorePoint(0.2), replicateCount: 1_000, seed: seed))
        let result = try #require(try calibration.run(try turns(count)))
        let interval = try #require(result.cutoffRate)
        #expect(interval.low <= result.outcome.cutoffRate && result.outcome.cutoffRate <= interval.high)
        let threshold = try #require(result.threshold)
        let chosen = try #require(result.outcome.policy.threshold)
        #expect(threshold.low <= chosen && chosen <= threshold.high)
        return interval
    }
    #expect(try interval(100, seed: 3) == interval(100, seed: 3))
    let (few, many) = (try interval(100, seed: 3), try interval(900, seed: 3))
    // One pause a turn: the rate is binomial, 95 % of it within 1.96 standard errors. 1,000 replicates leave about
    // 10 % of uncertainty on each end.
    let expected = 2 * 1.96 * (0.1 * 0.9 / 900).squareRoot()
    #expect(abs((many.high - many.low) - expected) < 0.25 * expected)
    #expect(many.high - many.low < few.high - few.low)
}

@Test func `the halves share no turn and lose none`() throws {
    let set = try turns(200)
    let (first, second) = set.halves(seed: 4)
    let (a, b) = (Set(first.spans.map(\.id)), Set(second.spans.map(\.id)))
    #expect(a.isDisjoint(with: b))
    #expect(a.union(b) == Set(set.spans.map(\.id)))
    #expect(abs(a.count - b.count) < 60)
    #expect(Set(set.halves(seed: 4).first.spans.map(\.id)) == a)
    #expect(Set(set.halves(seed: 5).first.spans.map(\.id)) != a)
}

@Test func `figures of policies in use add up over languages`() throws {
    func spans(_ language: String, hold: Double, end: Double) throws -> ScoredSpans {
        var builder = PredictionSetBuilder()
        for (index, value, label) in [(0, hold, SpanLabel.hold), (1, end, .endOfTurn)] {
            for step in 1...8 {
                try builder.add(
                    .init(
                        id: language, language: language, spanIndex: index, silence: Double(step) / 10,
                        timestamp: 0, probability: value, label: label))
            }
        }
        return try ScoredSpans(try builder.build(), mode: .scorePoint(0.2))
    }
    let figures = PolicyFigures([
        (try spans("en", hold: 0.6, end: 0.9), TurnPolicy(threshold: 0.5, actionDelay: 0.3, timeout: 2)),
        (try spans("de", hold: 0.6, end: 0.7), TurnPolicy(threshold: 0.8, actionDelay: 0.4, timeout: 3)),
    ])
    #expect(figures.cutoffRate == 0.5)
    #expect(figures.meanLatency == (0.3 + 3) / 2)
    // the last bit depends on the order of sums
    #expect(abs((figures.medianLatency ?? .nan) - (0.3 + 3) / 2) < 1e-12)
    #expect(figures.timeoutRate == 0.5)
    #expect(figures.accuracy == 0.5)
    #expect(figures.falsePositiveRate == 0.5)
    #expect(figures.falseNegativeRate == 0.5)
}
