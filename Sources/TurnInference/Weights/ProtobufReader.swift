import TurnCore

/// Walks the fields of one protobuf message in memory without copying.
///
/// Source: the protobuf encoding specification (varint, fixed and length-delimited fields; groups are refused,
/// ONNX has none). Every step is checked against the end of the message, whatever the bytes say.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(UnsafeRawBufferPointer)
    }

    struct Field {
        let number: Int
        let value: Value
    }

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next field, or nil at the end of the message.
    ///
    /// - Throws: ``TurnError`` `.invalidModel` for bytes that are not protobuf.
    mutating func next() throws(TurnError) -> Field? {
        guard offset < bytes.count else { return nil }
        let tag = try varint()
        let number = Int(truncatingIfNeeded: tag >> 3)
        guard number > 0, tag >> 3 < 1 << 29 else { throw Self.damaged("field number \(tag >> 3)") }
        switch tag & 7 {
        case 0: return Field(number: number, value: .varint(try varint()))
        case 1: return Field(number: number, value: .fixed64(try fixed(UInt64.self)))
        case 2:
            let length = try varint()
            guard length <= UInt64(bytes.count - offset) else {
                throw Self.damaged("a field of \(length) bytes where \(bytes.count - offset) are left")
            }
            let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(length))])
            offset += Int(length)
            return Field(number: number, value: .bytes(slice))
        case 5: return Field(number: number, value: .fixed32(try fixed(UInt32.self)))
        default: throw Self.damaged("wire type \(tag & 7)")
        }
    }

    /// All varints of a packed field.
    static func packedVarints(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(TurnError) -> [UInt64] {
        var reader = ProtobufReader(bytes)
        var values: [UInt64] = []
        while reader.offset < bytes.count {
            guard values.count < limit else { throw damaged("a list of more than \(limit) numbers") }
            values.append(try reader.varint())
        }
        return values
    }

    private mutating func varint() throws(TurnError) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard offset < bytes.count else { throw Self.damaged("a number cut off at the end") }
            let byte = bytes[offset]
            offset += 1
            result |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return result }
        }
        throw Self.damaged("a number longer than ten bytes")
    }

    private mutating func fixed<T: FixedWidthInteger>(_: T.Type) throws(TurnError) -> T {
        guard bytes.count - offset >= MemoryLayout<T>.size else {
            throw Self.damaged("a number cut off at the end")
        }
        defer { offset += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    private static func damaged(_ what: String) -> TurnError {
        TurnError(
            .invalidModel,
            "the model file is not an ONNX file or is damaged (found \(what)); fetch it again")
    }
}
