import CTurnKernels

private typealias A = SmartTurnArchitecture

/// The network of Smart Turn v3 with int8 weights and dynamically quantised 8-bit activations.
///
/// Each row of activations gets its own scale where it is made; wide rows are cut into groups with one each (a
/// convolution's taps, parts of a normalised token and of the hidden layer). Codes count from a centre, those behind a
/// GELU from its least value. Sums are exact integers, all between the products is float32. The feed-forward block's
/// codes are narrow, for products in pairs. Keys are quantised less their mean over the tokens, which the softmax does
/// not see; values around their channel's mean.
///
/// The work is cut into pieces that need no word from each other: blocks of tokens for all that treats tokens
/// alone, heads for attention.
struct SmartTurnFastEncoder: Sendable {
    private struct Layer: Sendable {
        let attentionNorm: SmartTurnWeights.Norm
        let query: QuantisedLinear
        let key: QuantisedLinear
        let value: QuantisedLinear
        let output: QuantisedLinear
        let feedForwardNorm: SmartTurnWeights.Norm
        let expand: QuantisedLinear
        let contract: QuantisedLinear
    }

    private typealias Space = SmartTurnFastWorkspace

    private let conv1: QuantisedLinear
    private let conv2: QuantisedLinear
    private let positions: AlignedBuffer<Float>
    private let layers: [Layer]
    private let finalNorm: SmartTurnWeights.Norm
    private let pool0: QuantisedLinear
    private let head: SmartTurnHead
    private let kernels: KernelSet
    private let workers: Workers
    private let spaces: Pool<SmartTurnFastWorkspace>

    /// - Parameters:
    ///   - weights: of either kind.
    ///   - kernels: what computes.
    ///   - workers: the threads of one prediction.
    init(_ weights: SmartTurnWeights, _ kernels: KernelSet, _ workers: Workers) {
        self.kernels = kernels
        self.workers = workers
        conv1 = QuantisedLinear(weights.conv1, kernels, groupDepth: A.melCount)
        conv2 = QuantisedLinear(weights.conv2, kernels, groupDepth: A.width, least: TURN_GELU_LEAST)
        positions = weights.positions
        layers = weights.layers.map { layer in
            Layer(
                attentionNorm: layer.attentionNorm,
                query: QuantisedLinear(layer.query, kernels, groupDepth: Space.normGroup),
                key: QuantisedLinear(layer.key, kernels, groupDepth: Space.normGroup),
                value: QuantisedLinear(layer.value, kernels, groupDepth: Space.normGroup),
                output: QuantisedLinear(layer.output, kernels, groupDepth: Space.mixedGroup),
                feedForwardNorm: layer.feedForwardNorm,
                expand: QuantisedLinear(layer.expand, kernels, groupDepth: Space.normGroup, isNarrow: true),
                contract: QuantisedLinear(
                    layer.contract, kernels, groupDepth: Space.hiddenGroup, least: TURN_GELU_LEAST,
                    isNarrow: true))
        }
        finalNorm = weights.head.finalNorm
        pool0 = QuantisedLinear(weights.head.pool0, kernels, groupDepth: Space.normGroup)
        head = SmartTurnHead(weights.head, kernels)
        spaces = Pool(capacity: 2) { SmartTurnFastWorkspace(workerCount: workers.count) }
    }

    /// Runs the network.
    ///
    /// - Parameters:
    ///   - features: [mel 80][time 800].
    ///   - observe: is handed each stage's values as they are made, except `.conv1`, which is never whole.
    /// - Returns: the logit of P(turn ended).
    func logit(
        _ features: UnsafeBufferPointer<Float>,
        observe: ((SmartTurnModel.Stage, UnsafeBufferPointer<Float>) -> Void)?
    ) -> Float {
        spaces.withElement { space in logit(features, space, observe) }
    }

