import TurnCore
import TurnEvaluation

/// The figures of one file in one language.
struct EvaluationReport {
    let file: String
    let evaluation: Evaluation
    let inUse: PolicyFigures?
    private let scorePoint: Double?

    init(
        file: String, set: PredictionSet, language: String, options: EvaluationOptions, policies: PolicyChoice
    ) throws(TurnError) {
        self.file = file
        evaluation = try Evaluation(set, language: language, mode: options.mode)
        inUse = try policies.figures(set, options.mode)
        scorePoint = options.scorePoint
    }

    /// The file's name without folder and ending.
    var name: String {
        let last = file.split(separator: "/").last.map(String.init) ?? file
        let parts = last.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1 && parts[0] != "" ? parts.dropLast().joined(separator: ".") : last
    }

    private typealias Fields = [(key: String, value: JSONValue)]

    /// One line of JSON Lines.
    var json: String {
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
