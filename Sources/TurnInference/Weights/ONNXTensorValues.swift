import TurnCore

extension ONNXModel.Tensor {
    /// The values of a float32 tensor, all finite.
    ///
    /// - Parameter expected: the shape that the architecture asks for; nil takes any.
    /// - Returns: the values in the order of the file.
    /// - Throws: ``TurnError`` `.invalidModel` naming what was expected and found.
    func floats(shape expected: [Int]? = nil) throws(TurnError) -> [Float] {
        let count = try elementCount(.float32, expected)
        var values = [Float](repeating: 0, count: count)
        values.withUnsafeMutableBytes {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: data[..<$0.count]))
        }
        guard values.allSatisfy({ $0.isFinite }) else {
            throw TurnError(.invalidModel, "\(label) holds a value that is not finite; fetch the model again")
        }
        return values
    }

    /// The values of an int8 tensor.
    ///
    /// They stay the file's: use them only while the file's bytes are there.
    func int8s(shape expected: [Int]? = nil) throws(TurnError) -> UnsafeBufferPointer<Int8> {
        let count = try elementCount(.int8, expected)
        return UnsafeRawBufferPointer(rebasing: data[..<count]).bindMemory(to: Int8.self)
    }

    /// The values of an int32 tensor.
    func int32s(shape expected: [Int]? = nil) throws(TurnError) -> [Int32] {
        let count = try elementCount(.int32, expected)
        return (0..<count).map {
            Int32(littleEndian: data.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self))
        }
    }

    /// Whether the tensor has integers of which none differs from 0. A packed varint of 0 is a byte of 0, too.
    var isZero: Bool {
        data.count + packedIntegers.count > 0 && data.allSatisfy { $0 == 0 }
            && packedIntegers.allSatisfy { $0 == 0 }
    }

    var elementType: ElementType? { ElementType(rawValue: rawElementType) }

    /// For error texts.
    var label: String { name.isEmpty ? "an unnamed tensor" : "the tensor \(name.prefix(80))" }

    private func elementCount(_ type: ElementType, _ expected: [Int]?) throws(TurnError) -> Int {
        guard elementType == type else {
            let found = elementType.map { "\($0)" } ?? "ONNX type \(rawElementType)"
            throw TurnError(
                .invalidModel,
                "\(label) is \(found) where \(type) is expected; use a Smart Turn v3 or Silero VAD v6 file")
        }
        if let expected, expected != shape {
            throw TurnError(
                .invalidModel,
                "\(label) has the shape \(shape) where \(expected) is expected; use a Smart Turn v3 or Silero VAD v6 file"
            )
        }
        guard !isExternal else {
            throw TurnError(
                .invalidModel, "\(label) keeps its data in another file; export the model as a single file")
        }
        var count = 1
        for dimension in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard dimension >= 0, !overflow, product <= data.count else {
                throw damaged
            }
            count = product
        }
        guard count * type.byteCount == data.count else { throw damaged }
        return count
    }

    private var damaged: TurnError {
        TurnError(
            .invalidModel,
            "\(label) of shape \(shape) has \(data.count) bytes, which do not fit together; fetch the model again"
        )
    }
}