    /// Makes the features of audio and runs the network on them.
    ///
    /// - Parameters:
    ///   - audio: what ``LogMelFeatures`` takes.
    ///   - features: what computes them.
    ///   - onFeatures: called when they are made.
    /// - Returns: the logit of P(turn ended); nil if a sample is no number.
    func logit(
        audio: UnsafeBufferPointer<Float>, _ features: LogMelFeatures, onFeatures: () -> Void
    ) -> Float? {
        spaces.withElement { space in
            features.compute(audio, into: space.features, padded: space.samples)
            onFeatures()
            guard space.features[0].isFinite else { return nil }
            return logit(UnsafeBufferPointer(space.features), space, nil)
        }
    }

    private func logit(
        _ features: UnsafeBufferPointer<Float>, _ space: Space,
        _ observe: ((SmartTurnModel.Stage, UnsafeBufferPointer<Float>) -> Void)?
    ) -> Float {
        var logit: Float = 0
        withUnsafeMutablePointer(to: &logit) { logit in
            workers.run(stepCount: Self.stepCount) { worker in
                run(features, space, &worker, logit, observe)
            }
        }
        return logit
    }

    /// Frames, tokens, two a layer, the head; and as many for the observer.
    private static let stepCount = 2 * (3 + 2 * A.layerCount)

    /// What every worker does; one of them finishes with the logit.
    private func run(
        _ features: UnsafeBufferPointer<Float>, _ space: Space, _ worker: inout Worker,
        _ logit: UnsafeMutablePointer<Float>,
        _ observe: ((SmartTurnModel.Stage, UnsafeBufferPointer<Float>) -> Void)?
    ) {
        let own = space.workers[worker.index]
        let tokens = A.tokenCount * A.width
        func report(_ stage: SmartTurnModel.Stage, _ values: UnsafePointer<Float>, _ count: Int) {
            observe?(stage, UnsafeBufferPointer(start: values, count: count))
        }
        func reportResidual(_ stage: SmartTurnModel.Stage) {
            if observe != nil { worker.run(1) { _ in report(stage, space.residual, tokens) } }
        }
        func runBlocks(_ body: (_ start: Int) -> Void) {
            worker.run(A.tokenCount / Space.blockRows) { body($0 * Space.blockRows) }
        }
        worker.run(A.frameCount / Space.blockRows) {
            convolveFrames(features, $0 * Space.blockRows, space, own)
        }
        runBlocks { start in
            convolveTokens(start, space, own)
            project(layers[0], start, space, own)
        }
        reportResidual(.embedding)
        for (index, layer) in layers.enumerated() {
            worker.run(A.headCount) { attend($0, space, own) }
            runBlocks { start in
                feedForward(layer, start, space, own)
                if index + 1 < layers.count {
                    project(layers[index + 1], start, space, own)
                } else {
                    score(start, space, own)
                }
            }
            reportResidual(.layer(index))
        }
        worker.run(1) { _ in
            report(.finalNorm, space.mixed, tokens)
            head.mix(space.mixed, space.head)
            report(.pooled, space.head.pooled, A.width)
            logit.pointee = head.classify(space.head)
            report(.logit, logit, 1)
        }
    }

    // MARK: Pieces

    /// The first convolution for frames from `start` on, to codes.
    private func convolveFrames(
        _ features: UnsafeBufferPointer<Float>, _ start: Int, _ space: Space, _ own: Space.Worker
    ) {
        let rows = Space.blockRows
        // a frame more on both sides; beside the window is zero, a row of no scale
        let first = max(0, start - 1)
        let last = min(A.frameCount, start + rows + 1)
        for time in first..<last {
            let row = own.floats + (time - first) * A.melCount
            for mel in 0..<A.melCount { row[mel] = features[mel * A.frameCount + time] }
        }
        let padding = start == 0 ? 1 : 0
        own.scales.update(repeating: 0, count: rows + 2)
        own.codes.update(repeating: 0, count: (rows + 2) * A.melCount)
        quantise(
            own.floats, A.melCount, last - first, own.codes + padding * A.melCount, own.scales + padding)
        let taps = QuantisedRows(
            codes: own.codes, stride: A.melCount, groupStride: A.melCount, scales: own.scales,
            groupScaleStride: 1, count: rows)
        conv1.apply(kernels, taps, to: own.hidden, stride: A.width, gelu: true)
        kernels.table.pointee.u8_quantise_gelu(
            own.hidden, A.width, rows, 1, A.width, 0, space.frameCodes + (start + 1) * A.width, A.width,
            space.frameScales + start + 1)
        if start == 0 { space.clearPadding() }
    }

