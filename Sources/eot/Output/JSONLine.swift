import TurnCore

/// A value of JSON whose objects keep their order.
enum JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A number to `places` decimal places; null if it is not finite.
    static func rounded(_ value: Double, places: Int) -> JSONValue {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        return .number((value * scale).rounded() / scale)
    }

    /// Seconds, to the microsecond.
    static func seconds(_ duration: Duration) -> JSONValue { .rounded(duration.inSeconds, places: 6) }

    /// Seconds, to the microsecond, or null.
    static func seconds(_ duration: Duration?) -> JSONValue { duration.map { .seconds($0) } ?? .null }

    /// Milliseconds, to the microsecond.
    static func milliseconds(_ duration: Duration) -> JSONValue {
        .rounded(duration.inSeconds * 1e3, places: 3)
    }

    /// A probability, to six places.
    static func probability(_ value: Float) -> JSONValue { .rounded(Double(value), places: 6) }

    /// A probability, to six places, or null.
    static func probability(_ value: Float?) -> JSONValue { value.map { .probability($0) } ?? .null }

    /// The value's text, on one line.
    var text: String {
        var text = ""
        append(to: &text)
        return text
    }

    private func append(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.append(value, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.append(to: &text)
            }
            text += "]"
        case .object(let fields):
            text += "{"
            for (index, field) in fields.enumerated() {
                if index > 0 { text += "," }
                Self.append(field.key, to: &text)
                text += ":"
                field.value.append(to: &text)
            }
            text += "}"
        }
    }

    private static func append(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

/// One line of JSON Lines: an object whose first field is its type.
struct JSONLine {
    let text: String

    init(_ type: String, _ fields: KeyValuePairs<String, JSONValue>) {
        let typed = [(key: "type", value: JSONValue.string(type))]
        text = JSONValue.object(typed + fields.map { (key: $0.key, value: $0.value) }).text
    }
}

extension Duration {
    /// The duration as a number of seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// A finite number of seconds, to the nanosecond.
    static func fromSeconds(_ seconds: Double) -> Duration {
        .nanoseconds(Int64((seconds * 1e9).rounded()))
    }
}
