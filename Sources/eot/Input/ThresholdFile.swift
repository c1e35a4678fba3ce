import TurnCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A file of thresholds by language, as `eot calibrate` writes and `--thresholds` reads: one JSON object of
/// probabilities by language code, with an optional `default`.
enum ThresholdFile {
    /// - Parameters:
    ///   - path: the file.
    ///   - fallback: for languages that are missing, where the file has no `default`.
    /// - Returns: the table.
    /// - Throws: ``TurnError`` `.fileMissing`, `.inputOutput`; `.invalidArgument` for a file that is no such table.
    static func read(contentsOf path: String, default fallback: Double) throws(TurnError) -> ThresholdTable {
        let bytes = try FileInput.read(contentsOf: path, limit: 1 << 20)
        guard let values = try? JSONDecoder().decode([String: Double].self, from: Data(bytes)) else {
            throw TurnError(
                .invalidArgument,
                "\(path) is no table of thresholds; write an object such as {\"en\": 0.3, \"default\": 0.21}")
        }
        for (language, value) in values.sorted(by: { $0.key < $1.key }) where !(0...1).contains(value) {
            throw TurnError(
                .invalidArgument,
                "the threshold \(value) of \"\(language)\" in \(path) is no probability; use 0 to 1")
        }
        var table: [LanguageCode: Double] = [:]
        for (language, value) in values where language != "default" { table[LanguageCode(language)] = value }
        return ThresholdTable(table, default: values["default"] ?? fallback)
    }
}