    /// The second convolution for tokens from `start` on, and their positions.
    private func convolveTokens(_ start: Int, _ space: Space, _ own: Space.Worker) {
        let output = space.residual + start * A.width
        let taps = QuantisedRows(
            codes: space.frameCodes + 2 * start * A.width, stride: 2 * A.width, groupStride: A.width,
            scales: space.frameScales + 2 * start, scaleStride: 2, groupScaleStride: 1, isCentred: false,
            count: Space.blockRows)
        conv2.apply(kernels, taps, to: output, stride: A.width, gelu: true)
        let position = positions.base + start * A.width
        for index in 0..<(Space.blockRows * A.width) { output[index] += position[index] }
    }

    /// Queries, as codes, keys and values of tokens from `start` on.
    private func project(_ layer: Layer, _ start: Int, _ space: Space, _ own: Space.Worker) {
        let rows = Space.blockRows
        let normed = normalise(layer.attentionNorm, space.residual + start * A.width, own.floats, own)
        layer.query.apply(kernels, normed, to: own.hidden, stride: A.width)
        kernels.table.pointee.u8_quantise(
            own.hidden, A.width, rows, A.headCount, A.headWidth, space.queryCodes + start * A.width, A.width,
            space.queryScales + start * A.headCount)
        let projected = space.projected + start * 2 * A.width
        layer.key.apply(kernels, normed, to: projected, stride: 2 * A.width)
        layer.value.apply(kernels, normed, to: projected + A.width, stride: 2 * A.width)
    }

    /// Attention of one head.
    private func attend(_ head: Int, _ space: Space, _ own: Space.Worker) {
        let table = kernels.table
        let rows = Space.blockRows
        let stride = 2 * A.width
        let key = space.projected + head * A.headWidth
        let value = key + A.width
        table.pointee.s8_pack_rows(
            key, stride, A.tokenCount, A.headWidth, own.keys, own.keyScales, own.keySums)
        table.pointee.s8_pack_columns(
            value, stride, A.tokenCount, A.headWidth, own.values, own.valueScales, own.valueSums,
            own.valueCentres)
        for start in Swift.stride(from: 0, to: A.tokenCount, by: rows) {
            var scores = turn_u8s8_product(
                a: space.queryCodes + start * A.width + head * A.headWidth, a_stride: A.width,
                a_group_stride: 0, a_scales: nil, a_scales_stride: 0, a_scales_group_stride: 0, centred: 1,
                narrow: 0, rows: rows,
                groups: 1, depth: A.headWidth,
                weights: own.keys, panel_stride: A.headWidth * LinearWeights.panelWidth,
                panels: A.tokenCount / LinearWeights.panelWidth, scales: own.keyScales, sums: own.keySums,
                pairs: nil, sums_group_stride: 0, bias: own.zeros, c: own.hidden, c_stride: A.tokenCount,
                accumulate: 0,
                gelu: 0, sparse: 0)
            table.pointee.u8s8_gemm(&scores)
            table.pointee.u8_softmax(
                own.hidden, rows, A.tokenCount, A.attentionScale,
                space.queryScales + start * A.headCount + head * rows, own.codes, own.scales)
            var mixture = turn_u8s8_product(
                a: own.codes, a_stride: A.tokenCount, a_group_stride: 0, a_scales: own.scales,
                a_scales_stride: 1, a_scales_group_stride: 0, centred: 0, narrow: 0, rows: rows,
                groups: 1, depth: A.tokenCount,
                weights: own.values, panel_stride: A.tokenCount * LinearWeights.panelWidth,
                panels: A.headWidth / LinearWeights.panelWidth, scales: own.valueScales,
                sums: own.valueSums, pairs: nil, sums_group_stride: 0, bias: own.valueCentres,
                c: space.mixed + start * A.width + head * A.headWidth, c_stride: A.width, accumulate: 0,
                gelu: 0, sparse: 1)
            table.pointee.u8s8_gemm(&mixture)
        }
    }

