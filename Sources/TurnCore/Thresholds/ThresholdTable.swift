/// The probability, for each language, below which a turn is judged unfinished.
///
/// A plain value. A language that is missing takes the ``defaultValue``; `multi`, `auto` and unknown languages do
/// too, they are never an error. Values are compared with a probability in single precision (S-15).
public struct ThresholdTable: Sendable, Hashable {
    /// Values by base language (``LanguageCode/language``).
    public private(set) var values: [String: Double]
    /// The value of every other language; nil while it is not known.
    public private(set) var defaultValue: Double?

    /// - Parameters:
    ///   - values: by language, such as `["en": 0.5, "pt-BR": 0.4]`; keys are normalised to their base language. Of
    ///     two that fall together the one whose text sorts last wins; ``init(pairs:default:)`` keeps a given order.
    ///   - defaultValue: for every other language.
    public init(_ values: [LanguageCode: Double] = [:], default defaultValue: Double?) {
        self.init(
            pairs: values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, default: defaultValue)
    }

    /// - Parameters:
    ///   - pairs: languages with their values; keys are normalised to their base language, later ones win.
    ///   - defaultValue: for every other language.
    public init(pairs: some Sequence<(LanguageCode, Double)>, default defaultValue: Double?) {
        self.values = [:]
        self.defaultValue = defaultValue
        for (language, value) in pairs { self.values[language.language] = value }
    }

    init(values: [String: Double], default defaultValue: Double?) {
        self.values = values
        self.defaultValue = defaultValue
    }

    func clamped() -> ThresholdTable {
        ThresholdTable(
            values: values.mapValues { min(max($0, 0), 1) }, default: defaultValue.map { min(max($0, 0), 1) })
    }

    /// The value for a language; an empty or missing one counts as English.
    public func value(for language: LanguageCode?) -> Double? {
        let base = language?.language ?? ""
        return values[base.isEmpty ? "en" : base] ?? defaultValue
    }
}
