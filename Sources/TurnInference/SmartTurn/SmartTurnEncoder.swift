import CTurnKernels

private typealias A = SmartTurnArchitecture

/// The network of Smart Turn v3 in float32: stem, four pre-norm transformer layers, attention pooling, classifier.
struct SmartTurnEncoder: Sendable {
    private let weights: SmartTurnWeights
    private let kernels: KernelSet
    private let head: SmartTurnHead
    private let spaces: Pool<SmartTurnWorkspace>

    init(_ weights: SmartTurnWeights, _ kernels: KernelSet) {
        self.weights = weights
        self.kernels = kernels
        head = SmartTurnHead(weights.head, kernels)
        spaces = Pool(capacity: 2) { SmartTurnWorkspace() }
    }

    /// Runs the network.
    ///
    /// - Parameters:
    ///   - features: [mel 80][time 800].
    ///   - observe: is handed each stage's values as they are made.
    /// - Returns: the logit of P(turn ended).
    func logit(
        _ features: UnsafeBufferPointer<Float>,
        observe: ((SmartTurnModel.Stage, UnsafeBufferPointer<Float>) -> Void)?
    ) -> Float {
        spaces.withElement { space in
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
            head.normalise(space.residual, space.normed)
            report(.finalNorm, space.normed, tokens)
            head.pool(space.normed, space.head)
            head.mix(space.normed, space.head)
            report(.pooled, space.head.pooled, A.width)
            var logit = head.classify(space.head)
            report(.logit, &logit, 1)
            return logit
        }
    }

    // MARK: Parts

    /// Two convolutions with GELU, then the positions. Time-major rows let a convolution read its three taps as
    /// one row of a matrix whose rows overlap.
    private func stem(
        _ features: UnsafeBufferPointer<Float>, _ space: SmartTurnWorkspace,
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
            kernels, input, stride: A.melCount, rows: A.frameCount, to: first, stride: A.width, space.panel)
        kernels.table.pointee.f32_gelu(first, A.frameCount * A.width)
        report(first)
        weights.conv2.apply(
            kernels, space.paddedConv1, stride: 2 * A.width, rows: A.tokenCount, to: space.residual,
            stride: A.width,
            space.panel)
        kernels.table.pointee.f32_gelu(space.residual, A.tokenCount * A.width)
        for index in 0..<(A.tokenCount * A.width) { space.residual[index] += weights.positions.base[index] }
    }

    /// Adds the attention block to the residual stream.
    private func attention(_ layer: SmartTurnWeights.Layer, _ space: SmartTurnWorkspace) {
        let stride = 3 * A.width
        normalise(layer.attentionNorm, space.residual, A.tokenCount, into: space.normed)
        for (index, projection) in [layer.query, layer.key, layer.value].enumerated() {
            projection.apply(
                kernels, space.normed, stride: A.width, rows: A.tokenCount, to: space.wide + index * A.width,
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
                kernels.table.pointee.f32_gemm_panel(
                    query, stride, A.tokenCount, A.headWidth, space.panel, space.zeros,
                    space.scores + panel * width, A.tokenCount, width, 0)
            }
            kernels.table.pointee.f32_softmax(space.scores, A.tokenCount, A.tokenCount, A.attentionScale)
            for panel in 0..<(A.headWidth / width) {
                for token in 0..<A.tokenCount {
                    (space.panel + token * width).update(
                        from: value + token * stride + panel * width, count: width)
                }
                kernels.table.pointee.f32_gemm_panel(
                    space.scores, A.tokenCount, A.tokenCount, A.tokenCount, space.panel, space.zeros,
                    space.mixed + head * A.headWidth + panel * width, A.width, width, 0)
            }
        }
        layer.output.apply(
            kernels, space.mixed, stride: A.width, rows: A.tokenCount, to: space.residual, stride: A.width,
            space.panel,
            adding: true)
    }

    /// Adds the feed-forward block to the residual stream.
    private func feedForward(_ layer: SmartTurnWeights.Layer, _ space: SmartTurnWorkspace) {
        normalise(layer.feedForwardNorm, space.residual, A.tokenCount, into: space.normed)
        layer.expand.apply(
            kernels, space.normed, stride: A.width, rows: A.tokenCount, to: space.wide,
            stride: A.feedForwardWidth,
            space.panel)
        kernels.table.pointee.f32_gelu(space.wide, A.tokenCount * A.feedForwardWidth)
        layer.contract.apply(
            kernels, space.wide, stride: A.feedForwardWidth, rows: A.tokenCount, to: space.residual,
            stride: A.width,
            space.panel, adding: true)
    }

    private func normalise(
        _ norm: SmartTurnWeights.Norm, _ values: UnsafePointer<Float>, _ rows: Int,
        into output: UnsafeMutablePointer<Float>
    ) {
        kernels.table.pointee.f32_layer_norm(
            values, rows, norm.weight.count, norm.weight.base, norm.bias.base, A.layerNormEpsilon, output)
    }
}
