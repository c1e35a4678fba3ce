import CTurnKernels

private typealias A = SmartTurnArchitecture

/// The network of Smart Turn v3 with int8 weights and dynamically quantised 8-bit activations.
///
/// Each row of activations gets its own scale and offset where it is made (a convolution's taps, both halves of a
/// normalised token and the groups of the hidden layer one each), sums are exact integers, all between the products is float32. Keys are quantised
/// less their mean over the tokens, which the softmax does not see; values around their channel's centre.
///
/// The work is cut into pieces that need no word from each other: blocks of tokens for all that treats tokens
/// alone, heads for attention.
struct SmartTurnFastEncoder: Sendable {
    private struct Layer: Sendable {
        let attentionNorm: SmartTurnWeights.Norm
        let projections: [QuantisedLinear]
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
        conv1 = QuantisedLinear(weights.conv1, sliceDepth: A.melCount)
        conv2 = QuantisedLinear(weights.conv2, sliceDepth: A.width)
        positions = weights.positions
        layers = weights.layers.map { layer in
            Layer(
                attentionNorm: layer.attentionNorm,
                projections: [layer.query, layer.key, layer.value].map {
                    QuantisedLinear($0, sliceDepth: Space.normGroup)
                },
                output: QuantisedLinear(layer.output), feedForwardNorm: layer.feedForwardNorm,
                expand: QuantisedLinear(layer.expand, sliceDepth: Space.normGroup),
                contract: QuantisedLinear(layer.contract, sliceDepth: Space.hiddenGroup))
        }
        finalNorm = weights.finalNorm
        pool0 = QuantisedLinear(weights.pool0, sliceDepth: Space.normGroup)
        head = SmartTurnHead(weights, kernels)
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
        spaces.withElement { space in
            func report(_ stage: SmartTurnModel.Stage, _ values: UnsafePointer<Float>, _ count: Int) {
                observe?(stage, UnsafeBufferPointer(start: values, count: count))
            }
            let tokens = A.tokenCount * A.width
            workers.run(A.frameCount / Space.blockRows) { piece, worker in
                convolveFrames(features, piece * Space.blockRows, space, space.workers[worker])
            }
            runBlocks { start, worker in
                convolveTokens(start, space, space.workers[worker])
                project(layers[0], start, space, space.workers[worker])
            }
            report(.embedding, space.residual, tokens)
            for (index, layer) in layers.enumerated() {
                workers.run(A.headCount) { head, worker in attend(head, space, space.workers[worker]) }
                runBlocks { start, worker in
                    feedForward(layer, start, space, space.workers[worker])
                    if index + 1 < layers.count {
                        project(layers[index + 1], start, space, space.workers[worker])
                    } else {
                        score(start, space, space.workers[worker])
                    }
                }
                report(.layer(index), space.residual, tokens)
            }
            report(.finalNorm, space.mixed, tokens)
            head.mix(space.mixed, space.head)
            report(.pooled, space.head.pooled, A.width)
            var logit = head.classify(space.head)
            report(.logit, &logit, 1)
            return logit
        }
    }

    private func runBlocks(_ body: (_ start: Int, _ worker: Int) -> Void) {
        workers.run(A.tokenCount / Space.blockRows) { piece, worker in body(piece * Space.blockRows, worker) }
    }

    // MARK: Pieces

