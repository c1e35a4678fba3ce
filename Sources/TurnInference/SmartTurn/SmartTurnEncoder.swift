import CTurnKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

private typealias A = SmartTurnArchitecture

/// The network of Smart Turn v3 in float32: stem, four pre-norm transformer layers, attention pooling, classifier.
struct SmartTurnEncoder: Sendable {
    private let weights: SmartTurnWeights

    init(_ weights: SmartTurnWeights) { self.weights = weights }

    /// Runs the network.
    ///
    /// - Parameters:
    ///   - features: [mel 80][time 800].
    ///   - observe: is handed each stage's values as they are made.
    /// - Returns: P(turn ended), 0...1.
    func probability(
        _ features: UnsafeBufferPointer<Float>,
        observe: ((SmartTurnModel.Stage, UnsafeBufferPointer<Float>) -> Void)?
    ) -> Float {
        let space = SmartTurnWorkspace()
        func report(_ stage: SmartTurnModel.Stage, _ values: UnsafePointer<Float>, _ count: Int) {
            observe?(stage, UnsafeBufferPointer(start: values, count: count))
        }
        let tokens = A.tokenCount * A.width

        stem(features, space) { report(.conv1, $0, A.frameCount * A.width) }
        report(.embedding, space.residual, tokens)
        for (index, layer) in weights.layers.enumerated() {
            attention(layer, space)
            feedForward(layer, space)
            report(.layer(index), space.residual, tokens)
        }
        normalise(weights.finalNorm, space.residual, A.tokenCount, into: space.normed)
        report(.finalNorm, space.normed, tokens)
        pool(space)
        report(.pooled, space.pooled, A.width)
        var logit = classify(space)
        report(.logit, &logit, 1)
        return 1 / (1 + expf(-logit))
    }

    // MARK: Parts

    /// Two convolutions with GELU, then the positions. Time-major rows let a convolution read its three taps as
    /// one row of a matrix whose rows overlap.
    private func stem(
        _ features: UnsafeBufferPointer<Float>, _ space: borrowing SmartTurnWorkspace,
        _ report: (UnsafePointer<Float>) -> Void
    ) {
        let input = space.paddedInput
        for time in 0..<A.frameCount {
            for mel in 0..<A.melCount {
                input[(time + 1) * A.melCount + mel] = features[mel * A.frameCount + time]
            }
        }
        let first = space.paddedConv1 + A.width
        weights.conv1.apply(
            input, stride: A.melCount, rows: A.frameCount, to: first, stride: A.width, space.panel)
        turn_f32_gelu(first, A.frameCount * A.width)
        report(first)
        weights.conv2.apply(
            space.paddedConv1, stride: 2 * A.width, rows: A.tokenCount, to: space.residual, stride: A.width,
            space.panel)
        turn_f32_gelu(space.residual, A.tokenCount * A.width)
        for index in 0..<(A.tokenCount * A.width) { space.residual[index] += weights.positions[index] }
    }

    /// Adds the attention block to the residual stream.
    private func attention(_ layer: SmartTurnWeights.Layer, _ space: borrowing SmartTurnWorkspace) {
        let stride = 3 * A.width
        normalise(layer.attentionNorm, space.residual, A.tokenCount, into: space.normed)
        for (index, projection) in [layer.query, layer.key, layer.value].enumerated() {
            projection.apply(
                space.normed, stride: A.width, rows: A.tokenCount, to: space.wide + index * A.width,
                stride: stride, space.panel)
        }
        for head in 0..<A.headCount {
            let query = space.wide + head * A.headWidth
            let key = query + A.width
            let value = query + 2 * A.width
            let width = LinearWeights.panelWidth
            for panel in 0..<(A.tokenCount / width) {
                for channel in 0..<A.headWidth {
                    for token in 0..<width {
                        space.panel[channel * width + token] = key[(panel * width + token) * stride + channel]
                    }
                }
                turn_f32_gemm_panel(
                    query, stride, A.tokenCount, A.headWidth, space.panel, space.zeros,
                    space.scores + panel * width, A.tokenCount, width, 0)
            }
            turn_f32_softmax(space.scores, A.tokenCount, A.tokenCount, A.attentionScale)
            for panel in 0..<(A.headWidth / width) {
                for token in 0..<A.tokenCount {
                    (space.panel + token * width).update(
                        from: value + token * stride + panel * width, count: width)
                }
                turn_f32_gemm_panel(
                    space.scores, A.tokenCount, A.tokenCount, A.tokenCount, space.panel, space.zeros,
                    space.mixed + head * A.headWidth + panel * width, A.width, width, 0)
            }
        }
        layer.output.apply(
            space.mixed, stride: A.width, rows: A.tokenCount, to: space.residual, stride: A.width,
            space.panel,
            adding: true)
    }

