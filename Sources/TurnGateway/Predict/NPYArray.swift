import TurnAudio
import TurnCore

/// The header of a numpy file (`.npy`, format 1.0 to 3.0): a one-dimensional, little-endian array of samples.
///
/// Source: numpy's `numpy.lib.format`.
struct NPYArray: Equatable {
    static let magic: [UInt8] = [0x93] + "NUMPY".utf8
    /// Headers of arrays of one dimension have less than a hundred bytes.
    private static let longestHeader = 4_096

    let encoding: SampleEncoding
    let count: Int
    /// Where the samples begin.
    let offset: Int

    /// - Parameter bytes: the whole file.
    /// - Throws: ``TurnError`` `.invalidAudio`.
    init(_ bytes: [UInt8]) throws(TurnError) {
        guard bytes.starts(with: Self.magic), bytes.count >= 10 else { throw Self.error("has no header") }
        let start: Int
        var length = Int(bytes[8]) | Int(bytes[9]) << 8
        switch bytes[6] {
        case 1: start = 10
        case 2, 3:
            guard bytes.count >= 12 else { throw Self.error("has no header") }
            length |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24
            start = 12
        default: throw Self.error("is of format \(bytes[6]), which is not known")
        }
        guard length <= Self.longestHeader, bytes.count >= start + length else {
            throw Self.error("has a header that is too long")
        }
        let header = Header(text: bytes[start..<(start + length)])
        switch header.value(of: "descr") {
        case "<f4": encoding = .float32
        case "<f8": encoding = .float64
        case "<i2": encoding = .int16
        default: throw Self.error("holds no little-endian float32, float64 or int16")
        }
        guard let count = header.dimension else { throw Self.error("has no single dimension") }
        self.count = count
        offset = start + length
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: encoding.byteCount)
        guard !overflow, bytes.count - offset >= byteCount else { throw Self.error("ends too early") }
    }

    private static func error(_ what: String) -> TurnError {
        TurnError(
            .invalidAudio,
            "the numpy array \(what); send what numpy.save writes of a one-dimensional float32 array")
    }

    /// A Python dictionary of simple values, as text.
    private struct Header {
        private let text: String

        init(text: ArraySlice<UInt8>) {
            self.text = String(decoding: text, as: UTF8.self)
        }

        /// What stands behind a key: a text without its quotes, a tuple without its parentheses, or a bare word.
        func value(of key: String) -> String? {
            for quote in ["'", "\""] {
                guard let rest = text(after: quote + key + quote)?.drop(while: \.isWhitespace),
                    rest.first == ":"
                else { continue }
                let value = rest.dropFirst().drop(while: \.isWhitespace)
                switch value.first {
                case "'":
                    return value.dropFirst().firstIndex(of: "'").map { String(value.dropFirst()[..<$0]) }
                case "\"":
                    return value.dropFirst().firstIndex(of: "\"").map { String(value.dropFirst()[..<$0]) }
                case "(":
                    return value.dropFirst().firstIndex(of: ")").map { String(value.dropFirst()[..<$0]) }
                default: return String(value.prefix { $0 != "," && $0 != "}" && !$0.isWhitespace })
                }
            }
            return nil
        }

        /// The length of the only dimension; nil when there are more, or none.
        var dimension: Int? {
            guard let shape = value(of: "shape") else { return nil }
            let parts = shape.split(separator: ",").map { $0.filter { !$0.isWhitespace } }.filter {
                !$0.isEmpty
            }
            guard parts.count == 1, parts[0].utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
            return Int(parts[0])
        }

        private func text(after pattern: String) -> Substring? {
            var rest = text[...]
            while !rest.isEmpty {
                if rest.hasPrefix(pattern) { return rest.dropFirst(pattern.count) }
                rest = rest.dropFirst()
            }
            return nil
        }
    }
}
