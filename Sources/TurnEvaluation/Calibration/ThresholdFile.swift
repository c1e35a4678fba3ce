import Foundation
import TurnCore

/// A file of thresholds by language, as `eot calibrate` writes and `--thresholds` reads.
///
/// One JSON object. Its keys are language codes, and `default` for every other language; its values are probabilities,
/// or objects with a `threshold` and the delays that belong to it:
///
///     {"default": 0.21, "en": {"threshold": 0.09, "min_delay": 0.7, "max_delay": 3.0}}
public struct ThresholdFile: Sendable, Hashable {
    /// What one language is judged by.
    public struct Entry: Sendable, Hashable {
        /// The turn is judged unfinished below this probability, 0...1.
        public var threshold: Double
        /// Seconds from the last speech to the end of a turn judged finished; nil where the file leaves it open.
        public var minDelay: Double?
        /// The same for one judged unfinished.
        public var maxDelay: Double?

        public init(threshold: Double, minDelay: Double? = nil, maxDelay: Double? = nil) {
            self.threshold = threshold
            self.minDelay = minDelay
            self.maxDelay = maxDelay
        }
    }

    /// By base language (`en`, not `en-US`).
    public var entries: [String: Entry]
    /// For every other language; nil where the file has none.
    public var defaultEntry: Entry?

    public init(entries: [String: Entry] = [:], defaultEntry: Entry? = nil) {
        self.entries = entries
        self.defaultEntry = defaultEntry
    }

    /// Reads the text of a file.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` naming the language whose value is no probability or no delay, or
    ///   which has two entries (`pt-BR` and `pt-PT` are both `pt`).
    public init(json: [UInt8]) throws(TurnError) {
        guard let values = try? JSONDecoder().decode([String: Value].self, from: Data(json)) else {
            throw TurnError(
                .invalidArgument,
                "this is no table of thresholds; write an object such as {\"en\": 0.3, \"default\": 0.21}")
        }
        self.init()
        for (language, value) in values.sorted(by: { $0.key < $1.key }) {
            let entry = value.entry
            try Self.check(entry, language)
            if language == "default" {
                defaultEntry = entry
            } else {
                let base = LanguageCode(language).language
                guard entries.updateValue(entry, forKey: base) == nil else {
                    throw TurnError(
                        .invalidArgument,
                        "more than one entry is for the language \"\(base)\"; keep one, regions are not told apart"
                    )
                }
            }
        }
    }

    /// What applies to a language; an empty or missing one counts as English.
    public func entry(for language: LanguageCode?) -> Entry? {
        let base = language?.language ?? ""
        return entries[base.isEmpty ? "en" : base] ?? defaultEntry
    }

    /// The thresholds alone, with `fallback` for other languages where the file has no default.
    public func table(default fallback: Double?) -> ThresholdTable {
        ThresholdTable(
            pairs: entries.sorted { $0.key < $1.key }.map { (LanguageCode($0.key), $0.value.threshold) },
            default: defaultEntry?.threshold ?? fallback)
    }

    /// The file's text, the same for the same values.
    public var json: String {
        let lines = entries.sorted { $0.key < $1.key }.map {
            "  \(Self.quoted($0.key)): \(Self.text($0.value))"
        }
        let first = defaultEntry.map { ["  \"default\": \(Self.text($0))"] } ?? []
        return "{\n" + (first + lines).joined(separator: ",\n") + "\n}\n"
    }

    private static func text(_ entry: Entry) -> String {
        guard entry.minDelay != nil || entry.maxDelay != nil else { return "\(entry.threshold)" }
        let fields = [
            "\"threshold\": \(entry.threshold)", entry.minDelay.map { "\"min_delay\": \($0)" },
            entry.maxDelay.map { "\"max_delay\": \($0)" },
        ]
        return "{" + fields.compactMap { $0 }.joined(separator: ", ") + "}"
    }

    /// A base language holds no character but letters that JSON would have to escape; others are left out.
    private static func quoted(_ language: String) -> String {
        "\"" + language.filter { $0 != "\"" && $0 != "\\" && !$0.isNewline } + "\""
    }

    private static func check(_ entry: Entry, _ language: String) throws(TurnError) {
        guard (0...1).contains(entry.threshold) else {
            throw TurnError(
                .invalidArgument,
                "the threshold \(entry.threshold) of \"\(language)\" is no probability; use 0 to 1")
        }
        for delay in [entry.minDelay, entry.maxDelay].compactMap({ $0 }) where !(0...3_600).contains(delay) {
            throw TurnError(
                .invalidArgument,
                "the delay \(delay) of \"\(language)\" is out of range; use 0 to 3600 seconds")
        }
        if let low = entry.minDelay, let high = entry.maxDelay, low > high {
            throw TurnError(
                .invalidArgument,
                "min_delay of \"\(language)\" is above its max_delay; make it the smaller one")
        }
    }

    /// A number, or an object.
    private struct Value: Decodable {
        let entry: Entry

        private enum Keys: String, CodingKey {
            case threshold
            case minDelay = "min_delay"
            case maxDelay = "max_delay"
        }

        init(from decoder: any Decoder) throws {
            if let number = try? decoder.singleValueContainer().decode(Double.self) {
                entry = Entry(threshold: number)
                return
            }
            let fields = try decoder.container(keyedBy: Keys.self)
            entry = Entry(
                threshold: try fields.decode(Double.self, forKey: .threshold),
                minDelay: try fields.decodeIfPresent(Double.self, forKey: .minDelay),
                maxDelay: try fields.decodeIfPresent(Double.self, forKey: .maxDelay))
        }
    }
}
