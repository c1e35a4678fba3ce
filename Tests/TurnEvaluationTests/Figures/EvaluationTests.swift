import Testing
import TurnCore
import TurnEvaluation

/// The benchmark's own tolerance for equal figures.
private let tolerance = 1e-9

@Suite struct `eot-bench figures` {
    @Test(arguments: ExpectedFigures.cases)
    func `equal those of the numpy implementation`(expected: ExpectedFigures.Case) throws {
        let path = ExpectedFigures.path(expected.file)
        let set = try PredictionSet(contentsOf: path)
        let mode = expected.scorePoint.map(ScoreMode.scorePoint) ?? .firstCrossing
        let languages = ["all"] + set.languages
        #expect(Set(languages) == Set(expected.languages.compactMap { $1 == nil ? nil : $0 }))
        for language in languages {
            let part = language == "all" ? set : set.language(language)
            let actual = try Evaluation(part, language: language, mode: mode)
            let figures = try #require(expected.languages[language] ?? nil)
            check(actual, figures, Comment(rawValue: language))
        }
    }

    private func check(_ actual: Evaluation, _ expected: ExpectedFigures, _ comment: Comment) {
        #expect(actual.holdCount == expected.nHold, comment)
        #expect(actual.endOfTurnCount == expected.nEot, comment)
        #expect(actual.missingCount == expected.nMissing, comment)
        same(actual.classification.areaUnderROC, expected.auc, comment)
        same(actual.classification.averagePrecision, expected.ap, comment)
        check(actual.model, expected.model, comment)
        check(actual.baseline, expected.vadBaseline, comment)
        for (point, expected) in zip(actual.summaryPoints, expected.summaryPoints) {
            same(point.point, expected, comment)
        }
        for expected in expected.inUse {
            let policy = TurnPolicy(
                threshold: expected.threshold, actionDelay: expected.actionDelay, timeout: expected.timeout)
            let figures = PolicyFigures([(actual.spans, policy)])
            same(figures.cutoffRate, expected.cutoffRate, comment)
            same(figures.meanLatency, expected.meanLatency, comment)
            same(figures.medianLatency, expected.medianLatency, comment)
            same(figures.latency90, expected.latency90, comment)
            same(figures.timeoutRate, expected.timeoutRate, comment)
            same(figures.accuracy, expected.accuracy, comment)
            same(figures.falsePositiveRate, expected.falsePositiveRate, comment)
            same(figures.falseNegativeRate, expected.falseNegativeRate, comment)
        }
        #expect(actual.outcomes.count == expected.nPolicies, comment)
        func mean(_ figure: (PolicyOutcome) -> Double) -> Double? {
            let outcomes = actual.outcomes
            return outcomes.isEmpty ? nil : outcomes.map(figure).reduce(0, +) / Double(outcomes.count)
        }
        same(mean(\.cutoffRate), expected.means.cutoffRate, comment)
        same(mean(\.meanLatency), expected.means.meanLatency, comment)
        same(mean(\.timeoutRate), expected.means.timeoutRate, comment)
        same(mean(\.f1), expected.means.f1, comment)
        let policy = actual.model.latencyAt10Percent?.policy
        let quantiles = policy.map { policy in [0.5, 0.9].map { actual.latency(quantile: $0, policy) } }
        #expect((quantiles == nil) == (expected.quantilesAt10Pct == nil), comment)
        for (quantile, expected) in zip(quantiles ?? [], expected.quantilesAt10Pct ?? []) {
            same(quantile, expected, comment)
        }
    }

    private func check(
        _ actual: Evaluation.Frontier, _ expected: ExpectedFigures.Frontier, _ comment: Comment
    ) {
        same(actual.cutoffAt300ms, expected.cutoffAt300Ms, comment)
        same(actual.cutoffAt600ms, expected.cutoffAt600Ms, comment)
        same(actual.latencyAt5Percent, expected.latencyAt5Pct, comment)
        same(actual.latencyAt10Percent, expected.latencyAt10Pct, comment)
        same(actual.meanLatency, expected.meanFrontierLatency, comment)
        #expect(actual.pareto.count == expected.pareto.count, comment)
        for (point, expected) in zip(actual.pareto, expected.pareto) { same(point, expected, comment) }
    }

    private func same(_ actual: PolicyOutcome?, _ expected: ExpectedFigures.Point?, _ comment: Comment) {
        #expect((actual == nil) == (expected == nil), comment)
        guard let actual, let expected else { return }
        same(actual.policy.threshold, expected.threshold, comment)
        same(actual.policy.actionDelay, expected.actionDelay, comment)
        same(actual.policy.timeout, expected.timeout, comment)
        same(actual.cutoffRate, expected.cutoffRate, comment)
        same(actual.meanLatency, expected.meanLatency, comment)
        same(actual.timeoutRate, expected.timeoutRate, comment)
        same(actual.f1, expected.f1, comment)
    }