    /// The first convolution for frames from `start` on, to codes.
    private func convolveFrames(
        _ features: UnsafeBufferPointer<Float>, _ start: Int, _ space: Space, _ own: Space.Worker
    ) {
        let rows = Space.blockRows
        // a frame more on both sides; beside the window is zero, a row of no scale and no offset
        let first = max(0, start - 1)
        let last = min(A.frameCount, start + rows + 1)
        for time in first..<last {
            let row = own.floats + (time - first) * A.melCount
            for mel in 0..<A.melCount { row[mel] = features[mel * A.frameCount + time] }
        }
        let padding = start == 0 ? 1 : 0
        own.meanings.update(repeating: turn_row(scale: 0, offset: 0), count: rows + 2)
        own.codes.update(repeating: 0, count: (rows + 2) * A.melCount)
        quantise(
            own.floats, A.melCount, last - first, own.codes + padding * A.melCount, own.meanings + padding)
        for tap in 0..<A.tapCount {
            let input = QuantisedRows(
                codes: own.codes + tap * A.melCount, stride: A.melCount, meanings: own.meanings + tap,
                count: rows)
            conv1.apply(
                kernels, input, slice: tap, to: own.hidden, stride: A.width, adding: tap > 0,
                gelu: tap == A.tapCount - 1)
        }
        quantise(
            own.hidden, A.width, rows, space.frameCodes + (start + 1) * A.width,
            space.frameMeanings + start + 1)
    }

    /// The second convolution for tokens from `start` on, and their positions.
    private func convolveTokens(_ start: Int, _ space: Space, _ own: Space.Worker) {
        let output = space.residual + start * A.width
        for tap in 0..<A.tapCount {
            let frame = 2 * start + tap
            let input = QuantisedRows(
                codes: space.frameCodes + frame * A.width, stride: 2 * A.width,
                meanings: space.frameMeanings + frame, meaningStride: 2, count: Space.blockRows)
            conv2.apply(
                kernels, input, slice: tap, to: output, stride: A.width, adding: tap > 0,
                gelu: tap == A.tapCount - 1)
        }
        let position = positions.base + start * A.width
        for index in 0..<(Space.blockRows * A.width) { output[index] += position[index] }
    }

    /// Queries, keys and values of tokens from `start` on.
    private func project(_ layer: Layer, _ start: Int, _ space: Space, _ own: Space.Worker) {
        normalise(layer.attentionNorm, space.residual + start * A.width, own.floats, own)
        for (index, projection) in layer.projections.enumerated() {
            apply(
                projection, own, to: space.projected + start * 3 * A.width + index * A.width,
                stride: 3 * A.width)
        }
    }

    /// Attention of one head.
    private func attend(_ head: Int, _ space: Space, _ own: Space.Worker) {
        let table = kernels.table
        let stride = 3 * A.width
        let query = space.projected + head * A.headWidth
        let key = query + A.width
        let value = key + A.width
        own.mean.update(repeating: 0, count: A.headWidth)
        for token in 0..<A.tokenCount {
            for channel in 0..<A.headWidth { own.mean[channel] += key[token * stride + channel] }
        }
        for channel in 0..<A.headWidth { own.mean[channel] /= Float(A.tokenCount) }
        table.pointee.s8_pack_rows(
            key, stride, A.tokenCount, A.headWidth, own.mean, own.keys, own.keyScales, own.keySums)
        table.pointee.s8_pack_columns(
            value, stride, A.tokenCount, A.headWidth, own.values, own.valueScales, own.valueSums,
            own.valueCentres)
        for start in Swift.stride(from: 0, to: A.tokenCount, by: Space.queryRows) {
            let rows = Space.queryRows
            table.pointee.u8_quantise(
                query + start * stride, stride, rows, A.headWidth, own.codes, A.headWidth, own.meanings)
            var scores = turn_u8s8_product(
                a: own.codes, a_stride: A.headWidth, a_rows: own.meanings, a_rows_stride: 1, rows: rows,
                depth: A.headWidth, weights: own.keys,
                panel_stride: A.headWidth * LinearWeights.panelWidth,
                panels: A.tokenCount / LinearWeights.panelWidth, scales: own.keyScales, sums: own.keySums,
                bias: own.zeros, c: own.hidden, c_stride: A.tokenCount, accumulate: 0, gelu: 0)
            table.pointee.u8s8_gemm(&scores)
            table.pointee.u8_softmax(
                own.hidden, rows, A.tokenCount, A.attentionScale, own.codes, own.meanings)
            var mixture = turn_u8s8_product(
                a: own.codes, a_stride: A.tokenCount, a_rows: own.meanings, a_rows_stride: 1, rows: rows,
                depth: A.tokenCount, weights: own.values,
                panel_stride: A.tokenCount * LinearWeights.panelWidth,
                panels: A.headWidth / LinearWeights.panelWidth, scales: own.valueScales,
                sums: own.valueSums, bias: own.valueCentres,
                c: space.mixed + start * A.width + head * A.headWidth, c_stride: A.width, accumulate: 0,
                gelu: 0)
            table.pointee.u8s8_gemm(&mixture)
        }
    }

