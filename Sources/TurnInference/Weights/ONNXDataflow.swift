import TurnCore

/// A graph reduced to the operations that carry weights or mix positions ("anchors"), and how data flows
/// between them.
///
/// Everything else on the way of the data is checked and folded: activation quantisation is dropped, scalar
/// factors multiply up, `0.5 x (1 + erf(x / sqrt 2))` becomes "GELU", an added vector becomes the bias of its
/// linear anchor. Tensor names play no part. One pass over the nodes, in the order of the file.
struct ONNXDataflow {
    enum Operation: Equatable {
        case input
        case convolution(weight: String, bias: String?, stride: Int)
        /// `isOutputMajor`: the weight matrix is [out, in].
        case linear(weight: String, isOutputMajor: Bool)
        case matrixProduct
        case layerNormalisation(weight: String, bias: String)
        case softmax(axis: Int)
        case tanh
        case sigmoid
    }

    struct Anchor {
        let operation: Operation
        let inputs: [Flow]
        var bias: String?
    }

    /// What a tensor holds: which anchors it comes from, and what happened on the way.
    struct Flow {
        var sources: AnchorSet
        var scale: Float = 1
        var isGELU = false
        fileprivate var erf = ErfStage.none
    }

    fileprivate enum ErfStage { case none, erf, onePlusErf }

    private(set) var anchors: [Anchor] = []
    /// Constants added to a convolution's output: the positional embedding.
    private(set) var addedToConvolution: [String] = []
    private(set) var constants: ONNXConstants
    private var flows: [String: Flow] = [:]

    init(_ model: ONNXModel) throws(TurnError) {
        constants = try ONNXConstants(model.initializers)
        let inputs = model.inputs.filter { constants[$0] == nil }
        guard inputs.count == 1, model.outputs.count == 1 else {
            throw TurnError(
                .invalidModel,
                "the model has \(inputs.count) inputs and \(model.outputs.count) outputs where one of each is expected; use a Smart Turn v3 file"
            )
        }
        try append(.input, [], output: inputs[0])
        for node in model.nodes {
            if try constants.define(by: node) { continue }
            try trace(node)
        }
        guard let flow = flows[model.outputs[0]] else {
            throw TurnError(.invalidModel, "nothing in the model computes its output; fetch it again")
        }
        output = flow
    }

    /// What reaches the graph's output.
    private(set) var output = Flow(sources: AnchorSet())

    private mutating func append(_ operation: Operation, _ inputs: [Flow], output: String?) throws(TurnError)
    {
        guard anchors.count < AnchorSet.capacity else {
            throw TurnError(
                .invalidModel,
                "the model has more than \(AnchorSet.capacity) layers; use a Smart Turn v3 file")
        }
        if let output { flows[output] = Flow(sources: AnchorSet(anchors.count)) }
        anchors.append(Anchor(operation: operation, inputs: inputs))
    }

    private mutating func trace(_ node: ONNXModel.Node) throws(TurnError) {
        let inputs = node.inputs.map { flows[$0] }
        let known = inputs.compactMap { $0 }
        // shape arithmetic: no data flows in, or only its shape is asked
        guard let first = known.first, node.type != "Shape", let output = node.outputs.first else { return }

        switch node.type {
        case "QuantizeLinear", "DequantizeLinear", "Reshape", "Transpose", "Identity", "Cast", "Dropout",
            "Squeeze", "Unsqueeze", "Flatten", "ReduceSum":
            guard inputs[0] != nil, Self.keepsMeaning(node) else { throw Self.unexpected(node) }
            flows[output] = first
        case "Mul", "Div": flows[output] = try scaled(node, inputs)
        case "Add": flows[output] = try added(node, inputs)
        case "Erf":
            guard abs(first.scale - 0.707_106_77) < 1e-6, !first.isGELU, first.erf == .none else {
                throw Self.unexpected(node)
            }
            flows[output] = Flow(sources: first.sources, erf: .erf)
        case "Gelu":
            if case .string("tanh")? = node.attributes["approximate"] { throw Self.unexpected(node) }
            guard first.scale == 1, !first.isGELU else { throw Self.unexpected(node) }
            flows[output] = Flow(sources: first.sources, isGELU: true)
        case "Conv", "MatMul", "Gemm", "LayerNormalization", "Softmax", "Tanh", "Sigmoid":
            guard known.allSatisfy({ $0.erf == .none }) else { throw Self.unexpected(node) }
            try append(try anchor(node, inputs), known, output: output)
            if node.type == "Gemm", node.inputs.count > 2 { anchors[anchors.count - 1].bias = node.inputs[2] }
        default: throw Self.unexpected(node)
        }
    }

    /// Whether a rearrangement is one that this family has: time and channels, or heads and tokens, change places.
    private static func keepsMeaning(_ node: ONNXModel.Node) -> Bool {
        switch node.type {
        case "Transpose":
            guard case .ints(let order)? = node.attributes["perm"] else { return false }
            return [[0, 2, 1], [0, 2, 1, 3], [0, 1, 3, 2], [0, 2, 3, 1]].contains(order)
        case "Cast":
            guard case .int(ONNXModel.Tensor.ElementType.float32.rawValue)? = node.attributes["to"] else {
                return false
            }
            return true
        default: return true
        }
    }

