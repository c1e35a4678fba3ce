import TurnCore
import TurnEvaluation

/// The figures of one file in one language.
struct EvaluationReport {
    let file: String
    /// What tells the file from the others.
    let name: String
    let evaluation: Evaluation
    let inUse: PolicyFigures?
    private let scorePoint: Double?

    init(
        file: String, name: String, set: PredictionSet, language: String, options: EvaluationOptions,
        policies: PolicyChoice
    ) throws(TurnError) {
        self.file = file
        self.name = name
        evaluation = try Evaluation(set, language: language, mode: options.mode)
        inUse = try policies.figures(set, options.mode)
        scorePoint = options.scorePoint
    }

    private typealias Fields = [(key: String, value: JSONValue)]

    /// One line of JSON Lines; `frontier` for the policies of the Pareto frontier as well.
    func json(frontier: Bool) -> String {
        var fields: Fields = [
            ("type", "eval"), ("language", .string(evaluation.language)), ("file", .string(file)),
            ("score_point", .optional(scorePoint)), ("n_hold", .integer(evaluation.holdCount)),
            ("n_eot", .integer(evaluation.endOfTurnCount)), ("n_missing", .integer(evaluation.missingCount)),
        ]
        fields += frontierFields(evaluation.model)
        let diagnostic: Fields = [
            ("auc", .optional(evaluation.classification.areaUnderROC)),
            ("ap", .optional(evaluation.classification.averagePrecision)), ("in_use", inUseJSON),
        ]
        fields += diagnostic
        let summary: Fields = evaluation.summaryPoints.map { summary in
            ("\(Int((summary.budget * 100).rounded()))pct", point(summary.point, \.meanLatency))
        }
        fields.append(("summary", .object(summary)))
        var baseline: Fields = [
            ("n_hold", .integer(evaluation.holdCount)), ("n_eot", .integer(evaluation.endOfTurnCount)),
        ]
        baseline += frontierFields(evaluation.baseline)
        if frontier {
            fields.append(("pareto", Self.pareto(evaluation.model)))
            baseline.append(("pareto", Self.pareto(evaluation.baseline)))
        }
        fields.append(("vad_baseline", .object(baseline)))
        return JSONValue.object(fields).text
    }

    private func frontierFields(_ frontier: Evaluation.Frontier) -> Fields {
        [
            ("cutoff_at_300ms", point(frontier.cutoffAt300ms, \.cutoffRate)),
            ("cutoff_at_600ms", point(frontier.cutoffAt600ms, \.cutoffRate)),
            ("latency_at_5pct", point(frontier.latencyAt5Percent, \.meanLatency)),
            ("latency_at_10pct", point(frontier.latencyAt10Percent, \.meanLatency)),
            ("mean_frontier_latency", .optional(frontier.meanLatency)),
        ]
    }

    private static func pareto(_ frontier: Evaluation.Frontier) -> JSONValue {
        .array(
            frontier.pareto.map { outcome in
                .object([
                    ("cutoff_rate", .number(outcome.cutoffRate)),
                    ("mean_latency", .number(outcome.meanLatency)),
                    ("threshold", .optional(outcome.policy.threshold)),
                    ("action_delay", .number(outcome.policy.actionDelay)),
                    ("timeout", .number(outcome.policy.timeout)),
                ])
            })
    }

    private func point(_ outcome: PolicyOutcome?, _ value: KeyPath<PolicyOutcome, Double>) -> JSONValue {
        guard let outcome else { return .null }
        let policy = outcome.policy
        return .object([
            ("value", .number(outcome[keyPath: value])), ("threshold", .optional(policy.threshold)),
            ("action_delay", .number(policy.actionDelay)), ("timeout", .number(policy.timeout)),
            ("cutoff_rate", .number(outcome.cutoffRate)), ("mean_latency", .number(outcome.meanLatency)),
            ("median_latency", .optional(evaluation.latency(quantile: 0.5, policy))),
            ("p90_latency", .optional(evaluation.latency(quantile: 0.9, policy))),
        ])
    }

    private var inUseJSON: JSONValue {
        guard let inUse else { return .null }
        return .object([
            ("cutoff_rate", .optional(inUse.cutoffRate)), ("mean_latency", .optional(inUse.meanLatency)),
            ("median_latency", .optional(inUse.medianLatency)), ("p90_latency", .optional(inUse.latency90)),
            ("timeout_rate", .optional(inUse.timeoutRate)), ("accuracy", .number(inUse.accuracy)),
            ("false_positive_rate", .optional(inUse.falsePositiveRate)),
            ("false_negative_rate", .optional(inUse.falseNegativeRate)),
        ])
    }
}
