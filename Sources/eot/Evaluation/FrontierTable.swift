import TurnCore
import TurnEvaluation

/// The Pareto frontier of one file for people: a row a policy, by rising latency.
struct FrontierTable {
    private let report: EvaluationReport

    init(_ report: EvaluationReport) { self.report = report }

    /// The table, and an empty line after it.
    var lines: [String] {
        let head = ["cut off", "mean latency", "threshold", "shorter delay", "longer delay"]
        let rows = report.evaluation.model.pareto.map { outcome in
            [
                (outcome.cutoffRate * 100).fixed(1) + " %", (outcome.meanLatency * 1_000).fixed(0) + " ms",
                outcome.policy.threshold?.fixed(2) ?? "-", outcome.policy.actionDelay.fixed(1) + " s",
                outcome.policy.timeout.fixed(1) + " s",
            ]
        }
        return [Style.bold("frontier of \(OneLine.text(report.name))"), Style.dim(Self.line(head))]
            + rows.map(Self.line) + [""]
    }

    private static func line(_ cells: [String]) -> String { cells.map { $0.right(15) }.joined() }
}
