import TurnCore
import TurnEvaluation

/// Figures of one language for people: a row a figure, a column a file, and the baseline at the right.
struct EvaluationTable {
    private let reports: [EvaluationReport]
    private let mode: String

    init(_ reports: [EvaluationReport], mode: String) {
        self.reports = reports
        self.mode = mode
    }

    private static let labelWidth = 28
    private static let widestColumn = 34

    /// The table, and an empty line after it.
    var lines: [String] {
        guard let first = reports.first?.evaluation else { return [] }
        let rows = rows(first)
        let widths = (0...reports.count).map { column in
            min(Self.widestColumn, rows.map { $0.cells[column].count }.max() ?? 0) + 2
        }
        func line(_ row: Row) -> String {
            row.label.left(Self.labelWidth) + zip(row.cells, widths).map { $0.right($1) }.joined()
        }
        let title = first.language == "all" ? "all languages" : first.language
        let explanation = ", \(mode); in brackets: threshold, shorter and longer delay in s"
        return [Style.bold(title) + Style.dim(explanation), Style.dim(line(rows[0]))]
            + rows.dropFirst().map(line) + [""]
    }

    private struct Row {
        let label: String
        /// One a file, then the baseline's.
        let cells: [String]
    }

    private func rows(_ first: Evaluation) -> [Row] {
        func row(_ label: String, baseline: String = "", _ cell: (EvaluationReport) -> String) -> Row {
            Row(label: label, cells: reports.map(cell) + [baseline])
        }
        func frontier(_ label: String, _ cell: (Evaluation.Frontier) -> String) -> Row {
            row(label, baseline: cell(first.baseline)) { cell($0.evaluation.model) }
        }
        var rows: [Row] = [
            row("", baseline: "no model") { Self.shortened($0.name) },
            row("pauses / ends of turns") { "\($0.evaluation.holdCount) / \($0.evaluation.endOfTurnCount)" },
            frontier("cut off at 0.3 s mean") { Self.cutoff($0.cutoffAt300ms) },
            frontier("cut off at 0.6 s mean") { Self.cutoff($0.cutoffAt600ms) },
            frontier("mean latency at 5 %") { Self.latency($0.latencyAt5Percent) },
            frontier("mean latency at 10 %") { Self.latency($0.latencyAt10Percent) },
            row("  half / 9 of 10 turns within") { report in
                guard let policy = report.evaluation.model.latencyAt10Percent?.policy else { return "-" }
                return Self.pair(
                    report.evaluation.latency(quantile: 0.5, policy),
                    report.evaluation.latency(quantile: 0.9, policy))
            },
            frontier("mean latency over 0 to 10 %") { $0.meanLatency.map(Self.milliseconds) ?? "-" },
            row("AUC / average precision") { report in
                let figures = report.evaluation.classification
                let texts = [figures.areaUnderROC, figures.averagePrecision].map { $0?.fixed(3) ?? "-" }
                return texts.joined(separator: " / ")
            },
        ]
        if reports.contains(where: { $0.inUse != nil }) {
            rows += [
                row("in use: cut off") { Self.percent($0.inUse?.cutoffRate) },
                row("  mean latency") { $0.inUse?.meanLatency.map(Self.milliseconds) ?? "-" },
                row("  half / 9 of 10 turns within") {
                    Self.pair($0.inUse?.medianLatency, $0.inUse?.latency90)
                },
                row("  accuracy") { Self.percent($0.inUse?.accuracy) },
                row("  false positives / negatives") {
                    Self.percent($0.inUse?.falsePositiveRate) + " / "
                        + Self.percent($0.inUse?.falseNegativeRate)
                },
            ]
        }
        return rows
    }

    private static func cutoff(_ outcome: PolicyOutcome?) -> String {
        guard let outcome else { return "-" }
        return percent(outcome.cutoffRate) + policy(outcome)
    }

    private static func latency(_ outcome: PolicyOutcome?) -> String {
        guard let outcome else { return "-" }
        return milliseconds(outcome.meanLatency) + policy(outcome)
    }

    /// Threshold, action delay and timeout; the baseline has one delay.
    private static func policy(_ outcome: PolicyOutcome) -> String {
        let policy = outcome.policy
        guard let threshold = policy.threshold else { return "" }
        return " (\(threshold.fixed(2)) \(policy.actionDelay.fixed(1)) \(policy.timeout.fixed(1)))"
    }

    private static func percent(_ share: Double?) -> String {
        share.map { ($0 * 100).fixed(1) + " %" } ?? "-"
    }

    private static func milliseconds(_ seconds: Double) -> String { (seconds * 1_000).fixed(0) + " ms" }

    private static func pair(_ a: Double?, _ b: Double?) -> String {
        [a, b].map { $0.map { ($0 * 1_000).fixed(0) } ?? "-" }.joined(separator: " / ") + " ms"
    }

    private static func shortened(_ name: String) -> String {
        let text = OneLine.text(name)
        return text.count > widestColumn ? "…" + text.suffix(widestColumn - 1) : text
    }
}
