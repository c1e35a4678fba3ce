/// Thresholds that an application sets in place of a model's own.
public struct ThresholdOverride: Sendable, Hashable {
    /// What is set.
    public enum Content: Sendable, Hashable {
        /// One value for every language.
        case value(Double)
        /// Values by base language; the others keep the model's.
        case languages([String: Double])
    }

    public let content: Content

    /// One value for every language, known or not.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` unless the value lies in 0...1 (S-14).
    public static func value(_ value: Double) throws(TurnError) -> ThresholdOverride {
        try check(value)
        return ThresholdOverride(content: .value(value))
    }

    /// A value for each of some languages. The value of all others, also of unknown ones, stays the model's.
    ///
    /// - Parameter pairs: languages in any spelling; of those with the same base language the last wins.
    /// - Returns: the override.
    /// - Throws: ``TurnError`` `.invalidArgument` unless all values lie in 0...1 (S-14).
    public static func languages(
        _ pairs: KeyValuePairs<LanguageCode, Double>
    ) throws(TurnError) -> ThresholdOverride {
        var values: [String: Double] = [:]
        for (language, value) in pairs {
            try check(value)
            values[language.language] = value
        }
        return ThresholdOverride(content: .languages(values))
    }

    /// The same for a table; its default, if it has one, is not used.
    public static func languages(_ table: ThresholdTable) throws(TurnError) -> ThresholdOverride {
        for value in table.values.values { try check(value) }
        return ThresholdOverride(content: .languages(table.values))
    }

    private static func check(_ value: Double) throws(TurnError) {
        guard (0...1).contains(value) else {
            throw TurnError(.invalidArgument, "a threshold of \(value) is no probability; use 0 to 1")
        }
    }

    /// The table of a model with this on top; nil values stand for a model whose table is not known yet.
    func layered(over table: ThresholdTable?) -> ThresholdTable {
        switch content {
        case .value(let value): return ThresholdTable(default: value)
        case .languages(let values):
            guard let table else { return ThresholdTable(default: nil) }
            return ThresholdTable(
                values: table.values.merging(values) { _, override in override }, default: table.defaultValue)
        }
    }
}
