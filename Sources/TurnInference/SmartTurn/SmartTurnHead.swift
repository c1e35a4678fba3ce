import CTurnKernels

private typealias A = SmartTurnArchitecture

/// What follows the encoder: the last layer normalisation, attention pooling, the classifier. In float32.
struct SmartTurnHead: Sendable {
    private let weights: SmartTurnWeights.Head
    private let kernels: KernelSet

    init(_ weights: SmartTurnWeights.Head, _ kernels: KernelSet) {
        self.weights = weights
        self.kernels = kernels
    }

    /// Memory of one run.
    final class Workspace {
        /// The pooling layer's inside, [400][256].
        let tokens: UnsafeMutablePointer<Float>
        private let owned: AlignedBuffer<Float>?
        fileprivate let scores = AlignedBuffer<Float>(count: A.tokenCount)
        fileprivate let first = AlignedBuffer<Float>(count: A.classifierWidths.0)
        fileprivate let second = AlignedBuffer<Float>(count: A.classifierWidths.0)
        fileprivate let panel = AlignedBuffer<Float>(count: A.width * LinearWeights.panelWidth)
        private let mixture = AlignedBuffer<Float>(count: A.width)

        var pooled: UnsafeMutablePointer<Float> { mixture.base }

        /// - Parameter tokens: memory for 400 x 256 values that is free by then and stays as long as this; nil for
        ///   memory of its own.
        init(tokens: UnsafeMutablePointer<Float>? = nil) {
            owned = tokens == nil ? AlignedBuffer(count: A.tokenCount * A.poolWidth) : nil
            self.tokens = tokens ?? owned!.base
        }
    }

    /// The encoder's last layer normalisation, [token][width].
    func normalise(_ residual: UnsafePointer<Float>, _ normed: UnsafeMutablePointer<Float>) {
        normalise(weights.finalNorm, residual, A.tokenCount, into: normed)
    }

    /// The pooling layer's inside, into `space.tokens`.
    func pool(_ normed: UnsafePointer<Float>, _ space: Workspace) {
        weights.pool0.apply(
            kernels, normed, stride: A.width, rows: A.tokenCount, to: space.tokens, stride: A.poolWidth,
            space.panel.base)
        kernels.table.pointee.f32_tanh(space.tokens, A.tokenCount * A.poolWidth)
    }

    /// The tokens mixed by a learned attention, into `space.pooled`.
    func mix(_ normed: UnsafePointer<Float>, _ space: Workspace) {
        let table = kernels.table
        let (tokens, scores) = (space.tokens, space.scores.base)
        weights.pool2.apply(
            kernels, tokens, stride: A.poolWidth, rows: A.tokenCount, to: scores, stride: 1, space.panel.base)
        table.pointee.f32_softmax(scores, 1, A.tokenCount, 1)
        let pooled = space.pooled
        pooled.update(repeating: 0, count: A.width)
        for token in 0..<A.tokenCount {
            let row = normed + token * A.width
            for channel in 0..<A.width { pooled[channel] += row[channel] * scores[token] }
        }
    }

    /// The logit of `space.pooled`.
    func classify(_ space: Workspace) -> Float {
        let table = kernels.table
        let (firstWidth, secondWidth) = A.classifierWidths
        let (first, second, panel) = (space.first.base, space.second.base, space.panel.base)
        weights.classifier0.apply(
            kernels, space.pooled, stride: A.width, rows: 1, to: first, stride: firstWidth, panel)
        normalise(weights.classifierNorm, first, 1, into: second)
        table.pointee.f32_gelu(second, firstWidth)
        weights.classifier1.apply(
            kernels, second, stride: firstWidth, rows: 1, to: first, stride: secondWidth, panel)
        table.pointee.f32_gelu(first, secondWidth)
        var logit: Float = 0
        weights.classifier2.apply(kernels, first, stride: secondWidth, rows: 1, to: &logit, stride: 1, panel)
        return logit
    }

    private func normalise(
        _ norm: SmartTurnWeights.Norm, _ values: UnsafePointer<Float>, _ rows: Int,
        into output: UnsafeMutablePointer<Float>
    ) {
        kernels.table.pointee.f32_layer_norm(
            values, rows, norm.weight.count, norm.weight.base, norm.bias.base, A.layerNormEpsilon, output)
    }
}