    private func same(_ actual: Double?, _ expected: Double?, _ comment: Comment) {
        #expect((actual == nil) == (expected == nil), comment)
        guard let actual, let expected else { return }
        #expect(abs(actual - expected) <= tolerance, comment)
    }

    @Test func `the order of a grid's values does not matter`() throws {
        let spans = try ScoredSpans(
            try PredictionSet(contentsOf: ExpectedFigures.path("random.csv")), mode: .firstCrossing)
        let grid = PolicyGrid.eotBench
        let reversed = PolicyGrid(
            thresholds: grid.thresholds.reversed(), actionDelays: grid.actionDelays.reversed(),
            timeouts: grid.timeouts.reversed())
        #expect(
            try PolicySweep(spans, grid: reversed).modelOutcomes()
                == PolicySweep(spans, grid: grid).modelOutcomes())
    }

    @Test func `the edge cases hold what they are meant to`() throws {
        func figures(_ file: String) throws -> ExpectedFigures {
            let found = ExpectedFigures.cases.first { $0.file == file }?.languages["all"] ?? nil
            return try #require(found)
        }
        #expect(try figures("no-budget.csv").model.latencyAt10Pct == nil)
        #expect(try figures("no-budget.csv").model.pareto.isEmpty == false)
        #expect(try figures("no-holds.jsonl").nHold == 0)
        #expect(try figures("no-holds.jsonl").nPolicies == 0)
        #expect(try figures("unscored.jsonl").nMissing > 0)
    }
}

@Suite struct `Predictions that contradict the benchmark` {
    @Test func `a span with two labels is an error`() {
        expectError("span 0 of turn 'a' is labelled both hold and eot") {
            try figures([row(label: .hold), row(silence: 0.3, label: .endOfTurn)], .firstCrossing)
        }
    }

    @Test func `a turn with two languages is an error`() {
        expectError("turn 'a' has the languages 'en' and 'de'") {
            try figures([row(), row(language: "de", silence: 0.3)], .firstCrossing)
        }
    }

    @Test func `no span left is an error`() {
        expectError("no span is left") {
            try figures(
                [row(silence: 0.1, label: .hold), row(index: 1, silence: 6, label: .hold)], .firstCrossing)
        }
    }

    @Test func `a score beside the score point is an error`() {
        expectError("is scored at 0.25 s, not at the score point 0.2 s") {
            try figures([row(silence: 0.25)], .scorePoint(0.2))
        }
    }

    @Test func `an eot span without a score is an error in both modes`() {
        for mode in [ScoreMode.scorePoint(0.2), .firstCrossing] {
            expectError("no score") { try figures([row(probability: nil)], mode) }
        }
        expectError("the eot span 0 of turn 'a' has no score") {
            try figures([row(silence: 0.1)], .scorePoint(0.2))
        }
    }

    @Test func `a pause that outlasts the score point needs a score, a shorter one does not`() throws {
        expectError("outlasts the score point 0.3 s") {
            try figures(
                [row(), row(silence: 0.3), row(index: 1, silence: 0.4, probability: nil, label: .hold)],
                .scorePoint(0.3))
        }
        let evaluation = try figures(
            [row(), row(silence: 0.3), row(index: 1, silence: 0.2, label: .hold)], .scorePoint(0.3))
        #expect(evaluation.missingCount == 1)
    }

    @Test(arguments: [1.1, -1, .nan, .infinity])
    func `a score point that no policy can use is an error`(point: Double) {
        #expect(throws: TurnError.self) {
            try figures(
                [row(silence: point), row(index: 1, silence: point, label: .hold)], .scorePoint(point))
        }
    }

    private func row(
        language: String = "en", index: Int = 0, silence: Double = 0.2, probability: Double? = 0.5,
        label: SpanLabel = .endOfTurn
    ) -> PredictionSetBuilder.Row {
        PredictionSetBuilder.Row(
            id: "a", language: language, spanIndex: index, silence: silence, timestamp: silence,
            probability: probability, label: label)
    }

    @discardableResult
    private func figures(_ rows: [PredictionSetBuilder.Row], _ mode: ScoreMode) throws -> Evaluation {
        var builder = PredictionSetBuilder()
        for row in rows { try builder.add(row) }
        return try Evaluation(try builder.build(), mode: mode)
    }

    private func expectError(_ text: String, _ body: () throws -> Void) {
        do {
            try body()
            Issue.record("no error where '\(text)' was expected")
        } catch {
            #expect("\(error)".contains(text))
        }
    }
}
