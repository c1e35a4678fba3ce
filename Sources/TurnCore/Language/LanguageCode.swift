/// A language as people and services write it, normalised: `English`, `eng`, `en_us` and `EN-US` all become BCP 47
/// like text whose ``language`` is `en`.
///
/// Any text is a language code; one that is not known keeps its lower-cased text. It compares, orders and hashes as
/// its ``text``. Source: LiveKit Agents 1.8.9 (R-103...R-105).
public struct LanguageCode: Sendable, Hashable, Comparable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    /// The normalised text, such as `en`, `en-US` or `cmn-Hans-CN`.
    public let text: String

    /// Normalises `text`.
    ///
    /// In this order: an English name or an ISO 639-3 code becomes the two-letter code (if there is one); in a tag
    /// with parts the first is lower case, later ones of four letters are title case and all others upper case;
    /// anything else is lower-cased.
    public init(_ text: String) {
        let lowered = Self.trimmed(text).lowercased()
        if let code = LanguageTables.codes[lowered] {
            self.text = code
        } else if let code = LanguageTables.iso6393[lowered] {
            self.text = code
        } else if lowered.contains(where: { $0 == "-" || $0 == "_" }) {
            let parts = lowered.split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "_" }
            let later = parts.dropFirst().map { part in
                part.count == 4 ? part.prefix(1).uppercased() + part.dropFirst() : part.uppercased()
            }
            self.text = ([String(parts[0])] + later).joined(separator: "-")
        } else {
            self.text = lowered
        }
    }

    public init(stringLiteral value: String) { self.init(value) }

    /// The part before the first `-`, as a two-letter code where one exists: `zh` for `cmn-Hans-CN`.
    public var language: String {
        let first = String(text.prefix { $0 != "-" })
        return LanguageTables.iso6393[first] ?? first
    }

    /// The first later part of two letters: `CN` for `cmn-Hans-CN`.
    public var region: String? {
        text.split(separator: "-", omittingEmptySubsequences: false).dropFirst()
            .first { $0.count == 2 }
            .map { String($0) }
    }

    /// ``language``, with `-` and the ``region`` if there is one: `zh-CN` for `cmn-Hans-CN`.
    public var iso: String { region.map { "\(language)-\($0)" } ?? language }

    /// The English name of the ``language``, lower-cased, if it is known: `chinese` for `cmn-Hans-CN`.
    public var englishName: String? { LanguageTables.names[language] }

    public var description: String { text }

    public func hash(into hasher: inout Hasher) { text.hash(into: &hasher) }

    public static func < (left: LanguageCode, right: LanguageCode) -> Bool { left.text < right.text }

    public static func == (left: LanguageCode, right: LanguageCode) -> Bool { left.text == right.text }

    private static func trimmed(_ text: String) -> Substring {
        let start = text.drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return start[...last]
    }
}
