import TurnCore

/// The parts of an ONNX file that weights are read from. The tensors point into the file's bytes.
///
/// Source: onnx.proto of ONNX 1.18 (`ModelProto`, `GraphProto`, `NodeProto`, `AttributeProto`, `TensorProto`).
struct ONNXModel {
    /// Larger counts belong to no model of ours; they bound time and memory for hostile files.
    static let maximumNodeCount = 8_192
    static let maximumInitializerCount = 8_192
    static let maximumListCount = 64

    struct Tensor {
        enum ElementType: Int {
            case float32 = 1
            case uint8 = 2
            case int8 = 3
            case int32 = 6
            case int64 = 7

            var byteCount: Int {
                switch self {
                case .float32, .int32: 4
                case .uint8, .int8: 1
                case .int64: 8
                }
            }
        }

        var name = ""
        var shape: [Int] = []
        /// ONNX's own number, of which ``ElementType`` knows those that our models use.
        var rawElementType = 0
        var data = UnsafeRawBufferPointer(start: nil, count: 0)
        /// Values that the file keeps as packed varints, as exporters do for small integers.
        var packedIntegers = UnsafeRawBufferPointer(start: nil, count: 0)
        var isExternal = false
    }

    enum Attribute {
        case int(Int)
        case float(Float)
        case ints([Int])
        case string(String)
        case tensor(Tensor)
        case other
    }

    struct Node {
        var type = ""
        var inputs: [String] = []
        var outputs: [String] = []
        var attributes: [String: Attribute] = [:]
    }

    private(set) var nodes: [Node] = []
    private(set) var initializers: [Tensor] = []
    private(set) var inputs: [String] = []
    private(set) var outputs: [String] = []

    /// - Parameter bytes: a whole file; it must outlive this value.
    /// - Throws: ``TurnError`` `.invalidModel`.
    init(_ bytes: UnsafeRawBufferPointer) throws(TurnError) {
        var reader = ProtobufReader(bytes)
        var hasGraph = false
        while let field = try reader.next() {
            if field.number == 7, case .bytes(let graph) = field.value {
                try parseGraph(graph)
                hasGraph = true
            }
        }
        guard hasGraph else {
            throw TurnError(.invalidModel, "the model file holds no ONNX graph; fetch it again")
        }
    }

    private mutating func parseGraph(_ bytes: UnsafeRawBufferPointer) throws(TurnError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            guard case .bytes(let value) = field.value else { continue }
            switch field.number {
            case 1:
                try Self.check(nodes.count, below: Self.maximumNodeCount, "nodes")
                nodes.append(try Self.parseNode(value))
            case 5:
                try Self.check(initializers.count, below: Self.maximumInitializerCount, "initializers")
                initializers.append(try Self.parseTensor(value))
            case 11:
                try Self.check(inputs.count, below: Self.maximumListCount, "inputs")
                inputs.append(try Self.parseValueName(value))
            case 12:
                try Self.check(outputs.count, below: Self.maximumListCount, "outputs")
                outputs.append(try Self.parseValueName(value))
            default: continue
            }
        }
    }

    private static func parseNode(_ bytes: UnsafeRawBufferPointer) throws(TurnError) -> Node {
        var node = Node()
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            guard case .bytes(let value) = field.value else { continue }
            switch field.number {
            case 1:
                try check(node.inputs.count, below: maximumListCount, "inputs of a node")
                node.inputs.append(string(value))
            case 2:
                try check(node.outputs.count, below: maximumListCount, "outputs of a node")
                node.outputs.append(string(value))
            case 4: node.type = string(value)
            case 5:
                try check(node.attributes.count, below: maximumListCount, "attributes of a node")
                let (name, attribute) = try parseAttribute(value)
                node.attributes[name] = attribute
            default: continue
            }
        }
        return node
    }

    private static func parseAttribute(
        _ bytes: UnsafeRawBufferPointer
    ) throws(TurnError) -> (String, Attribute) {
        var name = ""
        var attribute = Attribute.other
        var ints: [Int] = []
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let value)): name = string(value)
            case (2, .fixed32(let value)): attribute = .float(Float(bitPattern: value))
            case (3, .varint(let value)): attribute = .int(Int(truncatingIfNeeded: value))
            case (4, .bytes(let value)): attribute = .string(string(value))
            case (5, .bytes(let value)): attribute = .tensor(try parseTensor(value))
            case (8, .varint(let value)):
                try check(ints.count, below: maximumListCount, "numbers in an attribute")
                ints.append(Int(truncatingIfNeeded: value))
            case (8, .bytes(let value)):
                ints += try ProtobufReader.packedVarints(value, limit: maximumListCount)
                    .map { Int(truncatingIfNeeded: $0) }
            default: continue
            }
        }
        return (name, ints.isEmpty ? attribute : .ints(ints))
    }

    private static func parseTensor(_ bytes: UnsafeRawBufferPointer) throws(TurnError) -> Tensor {
        var tensor = Tensor()
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let value)):
                try check(tensor.shape.count, below: maximumListCount, "dimensions of a tensor")
                tensor.shape.append(Int(truncatingIfNeeded: value))
            case (1, .bytes(let value)):
                tensor.shape += try ProtobufReader.packedVarints(value, limit: maximumListCount)
                    .map { Int(truncatingIfNeeded: $0) }
            case (2, .varint(let value)): tensor.rawElementType = Int(truncatingIfNeeded: value)
            // float_data, packed, has the very bytes that raw_data would have
            case (4, .bytes(let value)), (9, .bytes(let value)): tensor.data = value
            case (5, .bytes(let value)): tensor.packedIntegers = value
            case (8, .bytes(let value)): tensor.name = string(value)
            case (14, .varint(let value)): tensor.isExternal = value == 1
            default: continue
            }
        }
        return tensor
    }

    private static func parseValueName(_ bytes: UnsafeRawBufferPointer) throws(TurnError) -> String {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            if field.number == 1, case .bytes(let value) = field.value { return string(value) }
        }
        return ""
    }

    /// Text as error messages can show it: one line, without control characters.
    private static func string(_ bytes: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var plain = String.UnicodeScalarView()
        plain.append(contentsOf: text.unicodeScalars.map { isControl($0) ? "\u{fffd}" : $0 })
        return String(plain)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func check(_ count: Int, below limit: Int, _ what: String) throws(TurnError) {
        guard count < limit else {
            throw TurnError(
                .invalidModel,
                "the model file has more than \(limit) \(what), which no model of this family has; fetch it again"
            )
        }
    }
}
