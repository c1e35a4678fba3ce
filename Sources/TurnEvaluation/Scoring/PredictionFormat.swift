import TurnCore

/// How rows of predictions are written.
public enum PredictionFormat: Sendable, Hashable {
    case csv
    case jsonLines

    /// The format that a file's name asks for: JSON Lines for `.jsonl`, `.ndjson` and `.json`, else CSV.
    public init(fileName: String) {
        let lowered = fileName.lowercased()
        self = [".jsonl", ".ndjson", ".json"].contains { lowered.hasSuffix($0) } ? .jsonLines : .csv
    }

    /// The first line of a file, with its line end; empty for JSON Lines.
    public var header: String {
        self == .csv ? PredictionColumn.allCases.map(\.rawValue).joined(separator: ",") + "\n" : ""
    }

    /// One row with its line end; numbers are written so that they read back the same. `condition` says under which
    /// circumstances the score was made, such as the model's name.
    public func line(_ row: PredictionSetBuilder.Row, condition: String) -> String {
        let values: [(column: PredictionColumn, text: String?, isNumber: Bool)] = [
            (.id, row.id, false), (.language, row.language, false), (.spanIndex, "\(row.spanIndex)", true),
            (.timestamp, "\(row.timestamp)", true), (.silence, "\(row.silence)", true),
            (.probability, row.probability.map { "\($0)" }, true), (.label, row.label.rawValue, false),
            (.threshold, row.policy?.threshold.map { "\($0)" }, true),
            (.minDelay, row.policy.map { "\($0.actionDelay)" }, true),
            (.maxDelay, row.policy.map { "\($0.timeout)" }, true), (.condition, condition, false),
        ]
        switch self {
        case .csv:
            return values.map { $0.isNumber ? $0.text ?? "" : Self.quotedCSV($0.text ?? "") }
                .joined(separator: ",") + "\n"
        case .jsonLines:
            let fields = values.map { value in
                let text = value.text.map { value.isNumber ? $0 : Self.quotedJSON($0) } ?? "null"
                return "\"\(value.column.rawValue)\":\(text)"
            }
            return "{\"type\":\"score\"," + fields.joined(separator: ",") + "}\n"
        }
    }

    private static func quotedCSV(_ text: String) -> String {
        guard text.contains(where: { ",\"\r\n".contains($0) }) || text.hasPrefix(" ") || text.hasSuffix(" ")
        else {
            return text
        }
        return "\"" + text.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }

    private static func quotedJSON(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
