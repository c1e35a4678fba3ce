import TurnCore

private typealias A = SmartTurnArchitecture

/// Finds the role of each weight of a Smart Turn v3 file by where its operation stands in the graph.
struct SmartTurnGraph {
    private let flow: ONNXDataflow
    private var used = 1

    init(_ model: ONNXModel) throws(TurnError) { flow = try ONNXDataflow(model) }

    /// Reads all weights.
    ///
    /// - Throws: ``TurnError`` `.invalidModel` naming the part that differs from the architecture.
    mutating func weights() throws(TurnError) -> SmartTurnWeights {
        let conv1 = try only("the first convolution", from: AnchorSet(0)) {
            Self.isConvolution($0, stride: 1)
        }
        let conv2 = try only("the second convolution", from: AnchorSet(conv1), gelu: true) {
            Self.isConvolution($0, stride: 2)
        }
        guard flow.addedToConvolution.count == 1, let positions = flow.constants[flow.addedToConvolution[0]],
            case .plain(let embedding) = positions.values
        else { throw Self.missing("the positional embedding") }
        var shape = embedding.shape
        if shape.first == 1, shape.count == 3 { shape.removeFirst() }
        guard shape == [A.tokenCount, A.width] else {
            throw TurnError(
                .invalidModel,
                "the positional embedding has the shape \(embedding.shape) where [\(A.tokenCount), \(A.width)] is expected; use a Smart Turn v3 file"
            )
        }

        var trunk = AnchorSet(conv2)
        var layers: [SmartTurnWeights.Layer] = []
        for index in 0..<A.layerCount { layers.append(try layer(index, &trunk)) }

        let finalNorm = try only("the last layer normalisation", from: trunk, Self.isLayerNorm)
        let pool0 = try only("the pooling layer", from: AnchorSet(finalNorm), Self.isLinear)
        let tanh = try only("the pooling activation", from: AnchorSet(pool0)) { $0 == .tanh }
        let pool2 = try only("the pooling scores", from: AnchorSet(tanh), Self.isLinear)
        let pooling = try only("the pooling softmax", from: AnchorSet(pool2)) { $0 == .softmax(axis: 1) }
        let pooled = AnchorSet(pooling).union(AnchorSet(finalNorm))
        let classifier0 = try only("the first classifier layer", from: pooled, Self.isLinear)
        let classifierNorm = try only(
            "the classifier's layer normalisation", from: AnchorSet(classifier0), Self.isLayerNorm)
        let classifier1 = try only(
            "the second classifier layer", from: AnchorSet(classifierNorm), gelu: true, Self.isLinear)
        let classifier2 = try only(
            "the last classifier layer", from: AnchorSet(classifier1), gelu: true, Self.isLinear)
        let sigmoid = try only("the sigmoid", from: AnchorSet(classifier2)) { $0 == .sigmoid }
        guard flow.output.sources == AnchorSet(sigmoid), flow.output.scale == 1, used == flow.anchors.count
        else {
            throw TurnError(
                .invalidModel,
                "the model has \(flow.anchors.count - 1) layers where \(used - 1) are expected; use a Smart Turn v3 file"
            )
        }

        return SmartTurnWeights(
            conv1: try convolution(conv1, inputs: A.melCount),
            conv2: try convolution(conv2, inputs: A.width),
            positions: AlignedBuffer(try embedding.floats()),
            layers: layers,
            head: SmartTurnWeights.Head(
                finalNorm: try norm(finalNorm, A.width),
                pool0: try linear(pool0, A.width, A.poolWidth),
                pool2: try linear(pool2, A.poolWidth, 1),
                classifier0: try linear(classifier0, A.width, A.classifierWidths.0),
                classifierNorm: try norm(classifierNorm, A.classifierWidths.0),
                classifier1: try linear(classifier1, A.classifierWidths.0, A.classifierWidths.1),
                classifier2: try linear(classifier2, A.classifierWidths.1, 1)))
    }

