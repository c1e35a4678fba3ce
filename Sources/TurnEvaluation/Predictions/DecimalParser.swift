/// Reads decimal numbers from bytes, correctly rounded, fast for the lengths that files usually hold.
enum DecimalParser {
    private static let powers: [Double] = (0...22).map { exponent in
        (0..<exponent).reduce(1.0) { power, _ in power * 10 }
    }

    /// The number that `bytes` spell (such as `-0.25` or `1e-3`), else nil; `nan`, `inf` and hexadecimal are no
    /// numbers here.
    static func double(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        var mantissa: UInt64 = 0
        var digits = 0
        var exponent = 0
        var seenPoint = false
        var isNegative = false
        var index = 0
        var isExact = true
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
            isNegative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        var count = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else if byte >= 48, byte <= 57 {
                count += 1
                if mantissa > 0 || byte != 48 { digits += 1 }
                if digits <= 18 { mantissa = mantissa * 10 + UInt64(byte - 48) } else { isExact = false }
                if seenPoint { exponent -= 1 }
            } else {
                break
            }
            index += 1
        }
        guard count > 0 else { return nil }
        if index < bytes.count {
            guard bytes[index] == UInt8(ascii: "e") || bytes[index] == UInt8(ascii: "E"),
                let value = integer(UnsafeBufferPointer(rebasing: bytes[(index + 1)...])), abs(value) < 10_000
            else { return nil }
            exponent += value
        }
        // Both factors are exact doubles, so that one operation rounds once (Clinger 1990).
        if isExact, mantissa < 1 << 53, abs(exponent) <= 22 {
            let magnitude =
                exponent < 0
                ? Double(mantissa) / powers[-exponent] : Double(mantissa) * powers[exponent]
            return isNegative ? -magnitude : magnitude
        }
        return Double(String(decoding: bytes, as: UTF8.self))
    }

    /// The integer that `bytes` spell, else nil.
    static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var rest = bytes[...]
        var isNegative = false
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        guard !rest.isEmpty, rest.count <= 18 else { return nil }
        var value = 0
        for byte in rest {
            guard byte >= 48, byte <= 57 else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        return isNegative ? -value : value
    }
}