    /// Adds the feed-forward block to the residual stream.
    private func feedForward(_ layer: SmartTurnWeights.Layer, _ space: borrowing SmartTurnWorkspace) {
        normalise(layer.feedForwardNorm, space.residual, A.tokenCount, into: space.normed)
        layer.expand.apply(
            space.normed, stride: A.width, rows: A.tokenCount, to: space.wide, stride: A.feedForwardWidth,
            space.panel)
        turn_f32_gelu(space.wide, A.tokenCount * A.feedForwardWidth)
        layer.contract.apply(
            space.wide, stride: A.feedForwardWidth, rows: A.tokenCount, to: space.residual, stride: A.width,
            space.panel, adding: true)
    }

    /// The tokens mixed by a learned attention.
    private func pool(_ space: borrowing SmartTurnWorkspace) {
        weights.pool0.apply(
            space.normed, stride: A.width, rows: A.tokenCount, to: space.wide, stride: A.poolWidth,
            space.panel)
        for index in 0..<(A.tokenCount * A.poolWidth) { space.wide[index] = tanhf(space.wide[index]) }
        weights.pool2.apply(
            space.wide, stride: A.poolWidth, rows: A.tokenCount, to: space.scores, stride: 1, space.panel)
        turn_f32_softmax(space.scores, 1, A.tokenCount, 1)
        for channel in 0..<A.width {
            var sum: Float = 0
            for token in 0..<A.tokenCount {
                sum += space.normed[token * A.width + channel] * space.scores[token]
            }
            space.pooled[channel] = sum
        }
    }

    private func classify(_ space: borrowing SmartTurnWorkspace) -> Float {
        let (first, second) = A.classifierWidths
        weights.classifier0.apply(
            space.pooled, stride: A.width, rows: 1, to: space.wide, stride: first, space.panel)
        normalise(weights.classifierNorm, space.wide, 1, into: space.mixed)
        turn_f32_gelu(space.mixed, first)
        weights.classifier1.apply(
            space.mixed, stride: first, rows: 1, to: space.wide, stride: second, space.panel)
        turn_f32_gelu(space.wide, second)
        weights.classifier2.apply(
            space.wide, stride: second, rows: 1, to: space.scores, stride: 1, space.panel)
        return space.scores[0]
    }

    private func normalise(
        _ norm: SmartTurnWeights.Norm, _ values: UnsafePointer<Float>, _ rows: Int,
        into output: UnsafeMutablePointer<Float>
    ) {
        turn_f32_layer_norm(
            values, rows, norm.weight.count, norm.weight, norm.bias, A.layerNormEpsilon, output)
    }
}

/// The memory of one run of the network, about 8 MB.
struct SmartTurnWorkspace: ~Copyable {
    /// [1 + 800 + 1][80], first and last row zero.
    let paddedInput = Self.allocate((A.frameCount + 2) * A.melCount)
    /// [1 + 800 + 1][384], first and last row zero.
    let paddedConv1 = Self.allocate((A.frameCount + 2) * A.width)
    let residual = Self.allocate(A.tokenCount * A.width)
    let normed = Self.allocate(A.tokenCount * A.width)
    let mixed = Self.allocate(A.tokenCount * A.width)
    /// Queries, keys and values, or the feed-forward block's inside.
    let wide = Self.allocate(A.tokenCount * A.feedForwardWidth)
    let scores = Self.allocate(A.tokenCount * A.tokenCount)
    let pooled = Self.allocate(A.width)
    /// One panel of float weights, of the layer with the most inputs.
    let panel = Self.allocate(A.feedForwardWidth * LinearWeights.panelWidth)
    let zeros = Self.allocate(LinearWeights.panelWidth)

    private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
        let pointer = UnsafeMutablePointer<Float>.allocate(capacity: count)
        pointer.initialize(repeating: 0, count: count)
        return pointer
    }

    deinit {
        for pointer in [
            paddedInput, paddedConv1, residual, normed, mixed, wide, scores, pooled, panel, zeros,
        ] {
            pointer.deallocate()
        }
    }
}