    /// Attention's output layer and the feed-forward block for tokens from `start` on.
    private func feedForward(_ layer: Layer, _ start: Int, _ space: Space, _ own: Space.Worker) {
        let rows = Space.blockRows
        let residual = space.residual + start * A.width
        kernels.table.pointee.u8_quantise(
            space.mixed + start * A.width, A.width, rows, A.width / Space.mixedGroup, Space.mixedGroup,
            own.codes, A.width, own.scales)
        let mixed = QuantisedRows(
            codes: own.codes, stride: A.width, groupStride: Space.mixedGroup, scales: own.scales,
            groupScaleStride: rows, count: rows)
        layer.output.apply(kernels, mixed, to: residual, stride: A.width, adding: true)
        let normed = normalise(layer.feedForwardNorm, residual, own.floats, own, isNarrow: true)
        let groupCount = A.width / Space.hiddenGroup
        for part in 0..<(A.feedForwardWidth / A.width) {
            let outputs = part * A.width..<(part + 1) * A.width
            layer.expand.apply(
                kernels, normed, outputs: outputs, to: own.hidden, stride: A.width, gelu: true)
            kernels.table.pointee.u8_quantise_gelu(
                own.hidden, A.width, rows, groupCount, Space.hiddenGroup, 1, own.hiddenCodes + part * A.width,
                A.feedForwardWidth, own.hiddenScales + part * groupCount * rows)
        }
        let hidden = QuantisedRows(
            codes: own.hiddenCodes, stride: A.feedForwardWidth, groupStride: Space.hiddenGroup,
            scales: own.hiddenScales, groupScaleStride: rows, isCentred: false, isNarrow: true, count: rows)
        layer.contract.apply(kernels, hidden, to: residual, stride: A.width, adding: true)
    }

    /// The last normalisation, into `space.mixed`, and the pooling layer's inside for tokens from `start` on.
    private func score(_ start: Int, _ space: Space, _ own: Space.Worker) {
        let normed = normalise(
            finalNorm, space.residual + start * A.width, space.mixed + start * A.width, own)
        let tokens = space.head.tokens + start * A.poolWidth
        pool0.apply(kernels, normed, to: tokens, stride: A.poolWidth)
        kernels.table.pointee.f32_tanh(tokens, Space.blockRows * A.poolWidth)
    }

    // MARK: Rows

    /// A block of rows, normalised into `output` and quantised, group by group, into `own.codes`.
    private func normalise(
        _ norm: SmartTurnWeights.Norm, _ values: UnsafePointer<Float>,
        _ output: UnsafeMutablePointer<Float>, _ own: Space.Worker, isNarrow: Bool = false
    ) -> QuantisedRows {
        let rows = Space.blockRows
        kernels.table.pointee.u8_layer_norm(
            values, rows, A.width / Space.normGroup, Space.normGroup, norm.weight.base, norm.bias.base,
            A.layerNormEpsilon, isNarrow ? 1 : 0, output, own.codes, own.scales)
        return QuantisedRows(
            codes: own.codes, stride: A.width, groupStride: Space.normGroup, scales: own.scales,
            groupScaleStride: rows, isNarrow: isNarrow, count: rows)
    }

    private func quantise(
        _ values: UnsafePointer<Float>, _ width: Int, _ rows: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>
    ) {
        kernels.table.pointee.u8_quantise(values, width, rows, 1, width, codes, width, scales)
    }
}
