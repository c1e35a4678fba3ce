import TurnCore
import TurnLoad

/// Prints what a load run found.
struct LoadPrinter {
    let isJSON: Bool
    private var lines = StandardOutput()

    init(isJSON: Bool) {
        self.isJSON = isJSON
    }

    mutating func print(_ report: LoadReport) throws {
        for line in isJSON ? json(report) : text(report) { try lines.write(line: line) }
        try lines.flush()
    }

    mutating func printRamp(best: Int, limit: Duration) throws {
        let milliseconds = limit.inSeconds * 1e3
        try lines.write(
            line: isJSON
                ? JSONLine(
                    "ramp", ["sessions": .integer(best), "p99_limit_ms": .rounded(milliseconds, places: 3)]
                ).text
                : best == 0
                    ? "no number of sessions holds \(milliseconds.fixed(0)) ms"
                    : Style.bold("\(best) sessions") + " hold \(milliseconds.fixed(0)) ms at p99")
        try lines.flush()
    }

    private func json(_ report: LoadReport) -> [String] {
        func latency(_ percent: Double) -> JSONValue {
            report.latency(percent: percent).map { .milliseconds($0) } ?? .null
        }
        let failures = report.failures.sorted { $0.key < $1.key }
        return [
            JSONLine(
                "load",
                [
                    "sessions": .integer(report.sessionCount), "seconds": .seconds(report.duration),
                    "predictions": .integer(report.predictionCount), "errors": .integer(report.errorCount),
                    "late": .integer(report.lateCount), "p50_ms": latency(50), "p90_ms": latency(90),
                    "p99_ms": latency(99), "max_ms": latency(100),
                ]
            ).text,
            JSONLine(
                "details",
                [
                    "lost": .integer(report.lostCount), "opened": .integer(report.openedCount),
                    "answers": .integer(report.answerCount),
                    "answers_per_second": .rounded(report.answersPerSecond, places: 2),
                    "lag_ms": .milliseconds(report.lag),
                    "failures": .object(failures.map { (key: $0.key, value: .integer($0.value)) }),
                ]
            ).text,
        ]
    }

    private func text(_ report: LoadReport) -> [String] {
        let percentiles = [("p50", 50.0), ("p90", 90), ("p99", 99), ("max", 100)].map { name, percent in
            let latency = report.latency(percent: percent)
            return "\(name) \(latency.map { ($0.inSeconds * 1e3).fixed(1) + " ms" } ?? "-")"
        }
        let failures = report.failures.sorted { $0.key < $1.key }.map { ", \($0.value) x \($0.key)" }
        return [
            "\(report.sessionCount) sessions, \(report.duration.inSeconds.fixed(1)) s: "
                + Style.bold(
                    "\(report.predictionCount) predictions, \(report.answersPerSecond.fixed(1)) answers a second"
                ),
            "  " + percentiles.joined(separator: ", "),
            "  \(report.lostCount) lost, \(report.lateCount) late" + failures.joined()
                + Style.dim(", this end late by \((report.lag.inSeconds * 1e3).fixed(1)) ms at most"),
        ]
    }
}