    private func scaled(_ node: ONNXModel.Node, _ inputs: [Flow?]) throws(TurnError) -> Flow {
        guard inputs.count == 2 else { throw Self.unexpected(node) }
        if let a = inputs[0], let b = inputs[1] {
            guard node.type == "Mul" else { throw Self.unexpected(node) }
            if a.erf == .onePlusErf || b.erf == .onePlusErf {
                guard a.sources == b.sources, a.erf != b.erf, abs(a.scale * b.scale - 0.5) < 1e-6,
                    !a.isGELU, !b.isGELU
                else { throw Self.unexpected(node) }
                return Flow(sources: a.sources, isGELU: true)
            }
            guard a.scale == 1, b.scale == 1, a.erf == .none, b.erf == .none else {
                throw Self.unexpected(node)
            }
            return Flow(sources: a.sources.union(b.sources))
        }
        let dataIndex = inputs[0] != nil ? 0 : 1
        guard var flow = inputs[dataIndex], let factor = constants[node.inputs[1 - dataIndex]]?.scalar,
            node.type == "Mul" || (dataIndex == 0 && factor != 0)
        else { throw Self.unexpected(node) }
        flow.scale = node.type == "Mul" ? flow.scale * factor : flow.scale / factor
        return flow
    }

    private mutating func added(_ node: ONNXModel.Node, _ inputs: [Flow?]) throws(TurnError) -> Flow {
        guard inputs.count == 2 else { throw Self.unexpected(node) }
        if let a = inputs[0], let b = inputs[1] {
            guard a.scale == 1, b.scale == 1, a.erf == .none, b.erf == .none else {
                throw Self.unexpected(node)
            }
            return Flow(sources: a.sources.union(b.sources))
        }
        let dataIndex = inputs[0] != nil ? 0 : 1
        let name = node.inputs[1 - dataIndex]
        guard var flow = inputs[dataIndex], let constant = constants[name] else {
            throw Self.unexpected(node)
        }
        if flow.erf == .erf {
            guard constant.scalar == 1, flow.scale == 1 else { throw Self.unexpected(node) }
            flow.erf = .onePlusErf
            return flow
        }
        guard let source = flow.sources.single, flow.scale == 1, flow.erf == .none else {
            throw Self.unexpected(node)
        }
        switch anchors[source].operation {
        case .linear where anchors[source].bias == nil && !flow.isGELU: anchors[source].bias = name
        case .convolution where flow.isGELU: addedToConvolution.append(name)
        default: throw Self.unexpected(node)
        }
        return flow
    }

    private func anchor(_ node: ONNXModel.Node, _ inputs: [Flow?]) throws(TurnError) -> Operation {
        func isConstant(_ index: Int) -> Bool {
            index < node.inputs.count && constants[node.inputs[index]] != nil
        }
        func int(_ name: String, default value: Int) -> Int {
            if case .int(let found)? = node.attributes[name] { return found }
            return value
        }
        func ints(_ name: String, default value: [Int]) -> [Int] {
            if case .ints(let found)? = node.attributes[name] { return found }
            return value
        }
        func float(_ name: String, default value: Float) -> Float {
            if case .float(let found)? = node.attributes[name] { return found }
            return value
        }
        switch node.type {
        case "Conv":
            let strides = ints("strides", default: [1])
            guard inputs[0] != nil, isConstant(1), strides.count == 1, int("group", default: 1) == 1,
                ints("pads", default: [0, 0]) == [1, 1], ints("dilations", default: [1]) == [1]
            else { throw Self.unexpected(node) }
            let bias = isConstant(2) ? node.inputs[2] : nil
            return .convolution(weight: node.inputs[1], bias: bias, stride: strides[0])
        case "MatMul":
            guard node.inputs.count == 2, inputs[0] != nil else { throw Self.unexpected(node) }
            if isConstant(1) { return .linear(weight: node.inputs[1], isOutputMajor: false) }
            guard inputs[1] != nil else { throw Self.unexpected(node) }
            return .matrixProduct
        case "Gemm":
            guard inputs[0] != nil, isConstant(1), int("transA", default: 0) == 0,
                float("alpha", default: 1) == 1, float("beta", default: 1) == 1,
                node.inputs.count < 3 || isConstant(2)
            else { throw Self.unexpected(node) }
            return .linear(weight: node.inputs[1], isOutputMajor: int("transB", default: 0) == 1)
        case "LayerNormalization":
            guard inputs[0] != nil, isConstant(1), isConstant(2), [-1, 2].contains(int("axis", default: -1)),
                abs(float("epsilon", default: 1e-5) - 1e-5) < 1e-9
            else { throw Self.unexpected(node) }
            return .layerNormalisation(weight: node.inputs[1], bias: node.inputs[2])
        case "Softmax": return .softmax(axis: int("axis", default: -1))
        case "Tanh": return .tanh
        default: return .sigmoid
        }
    }

    private static func unexpected(_ node: ONNXModel.Node) -> TurnError {
        TurnError(
            .invalidModel,
            "the model has an operation \(node.type.prefix(40)) (\((node.outputs.first ?? "").prefix(80))) where none of this kind is expected; use a Smart Turn v3 file"
        )
    }
}

/// A set of anchors, by index.
struct AnchorSet: Equatable {
    static let capacity = 128

    private var bits: SIMD2<UInt64> = .zero

    init() {}

    init(_ index: Int) { bits[index >> 6] = 1 << UInt64(index & 63) }

    var count: Int { bits[0].nonzeroBitCount + bits[1].nonzeroBitCount }

    /// The one element of a set of one.
    var single: Int? {
        guard count == 1 else { return nil }
        return bits[0] != 0 ? bits[0].trailingZeroBitCount : 64 + bits[1].trailingZeroBitCount
    }

    func contains(_ index: Int) -> Bool { bits[index >> 6] & (1 << UInt64(index & 63)) != 0 }

    func union(_ other: AnchorSet) -> AnchorSet {
        var result = self
        result.bits |= other.bits
        return result
    }
}
