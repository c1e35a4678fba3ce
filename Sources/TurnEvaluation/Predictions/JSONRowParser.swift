import TurnCore

/// Reads one line of JSON Lines: an object whose known members become fields; others are passed over.
///
/// A cursor over the line's bytes; nesting is bounded.
struct JSONRowParser {
    private static let maximumDepth = 32

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ line: UnsafeBufferPointer<UInt8>) { bytes = line }

    /// - Throws: ``TurnError`` `.invalidPredictions` when the line is not one JSON object.
    mutating func fields() throws(TurnError) -> RowFields {
        var fields = RowFields()
        try expect(UInt8(ascii: "{"))
        skipBlanks()
        if peek == UInt8(ascii: "}") {
            position += 1
        } else {
            while true {
                skipBlanks()
                let key = try string()
                try expect(UInt8(ascii: ":"))
                if let column = Self.column(key) {
                    fields[column] = try scalar(column)
                } else {
                    try skipValue(depth: 0)
                }
                skipBlanks()
                if peek == UInt8(ascii: ",") {
                    position += 1
                    continue
                }
                try expect(UInt8(ascii: "}"))
                break
            }
        }
        skipBlanks()
        guard position == bytes.count else { throw malformed("something follows the object") }
        return fields
    }

    private static func column(_ key: RowValue) -> PredictionColumn? {
        switch key {
        case .missing: nil
        case .bytes(let bytes):
            PredictionColumn.allCases.first { bytes.elementsEqual($0.rawValue.utf8) }
        case .text(let text): PredictionColumn(rawValue: text)
        }
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a { position += 1 }
    }

    private mutating func expect(_ byte: UInt8) throws(TurnError) {
        skipBlanks()
        guard peek == byte else { throw malformed("'\(Character(UnicodeScalar(byte)))' is missing") }
        position += 1
    }

    private func malformed(_ what: String) -> TurnError {
        TurnError(.invalidPredictions, "not a JSON object (\(what)); write one object a line")
    }

    private mutating func scalar(_ column: PredictionColumn) throws(TurnError) -> RowValue {
        skipBlanks()
        switch peek ?? 0 {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "n"):
            try skipWord()
            return .missing
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "N"):
            let start = position
            try skipWord()
            return .bytes(UnsafeBufferPointer(rebasing: bytes[start..<position]))
        default:
            throw TurnError(
                .invalidPredictions, "\(column.rawValue) is neither a text nor a number; correct the row")
        }
    }

    /// A number, `true`, `false`, `null` or the `NaN` that Python writes.
    private mutating func skipWord() throws(TurnError) {
        let start = position
        while let byte = peek,
            byte >= 48 && byte <= 57 || byte | 0x20 >= 97 && byte | 0x20 <= 122
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
        {
            position += 1
        }
        guard position > start else { throw malformed("a value is missing") }
    }

    private mutating func skipValue(depth: Int) throws(TurnError) {
        guard depth < Self.maximumDepth else { throw malformed("nested too deep") }
        skipBlanks()
        switch peek {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isObject = peek == UInt8(ascii: "{")
            let end = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
            position += 1
            skipBlanks()
            while peek != end {
                if isObject {
                    skipBlanks()
                    _ = try string()
                    try expect(UInt8(ascii: ":"))
                }
                try skipValue(depth: depth + 1)
                skipBlanks()
                guard peek == UInt8(ascii: ",") else { break }
                position += 1
            }
            try expect(end)
        default: try skipWord()
        }
    }

    // MARK: Strings

    private mutating func string() throws(TurnError) -> RowValue {
        try expect(UInt8(ascii: "\""))
        let start = position
        while let byte = peek, byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") { return .text(try escapedString(from: start)) }
            position += 1
        }
        guard peek != nil else { throw malformed("a text does not end") }
        position += 1
        return .bytes(UnsafeBufferPointer(rebasing: bytes[start..<position - 1]))
    }

    /// A text with escapes, whose part from `start` to the cursor has none.
    private mutating func escapedString(from start: Int) throws(TurnError) -> String {
        var units = Array(bytes[start..<position])
        while let byte = peek {
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: units, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                continue
            }
            guard let escape = peek else { break }
            position += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(escape)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0c)
            case UInt8(ascii: "n"): units.append(0x0a)
            case UInt8(ascii: "r"): units.append(0x0d)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "u"): units.append(contentsOf: String(try scalar()).utf8)
            default: throw malformed("an unknown escape")
            }
        }
        throw malformed("a text does not end")
    }

    /// The scalar of `\uXXXX`, or of two of them for one outside the basic plane; a lone surrogate is U+FFFD.
    private mutating func scalar() throws(TurnError) -> Character {
        let first = try hexadecimal()
        guard first & 0xfc00 == 0xd800, peek == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u")
        else { return Character(UnicodeScalar(first) ?? "\u{fffd}") }
        position += 2
        let second = try hexadecimal()
        guard second & 0xfc00 == 0xdc00 else { return "\u{fffd}" }
        let value = 0x10000 + (first & 0x3ff) << 10 + second & 0x3ff
        return Character(UnicodeScalar(value) ?? "\u{fffd}")
    }

    private mutating func hexadecimal() throws(TurnError) -> UInt32 {
        guard position + 4 <= bytes.count,
            let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw malformed("an unknown escape") }
        position += 4
        return value
    }
}
