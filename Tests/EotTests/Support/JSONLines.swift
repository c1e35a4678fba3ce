import Foundation
import Testing

/// One line of the command's JSON output.
struct JSONRecord {
    let text: String
    private let fields: [String: Any]

    init(_ text: String) throws {
        self.text = text
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
        fields = try #require(object as? [String: Any], "no JSON object: \(text)")
        let type = try #require(fields["type"] as? String, "no type: \(text)")
        #expect(text.hasPrefix("{\"type\":\"\(type)\""), "type is not first: \(text)")
    }

    static func all(_ lines: [String]) throws -> [JSONRecord] { try lines.map(JSONRecord.init) }

    var type: String { fields["type"] as? String ?? "" }
    var keys: Set<String> { Set(fields.keys) }

    func number(_ key: String) throws -> Double {
        let value = try #require(fields[key] as? NSNumber, "\(key) is no number: \(text)")
        return value.doubleValue
    }

    func string(_ key: String) throws -> String {
        try #require(fields[key] as? String, "\(key) is no text: \(text)")
    }

    func object(_ key: String) throws -> [String: Double] {
        try #require(fields[key] as? [String: Double], "\(key) is no object of numbers: \(text)")
    }

    func bool(_ key: String) throws -> Bool {
        try #require(fields[key] as? Bool, "\(key) is no bool: \(text)")
    }

    func isNull(_ key: String) -> Bool { fields[key] is NSNull }
}

extension EotResult {
    /// The JSON lines of a run that must have gone well.
    func records(_ type: String? = nil) throws -> [JSONRecord] {
        try #require(status == 0 && !wasKilled, "status \(status): \(errors)")
        let records = try JSONRecord.all(outputLines)
        return type.map { type in records.filter { $0.type == type } } ?? records
    }

    /// Expects a failure as the contract has it: the status, and one line `eot: what; what to do`.
    func expectFailure(_ expected: Int32, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(!wasKilled, "killed by a signal: \(errors)", sourceLocation: sourceLocation)
        #expect(status == expected, "\(errors)", sourceLocation: sourceLocation)
        #expect(errorLines.count == 1, "\(errors)", sourceLocation: sourceLocation)
        #expect(
            errors.hasPrefix("eot: ") && errors.hasSuffix("\n"), "\(errors)", sourceLocation: sourceLocation)
        #expect(
            errors.contains("; "), "says nothing about what to do: \(errors)", sourceLocation: sourceLocation)
    }
}
