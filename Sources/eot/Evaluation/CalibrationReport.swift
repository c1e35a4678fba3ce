import TurnCore
import TurnEvaluation

/// What was found for one language.
struct CalibrationReport {
    /// What the policy does on turns that the calibration did not see.
    struct HeldOut {
        let figures: PolicyFigures
        let holdCount: Int
        let endOfTurnCount: Int
    }

    let language: String
    let result: Calibration.Result
    let heldOut: HeldOut?

    var json: String {
        let policy = result.outcome.policy
        return JSONLine(
            "threshold",
            [
                "language": .string(language), "value": .optional(policy.threshold),
                "low": .optional(result.threshold?.low), "high": .optional(result.threshold?.high),
                "min_delay": .number(policy.actionDelay), "max_delay": .number(policy.timeout),
                "cutoff_rate": Self.json(result.outcome.cutoffRate, result.cutoffRate),
                "mean_latency": Self.json(result.outcome.meanLatency, result.meanLatency),
                "n_hold": .integer(result.holdCount), "n_eot": .integer(result.endOfTurnCount),
                "few_spans": .bool(result.hasTooFewSpans), "held_out": heldOutJSON,
            ]
        ).text
    }

    var text: String {
        let policy = result.outcome.policy
        var text = Style.bold(language.left(9)) + "threshold \((policy.threshold ?? 0).fixed(2))"
        if let interval = result.threshold {
            text += Style.dim(" (\(interval.low.fixed(2)) to \(interval.high.fixed(2)))")
        }
        text += ", delays \(policy.actionDelay.fixed(1)) and \(policy.timeout.fixed(1)) s: "
        text += Self.percent(result.outcome.cutoffRate, result.cutoffRate) + " cut off, "
        text += Self.milliseconds(result.outcome.meanLatency, result.meanLatency)
        text += Style.dim(", \(result.holdCount) pauses, \(result.endOfTurnCount) ends")
        if let heldOut {
            let (cut, latency) = (heldOut.figures.cutoffRate, heldOut.figures.meanLatency)
            text += "; held out: " + (cut.map { Self.percent($0, nil) } ?? "-") + " cut off, "
            text += latency.map { Self.milliseconds($0, nil) } ?? "-"
        }
        return text
    }

    private var heldOutJSON: JSONValue {
        guard let heldOut else { return .null }
        return .object([
            ("cutoff_rate", .optional(heldOut.figures.cutoffRate)),
            ("mean_latency", .optional(heldOut.figures.meanLatency)), ("n_hold", .integer(heldOut.holdCount)),
            ("n_eot", .integer(heldOut.endOfTurnCount)),
        ])
    }

    private static func json(_ value: Double, _ interval: Calibration.Interval?) -> JSONValue {
        .object([
            ("value", .number(value)), ("low", .optional(interval?.low)), ("high", .optional(interval?.high)),
        ])
    }

    private static func percent(_ share: Double, _ interval: Calibration.Interval?) -> String {
        let range = interval.map { Style.dim(" (\(($0.low * 100).fixed(1)) to \(($0.high * 100).fixed(1)))") }
        return (share * 100).fixed(1) + " %" + (range ?? "")
    }

    private static func milliseconds(_ seconds: Double, _ interval: Calibration.Interval?) -> String {
        let range = interval.map {
            Style.dim(" (\(($0.low * 1_000).fixed(0)) to \(($0.high * 1_000).fixed(0)))")
        }
        return (seconds * 1_000).fixed(0) + " ms" + (range ?? "")
    }
}
