import Testing
import TurnCore
import TurnInference

/// Each kind of damage to a model file has an error that names what was expected or found.
@Suite struct DamagedModelTests {
    /// What is done to the shipped file, and words that the error must hold.
    struct Damage: CustomTestStringConvertible, Sendable {
        let what: String
        let words: [String]
        let apply: @Sendable (inout [UInt8], ONNXBytes) throws -> Void

        init(
            _ what: String, _ words: [String],
            _ apply: @escaping @Sendable (inout [UInt8], ONNXBytes) throws -> Void
        ) {
            self.what = what
            self.words = words
            self.apply = apply
        }

        var testDescription: String { what }
    }

    private static let norm = "inner.encoder.layer_norm.weight"
    private static let weight = "inner.encoder.conv1.weight_quantized"

    private static func setFloat(_ value: Float, _ bytes: inout [UInt8], _ range: Range<Int>) {
        for index in 0..<4 {
            bytes[range.lowerBound + 20 + index] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * index))
        }
    }

    private static func node(_ type: String, _ bytes: [UInt8], _ layout: ONNXBytes) throws -> ONNXBytes.Node {
        try #require(layout.nodes.first { String(decoding: bytes[$0.type], as: UTF8.self) == type })
    }

    private static func rename(_ type: String, _ other: String, _ bytes: inout [UInt8], _ layout: ONNXBytes)
        throws
    {
        bytes.replaceSubrange(try node(type, bytes, layout).type, with: Array(other.utf8))
    }

    /// Changes the first occurrence of some bytes within a node.
    private static func replace(
        _ old: [UInt8], by new: [UInt8], in node: ONNXBytes.Node, _ bytes: inout [UInt8]
    ) throws {
        let start = try #require(node.range.first { bytes[$0...].starts(with: old) })
        bytes.replaceSubrange(start..<(start + old.count), with: new)
    }

    static let damages: [Damage] = [
        Damage("a weight that is not a number", ["layer_norm.weight", "finite"]) { bytes, layout in
            setFloat(.nan, &bytes, try #require(layout.tensors[norm]).data)
        },
        Damage("an infinite scale", ["conv1.weight_scale", "finite"]) { bytes, layout in
            setFloat(.infinity, &bytes, try #require(layout.tensors["inner.encoder.conv1.weight_scale"]).data)
        },
        Damage("a zero point", ["conv1.weight", "zero point"]) { bytes, layout in
            bytes[try #require(layout.tensors["inner.encoder.conv1.weight_zero_point"]).data.lowerBound] = 1
        },
        Damage("another width", ["layer_norm.weight", "[385]", "[384]"]) { bytes, layout in
            bytes[try #require(layout.tensors[norm]).dimensions[0].lowerBound] += 1
        },
        Damage("another element type", ["layer_norm.weight", "int32", "float32"]) { bytes, layout in
            bytes[try #require(layout.tensors[norm]).elementType.lowerBound] = 6
        },
        Damage("an unknown element type", ["conv1.weight", "ONNX type 99", "int8"]) { bytes, layout in
            bytes[try #require(layout.tensors[weight]).elementType.lowerBound] = 99
        },
        Damage("another operation", ["Sinh"]) { bytes, layout in try rename("Tanh", "Sinh", &bytes, layout) },
        Damage("another normalisation", ["LayerNormalizatiom"]) { bytes, layout in
            try rename("LayerNormalization", "LayerNormalizatiom", &bytes, layout)
        },
        Damage("no sigmoid", ["sigmoid"]) { bytes, layout in try rename("Sigmoid", "Dropout", &bytes, layout)
        },
        Damage("a normalisation along another axis", ["LayerNormalization"]) { bytes, layout in
            // attribute "axis", field 3: -1, becomes -2
            let old = Array("axis".utf8) + [0x18, 0xff]
            let norm = try node("LayerNormalization", bytes, layout)
            try replace(old, by: old.dropLast() + [0xfe], in: norm, &bytes)
        },
        Damage("channels in another place", ["Transpose"]) { bytes, layout in
            // attribute "perm", field 8 each: 0 2 1, becomes 0 1 2
            let transpose = try node("Transpose", bytes, layout)
            try replace([0x40, 2, 0x40, 1], by: [0x40, 1, 0x40, 2], in: transpose, &bytes)
        },
        Damage("a cut at half", ["damaged", "left"]) { bytes, _ in bytes.removeLast(bytes.count / 2) },
        Damage("a missing last byte", ["damaged"]) { bytes, _ in bytes.removeLast() },
        Damage("nothing at all", ["ONNX"]) { bytes, _ in bytes = [] },
        Damage("text", ["ONNX"]) { bytes, _ in bytes = Array("<html>not found</html>".utf8) },
        Damage("a picture", ["ONNX"]) { bytes, _ in bytes = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
        },
        Damage("zeros", ["ONNX"]) { bytes, _ in bytes = [UInt8](repeating: 0, count: 100_000) },
        Damage("the voice activity model", ["Smart Turn v3"]) { bytes, _ in
            bytes = try TestData.bytes(TestModels.sileroFile)
        },
    ]

    @Test(arguments: damages)
    func `damage to a Smart Turn file is named`(damage: Damage) throws {
        var bytes = try TestData.bytes(TestModels.shippedFile)
        try damage.apply(&bytes, ONNXBytes(bytes))
        let error = try #require(throws: TurnError.self) { _ = try Self.smartTurn(bytes) }
        #expect(error.code == .invalidModel)
        for word in damage.words { #expect(error.message.contains(word), "\(error.message)") }
        expectOneLine(error)
    }

    @Test func `a file of another kind is not a Silero VAD file`() throws {
        let shipped = try TestData.bytes(TestModels.shippedFile)
        let error = try #require(throws: TurnError.self) { _ = try Self.silero(shipped) }
        #expect(error.code == .invalidModel)
        #expect(error.message.contains("model.stft.forward_basis_buffer"))
        #expect(error.message.contains(ModelFile.sileroVAD.fileName))
        expectOneLine(error)
    }

    @Test func `damage to a Silero VAD file is named`() throws {
        let shipped = try TestData.bytes(TestModels.sileroFile)
        let layout = ONNXBytes(shipped)
        let gates = "model.decoder.rnn.weight_hh"
        let tensor = try #require(layout.tensors[gates])

        var bytes = shipped
        Self.setFloat(.nan, &bytes, tensor.data)
        #expect(throws: TurnError.self) { try Self.silero(bytes) }

        bytes = shipped
        bytes[tensor.dimensions[0].lowerBound] ^= 1
        let error = try #require(throws: TurnError.self) { _ = try Self.silero(bytes) }
        for word in [gates, "[513, 128]", "[512, 128]"] {
            #expect(error.message.contains(word), "\(error.message)")
        }
        expectOneLine(error)
    }

    @Test func `files that cannot be read say why`() throws {
        let missing = try #require(throws: TurnError.self) {
            _ = try SmartTurnModel(contentsOf: "no/such.onnx")
        }
        #expect(missing.code == .modelMissing)
        #expect(missing.message.contains("no/such.onnx"))
        let folder = try #require(throws: TurnError.self) {
            _ = try SileroVAD(contentsOf: TestData.path("models"))
        }
        #expect(folder.code == .invalidModel || folder.code == .inputOutput)
        expectOneLine(missing)
        expectOneLine(folder)
    }

    static func smartTurn(_ bytes: [UInt8]) throws -> SmartTurnModel {
        try bytes.withUnsafeBytes { try SmartTurnModel(bytes: $0) }
    }

    static func silero(_ bytes: [UInt8]) throws -> SileroVAD {
        try bytes.withUnsafeBytes { try SileroVAD(bytes: $0) }
    }
}

/// An error's text is one line of readable length, whatever names the file holds.
func expectOneLine(_ error: TurnError, sourceLocation: SourceLocation = #_sourceLocation) {
    let isPlain = error.message.unicodeScalars.allSatisfy {
        $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value)
    }
    #expect(isPlain, "\(error.message.debugDescription)", sourceLocation: sourceLocation)
    #expect((10...500).contains(error.message.count), sourceLocation: sourceLocation)
}