    /// Attention's output layer and the feed-forward block for tokens from `start` on.
    private func feedForward(_ layer: Layer, _ start: Int, _ space: Space, _ own: Space.Worker) {
        let rows = Space.blockRows
        let residual = space.residual + start * A.width
        quantise(space.mixed + start * A.width, A.width, rows, own.codes, own.meanings)
        let mixed = QuantisedRows(codes: own.codes, stride: A.width, meanings: own.meanings, count: rows)
        layer.output.apply(kernels, mixed, to: residual, stride: A.width, adding: true)
        normalise(layer.feedForwardNorm, residual, own.floats, own)
        for group in 0..<(A.feedForwardWidth / Space.hiddenGroup) {
            let outputs = group * Space.hiddenGroup..<(group + 1) * Space.hiddenGroup
            apply(layer.expand, own, outputs: outputs, to: own.hidden, stride: Space.hiddenGroup, gelu: true)
            quantise(own.hidden, Space.hiddenGroup, rows, own.hiddenCodes, own.hiddenMeanings)
            let hidden = QuantisedRows(
                codes: own.hiddenCodes, stride: Space.hiddenGroup, meanings: own.hiddenMeanings, count: rows)
            layer.contract.apply(
                kernels, hidden, slice: group, to: residual, stride: A.width, adding: true)
        }
    }

    /// The last normalisation, into `space.mixed`, and the pooling layer's inside for tokens from `start` on.
    private func score(_ start: Int, _ space: Space, _ own: Space.Worker) {
        normalise(finalNorm, space.residual + start * A.width, space.mixed + start * A.width, own)
        let tokens = space.head.tokens + start * A.poolWidth
        apply(pool0, own, to: tokens, stride: A.poolWidth)
        kernels.table.pointee.f32_tanh(tokens, Space.blockRows * A.poolWidth)
    }

    // MARK: Rows

    /// A block of rows, normalised into `output` and quantised, group by group, into `own.codes`.
    private func normalise(
        _ norm: SmartTurnWeights.Norm, _ values: UnsafePointer<Float>,
        _ output: UnsafeMutablePointer<Float>, _ own: Space.Worker
    ) {
        let table = kernels.table
        table.pointee.f32_layer_norm(
            values, Space.blockRows, A.width, norm.weight.base, norm.bias.base, A.layerNormEpsilon, output)
        for group in 0..<Space.normGroupCount {
            table.pointee.u8_quantise(
                output + group * Space.normGroup, A.width, Space.blockRows, Space.normGroup,
                own.codes + group * Space.normGroup, A.width, own.meanings + group * Space.blockRows)
        }
    }

    /// A layer on what ``normalise(_:_:_:_:)`` made.
    private func apply(
        _ layer: QuantisedLinear, _ own: Space.Worker, outputs: Range<Int>? = nil,
        to output: UnsafeMutablePointer<Float>, stride: Int, gelu: Bool = false
    ) {
        for group in 0..<Space.normGroupCount {
            let rows = QuantisedRows(
                codes: own.codes + group * Space.normGroup, stride: A.width,
                meanings: own.meanings + group * Space.blockRows, count: Space.blockRows)
            layer.apply(
                kernels, rows, slice: group, outputs: outputs, to: output, stride: stride, adding: group > 0,
                gelu: gelu && group == Space.normGroupCount - 1)
        }
    }

    private func quantise(
        _ values: UnsafePointer<Float>, _ width: Int, _ rows: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ meanings: UnsafeMutablePointer<turn_row>
    ) {
        kernels.table.pointee.u8_quantise(values, width, rows, width, codes, width, meanings)
    }
}
