import ArgumentParser
import TurnCore
import TurnEvaluation

/// Which scores of a predictions file count.
struct EvaluationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take each silence's score at this many seconds (default: its first score above the threshold).",
            valueName: "s"))
    var scorePoint: Double?

    var mode: ScoreMode { scorePoint.map { .scorePoint($0) } ?? .firstCrossing }

    /// The mode for people.
    var text: String { scorePoint.map { "score point \($0) s" } ?? "first crossing" }
}

extension JSONValue {
    /// A number as it is, or null.
    static func optional(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
}
