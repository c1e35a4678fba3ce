import TurnCore

/// The constant tensors of a graph, found through initializers, `Constant` nodes and what only rearranges or
/// dequantises them.
struct ONNXConstants {
    /// A tensor whose values are known when the file is read.
    struct Constant {
        enum Values {
            case plain(ONNXModel.Tensor)
            /// `(values - 0) x scale`, one scale for the tensor or for each index of `axis`.
            case quantised(ONNXModel.Tensor, scale: ONNXModel.Tensor, axis: Int)
        }

        let values: Values
        /// A matrix that is used with rows and columns exchanged.
        var isTransposed = false

        var shape: [Int] {
            switch values {
            case .plain(let tensor), .quantised(let tensor, scale: _, axis: _):
                isTransposed ? tensor.shape.reversed() : tensor.shape
            }
        }
    }

    private var byName: [String: Constant] = [:]

    init(_ initializers: [ONNXModel.Tensor]) throws(TurnError) {
        for tensor in initializers {
            guard byName.updateValue(Constant(values: .plain(tensor)), forKey: tensor.name) == nil else {
                throw TurnError(.invalidModel, "\(tensor.label) is defined twice; fetch the model again")
            }
        }
    }

    subscript(name: String) -> Constant? { byName[name] }

    /// Takes the output of `node` up, if `node` only makes a constant of constants.
    ///
    /// - Returns: whether it did; if not the node computes on data (or on shapes).
    mutating func define(by node: ONNXModel.Node) throws(TurnError) -> Bool {
        guard let output = node.outputs.first, byName[output] == nil else { return false }
        switch node.type {
        case "Constant":
            // constants of other kinds (lists, sparse tensors) are shape arithmetic and stay unknown
            guard case .tensor(var tensor)? = node.attributes["value"] else { return true }
            tensor.name = output
            byName[output] = Constant(values: .plain(tensor))
            return true
        case "Identity":
            guard let input = node.inputs.first, let constant = byName[input] else { return false }
            byName[output] = constant
            return true
        case "Transpose":
            guard let input = node.inputs.first, var constant = byName[input], constant.shape.count == 2,
                case .ints([1, 0])? = node.attributes["perm"]
            else { return false }
            constant.isTransposed.toggle()
            byName[output] = constant
            return true
        case "DequantizeLinear":
            guard let input = node.inputs.first, let constant = byName[input] else { return false }
            byName[output] = try dequantised(constant, node)
            return true
        default: return false
        }
    }

    private func dequantised(_ constant: Constant, _ node: ONNXModel.Node) throws(TurnError) -> Constant {
        guard case .plain(let tensor) = constant.values, !constant.isTransposed, node.inputs.count >= 2,
            case .plain(let scale)? = byName[node.inputs[1]]?.values
        else {
            throw TurnError(
                .invalidModel,
                "the node that dequantises \(node.inputs[0].prefix(80)) has no constant scale; fetch the model again"
            )
        }
        if node.inputs.count >= 3, !node.inputs[2].isEmpty {
            guard case .plain(let zeroPoint)? = byName[node.inputs[2]]?.values,
                zeroPoint.isZero
            else {
                throw TurnError(
                    .invalidModel,
                    "\(tensor.label) has a zero point that is not 0; weights quantised symmetrically are expected"
                )
            }
        }
        var axis = 1
        if case .int(let value)? = node.attributes["axis"] { axis = value }
        return Constant(values: .quantised(tensor, scale: scale, axis: axis))
    }
}

extension ONNXConstants.Constant {
    /// The value of a one-element float tensor, nil for anything else.
    var scalar: Float? {
        guard case .plain(let tensor) = values, tensor.elementType == .float32,
            tensor.shape.allSatisfy({ $0 == 1 }), tensor.data.count == 4
        else { return nil }
        return try? tensor.floats()[0]
    }

    /// The float values of a vector of `count` elements, dequantised where needed.
    func vector(_ count: Int) throws(TurnError) -> [Float] {
        switch values {
        case .plain(let tensor):
            return try tensor.floats(shape: [count])
        case .quantised(let tensor, let scale, axis: _):
            let codes = try tensor.int32s(shape: [count])
            let scales = try scale.floats()
            guard scales.count == count || scales.count == 1 else {
                throw TurnError(
                    .invalidModel,
                    "\(scale.label) has \(scales.count) scales where \(count) are expected; fetch the model again"
                )
            }
            return codes.indices.map { Float(codes[$0]) * scales[scales.count == 1 ? 0 : $0] }
        }
    }
}
