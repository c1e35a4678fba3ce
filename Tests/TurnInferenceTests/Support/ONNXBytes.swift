/// Where things stand in the bytes of an ONNX file, so that a test can damage one of them.
///
/// A walk of its own over protobuf's fields, independent of the library's reader.
struct ONNXBytes {
    struct Field {
        let number: Int
        let wireType: Int
        /// The value without tag and length.
        let value: Range<Int>
    }

    struct Tensor {
        /// The value of each dimension, as a varint.
        var dimensions: [Range<Int>] = []
        var elementType: Range<Int> = 0..<0
        /// Raw data, packed floats, or packed varints.
        var data: Range<Int> = 0..<0
    }

    struct Node {
        /// All its bytes.
        var range: Range<Int>
        var type: Range<Int> = 0..<0
    }

    private(set) var tensors: [String: Tensor] = [:]
    private(set) var nodes: [Node] = []
    /// Bytes that hold structure, not the data of tensors.
    private(set) var structure: [Range<Int>] = []

    init(_ bytes: [UInt8]) {
        var dataRanges: [Range<Int>] = []
        for field in Self.fields(bytes, 0..<bytes.count) where field.number == 7 {
            for part in Self.fields(bytes, field.value) {
                if part.number == 1 { nodes.append(Self.node(bytes, part.value)) }
                guard part.number == 5 else { continue }
                var name = ""
                var tensor = Tensor()
                for item in Self.fields(bytes, part.value) {
                    switch item.number {
                    case 1 where item.wireType == 0: tensor.dimensions.append(item.value)
                    case 1: tensor.dimensions += Self.varints(bytes, item.value)
                    case 2: tensor.elementType = item.value
                    case 8: name = String(decoding: bytes[item.value], as: UTF8.self)
                    case 4, 5, 9: tensor.data = item.value
                    default: break
                    }
                }
                tensors[name] = tensor
                dataRanges.append(tensor.data)
            }
        }
        var start = 0
        for range in dataRanges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if range.lowerBound > start { structure.append(start..<range.lowerBound) }
            start = range.upperBound
        }
        if start < bytes.count { structure.append(start..<bytes.count) }
    }

    private static func node(_ bytes: [UInt8], _ range: Range<Int>) -> Node {
        var node = Node(range: range)
        for item in fields(bytes, range) where item.number == 4 { node.type = item.value }
        return node
    }

    private static func varints(_ bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = range.lowerBound
        for index in range where bytes[index] < 0x80 {
            found.append(start..<(index + 1))
            start = index + 1
        }
        return found
    }

    private static func fields(_ bytes: [UInt8], _ range: Range<Int>) -> [Field] {
        var offset = range.lowerBound
        func varint() -> Int {
            var value = 0
            var shift = 0
            while offset < range.upperBound {
                value |= Int(bytes[offset] & 0x7f) << shift
                shift += 7
                offset += 1
                if bytes[offset - 1] < 0x80 { break }
            }
            return value
        }
        var found: [Field] = []
        while offset < range.upperBound {
            let tag = varint()
            var start = offset
            switch tag & 7 {
            case 0: _ = varint()
            case 1: offset += 8
            case 5: offset += 4
            default:
                let length = varint()
                start = offset
                offset += length
            }
            found.append(Field(number: tag >> 3, wireType: tag & 7, value: start..<offset))
        }
        return found
    }
}

/// Writes protobuf messages, for files that no exporter would make.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ number: Int, _ value: UInt64) {
        append(UInt64(number) << 3)
        append(value)
    }

    mutating func message(_ number: Int, _ content: [UInt8]) {
        append(UInt64(number) << 3 | 2)
        append(UInt64(content.count))
        bytes += content
    }

    mutating func text(_ number: Int, _ value: String) { message(number, Array(value.utf8)) }

    private mutating func append(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    static func build(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }
}
