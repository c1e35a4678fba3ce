/// Builds and reads frames by RFC 6455 section 5.2, byte by byte, apart from NIO's coders.
public struct Frame: Equatable, Sendable {
    /// Final bit, reserved bits and opcode.
    public var first: UInt8
    public var payload: [UInt8]
    public var mask: [UInt8]?

    public init(
        _ opcode: UInt8, _ payload: [UInt8], final: Bool = true, reserved: UInt8 = 0, mask: [UInt8]? = nil
    ) {
        first = (final ? 0x80 : 0) | reserved << 4 | opcode
        self.payload = payload
        self.mask = mask
    }

    public static func text(_ text: String) -> Frame { Frame(1, Array(text.utf8)) }

    public static func close(_ code: UInt16, _ reason: String = "") -> Frame {
        Frame(8, [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] + Array(reason.utf8))
    }

    public var opcode: UInt8 { first & 0x0F }

    /// Code and reason of a close frame.
    public var close: (code: Int, reason: String)? {
        guard opcode == 8 else { return nil }
        guard payload.count >= 2 else { return (1005, "") }
        return (Int(payload[0]) << 8 | Int(payload[1]), String(decoding: payload[2...], as: UTF8.self))
    }

    public var bytes: [UInt8] {
        var bytes = [first]
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case 0..<126: bytes.append(maskBit | UInt8(payload.count))
        case 126..<65_536:
            bytes += [maskBit | 126, UInt8(payload.count >> 8), UInt8(truncatingIfNeeded: payload.count)]
        default:
            bytes.append(maskBit | 127)
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift))
            }
        }
        guard let mask else { return bytes + payload }
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }

    /// Takes all whole frames off the front, unmasked.
    public static func read(_ bytes: inout [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        while let frame = readFirst(&bytes) { frames.append(frame) }
        return frames
    }

    /// Takes the first frame off the front, unmasked; nil when it is not whole.
    public static func readFirst(_ bytes: inout [UInt8]) -> Frame? {
        guard bytes.count >= 2 else { return nil }
        var length = Int(bytes[1] & 0x7F)
        var start = 2
        if length >= 126 {
            let size = length == 126 ? 2 : 8
            guard bytes.count >= 2 + size else { return nil }
            length = bytes[2..<2 + size].reduce(0) { $0 << 8 | Int($1) }
            start += size
        }
        var mask: [UInt8]?
        if bytes[1] & 0x80 != 0 {
            guard bytes.count >= start + 4 else { return nil }
            mask = Array(bytes[start..<start + 4])
            start += 4
        }
        guard bytes.count >= start + length else { return nil }
        var frame = Frame(bytes[0] & 0x0F, Array(bytes[start..<start + length]), mask: mask)
        frame.first = bytes[0]
        if let mask { frame.payload = frame.payload.enumerated().map { $1 ^ mask[$0 % 4] } }
        bytes.removeFirst(start + length)
        return frame
    }
}