    private mutating func layer(_ index: Int, _ trunk: inout AnchorSet) throws(TurnError)
        -> SmartTurnWeights.Layer
    {
        let name = "layer \(index)"
        let attentionNorm = try only(
            "the attention norm of \(name)", from: trunk, gelu: index == 0, Self.isLayerNorm)
        let normed = AnchorSet(attentionNorm)
        // q, k and v have the same input: where their outputs go tells them apart
        let projections = anchors(from: normed, Self.isLinear)
        guard projections.count == 3 else { throw Self.missing("the three attention projections of \(name)") }
        used += 3
        let scores = try only("the attention scores of \(name)") { anchor in
            anchor.operation == .matrixProduct && anchor.inputs.count == 2
                && anchor.inputs.allSatisfy { input in
                    input.sources.single.map { projections.contains($0) } ?? false
                }
        }
        let softmax = try only("the attention softmax of \(name)", from: AnchorSet(scores)) {
            $0 == .softmax(axis: -1) || $0 == .softmax(axis: 3)
        }
        let mixture = try only("the attention mixture of \(name)") { anchor in
            anchor.operation == .matrixProduct && anchor.inputs.count == 2
                && anchor.inputs[0].sources == AnchorSet(softmax)
        }
        let query = flow.anchors[scores].inputs[0]
        let key = flow.anchors[scores].inputs[1]
        let value = flow.anchors[mixture].inputs[1]
        guard let q = query.sources.single, let k = key.sources.single, let v = value.sources.single,
            Set([q, k, v]) == Set(projections)
        else { throw Self.missing("the three attention projections of \(name)") }
        let scale = query.scale * key.scale * flow.anchors[softmax].inputs[0].scale
        guard abs(scale - A.attentionScale) < 1e-5, value.scale == 1,
            flow.anchors[mixture].inputs[0].scale == 1
        else {
            throw TurnError(
                .invalidModel,
                "the attention of \(name) is scaled by \(scale) where \(A.attentionScale) is expected; use a Smart Turn v3 file"
            )
        }
        let output = try only("the attention output of \(name)", from: AnchorSet(mixture), Self.isLinear)
        trunk = trunk.union(AnchorSet(output))
        let feedForwardNorm = try only("the feed-forward norm of \(name)", from: trunk, Self.isLayerNorm)
        let expand = try only(
            "the first feed-forward layer of \(name)", from: AnchorSet(feedForwardNorm), Self.isLinear)
        let contract = try only(
            "the second feed-forward layer of \(name)", from: AnchorSet(expand), gelu: true, Self.isLinear)
        trunk = trunk.union(AnchorSet(contract))
        return SmartTurnWeights.Layer(
            attentionNorm: try norm(attentionNorm, A.width),
            query: try linear(q, A.width, A.width),
            key: try linear(k, A.width, A.width),
            value: try linear(v, A.width, A.width),
            output: try linear(output, A.width, A.width),
            feedForwardNorm: try norm(feedForwardNorm, A.width),
            expand: try linear(expand, A.width, A.feedForwardWidth),
            contract: try linear(contract, A.feedForwardWidth, A.width))
    }

    // MARK: Finding

    private func anchors(
        from sources: AnchorSet, gelu: Bool = false, _ matches: (ONNXDataflow.Operation) -> Bool
    ) -> [Int] {
        flow.anchors.indices.filter { index in
            let anchor = flow.anchors[index]
            guard anchor.inputs.count == 1, let input = anchor.inputs.first else { return false }
            // a residual sum has passed the GELU of its first term, which the flow no longer tells
            return input.sources == sources && (input.isGELU == gelu || sources.count > 1)
                && matches(anchor.operation)
        }
    }

    private mutating func only(
        _ name: String, from sources: AnchorSet, gelu: Bool = false,
        _ matches: (ONNXDataflow.Operation) -> Bool
    ) throws(TurnError) -> Int {
        let found = anchors(from: sources, gelu: gelu, matches)
        guard found.count == 1 else { throw Self.missing(name) }
        used += 1
        return found[0]
    }

    private mutating func only(
        _ name: String, _ matches: (ONNXDataflow.Anchor) -> Bool
    ) throws(TurnError) -> Int {
        let found = flow.anchors.indices.filter { matches(flow.anchors[$0]) }
        guard found.count == 1 else { throw Self.missing(name) }
        used += 1
        return found[0]
    }

    private static func isConvolution(_ operation: ONNXDataflow.Operation, stride expected: Int) -> Bool {
        if case .convolution(weight: _, bias: _, let stride) = operation { return stride == expected }
        return false
    }

    private static func isLinear(_ operation: ONNXDataflow.Operation) -> Bool {
        if case .linear = operation { return true }
        return false
    }

    private static func isLayerNorm(_ operation: ONNXDataflow.Operation) -> Bool {
        if case .layerNormalisation = operation { return true }
        return false
    }

    private static func missing(_ name: String) -> TurnError {
        TurnError(
            .invalidModel,
            "the model does not have exactly one of what should be \(name); use a Smart Turn v3 file")
    }

    // MARK: Reading

    private func constant(_ name: String) throws(TurnError) -> ONNXConstants.Constant {
        guard let constant = flow.constants[name] else {
            throw Self.missing("the constant \(name.prefix(80))")
        }
        return constant
    }

    private func norm(_ index: Int, _ count: Int) throws(TurnError) -> SmartTurnWeights.Norm {
        guard case .layerNormalisation(let weight, let bias) = flow.anchors[index].operation else {
            throw Self.missing("a layer normalisation")
        }
        return SmartTurnWeights.Norm(
            weight: AlignedBuffer(try constant(weight).vector(count)),
            bias: AlignedBuffer(try constant(bias).vector(count)))
    }

    private func linear(_ index: Int, _ inputCount: Int, _ outputCount: Int) throws(TurnError)
        -> LinearWeights
    {
        guard case .linear(let weight, let isOutputMajor) = flow.anchors[index].operation else {
            throw Self.missing("a linear layer")
        }
        let bias = try flow.anchors[index].bias.map { (name) throws(TurnError) in
            try constant(name).vector(outputCount)
        }
        return try LinearWeights(
            try constant(weight), isOutputMajor: isOutputMajor, inputCount: inputCount,
            outputCount: outputCount, bias: bias)
    }

    private func convolution(_ index: Int, inputs: Int) throws(TurnError) -> LinearWeights {
        guard case .convolution(let weight, let biasName, stride: _) = flow.anchors[index].operation else {
            throw Self.missing("a convolution")
        }
        let bias = try biasName.map { (name) throws(TurnError) in try constant(name).vector(A.width) }
        return try LinearWeights(
            convolution: try constant(weight), inputCount: inputs, outputCount: A.width, bias: bias)
    }
}
