import CTurnKernels

private typealias A = SmartTurnArchitecture

/// The memory of one run of the 8-bit network, about 2.8 MB and 0.2 MB a worker. In one run's hands at a time.
final class SmartTurnFastWorkspace {
    /// Tokens (or frames) of a piece of work: five pieces for five or fewer workers, whose floats and codes stay in
    /// the second-level cache; also the queries whose scores are in memory at once.
    static let blockRows = 40
    /// Channels of a normalised token that share a scale.
    static let normGroup = 96
    /// Channels of what attention makes that share a scale: a head.
    static let mixedGroup = 64
    /// Hidden channels of the feed-forward block that share a scale.
    static let hiddenGroup = 96

    let head: SmartTurnHead.Workspace
    let workers: [Worker]
    private let rowScales = AlignedBuffer<Float>(count: 1 + A.frameCount)
    private let queryRowScales = AlignedBuffer<Float>(count: A.tokenCount * A.headCount)
    private let queries = AlignedBuffer<UInt8>(count: A.tokenCount * A.width)
    private let floats = AlignedBuffer<Float>(count: 4 * A.tokenCount * A.width)

    init(workerCount: Int) {
        workers = (0..<workerCount).map { _ in Worker() }
        // keys and values are done with when the head begins
        head = SmartTurnHead.Workspace(tokens: floats.base + 2 * A.tokenCount * A.width)
    }

    /// The first convolution, [1 + 800][384], where attention's output comes later. The first row stands for zero.
    var frameCodes: UnsafeMutablePointer<UInt8> {
        // only kernels touch it, and bytes may alias anything in C
        UnsafeMutableRawPointer(mixed).assumingMemoryBound(to: UInt8.self)
    }
    var frameScales: UnsafeMutablePointer<Float> { rowScales.base }

    /// Makes the row before the frames zero, 255 steps above the least value. No token looks beyond the last frame.
    func clearPadding() {
        frameCodes.update(repeating: 255, count: A.width)
        frameScales[0] = -TURN_GELU_LEAST / 255
    }
    /// [400][384]
    var residual: UnsafeMutablePointer<Float> { floats.base }
    /// What attention makes, later the last normalisation, [400][384].
    var mixed: UnsafeMutablePointer<Float> { floats.base + A.tokenCount * A.width }
    /// [400][384]
    var queryCodes: UnsafeMutablePointer<UInt8> { queries.base }
    /// [block][head][token of the block]
    var queryScales: UnsafeMutablePointer<Float> { queryRowScales.base }
    /// Keys and values, [400][2 x 384].
    var projected: UnsafeMutablePointer<Float> { floats.base + 2 * A.tokenCount * A.width }

    /// Where features are made, in the memory of the keys and values, which come after them: the samples, then
    /// [80][800].
    var samples: UnsafeMutablePointer<Float> { projected }
    var features: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: projected + LogMelFeatures.paddedCount, count: A.melCount * A.frameCount)
    }

    /// What one thread works in.
    final class Worker {
        private typealias Space = SmartTurnFastWorkspace
        private static let rowCount = Space.blockRows + 2
        /// Of a row of codes that is not the hidden layer's, at most.
        private static let groupCount = A.width / min(Space.normGroup, Space.mixedGroup)
        private let blocks = AlignedBuffer<Float>(count: rowCount * (A.width + A.tokenCount))
        private let bytes = AlignedBuffer<UInt8>(count: rowCount * (A.tokenCount + A.feedForwardWidth))
        private let rowScales = AlignedBuffer<Float>(
            count: (groupCount + A.feedForwardWidth / Space.hiddenGroup) * rowCount)
        private let packed = AlignedBuffer<Int8>(count: 2 * A.tokenCount * A.headWidth)
        private let vectors = AlignedBuffer<Float>(count: 2 * (A.tokenCount + A.headWidth))
        private let sums = AlignedBuffer<Int32>(count: A.tokenCount + A.headWidth)

        /// [42][384]
        var floats: UnsafeMutablePointer<Float> { blocks.base }
        /// [42][400]: a quarter of the hidden channels, queries, or scores.
        var hidden: UnsafeMutablePointer<Float> { blocks.base + Self.rowCount * A.width }
        /// [42][400]
        var codes: UnsafeMutablePointer<UInt8> { bytes.base }
        var scales: UnsafeMutablePointer<Float> { rowScales.base }
        /// [42][1536]
        var hiddenCodes: UnsafeMutablePointer<UInt8> { bytes.base + Self.rowCount * A.tokenCount }
        var hiddenScales: UnsafeMutablePointer<Float> { rowScales.base + Self.groupCount * Self.rowCount }
        /// One head's keys and values as weights.
        var keys: UnsafeMutablePointer<Int8> { packed.base }
        var values: UnsafeMutablePointer<Int8> { packed.base + A.tokenCount * A.headWidth }
        var keyScales: UnsafeMutablePointer<Float> { vectors.base }
        var keySums: UnsafeMutablePointer<Int32> { sums.base }
        var zeros: UnsafePointer<Float> { UnsafePointer(vectors.base + A.tokenCount) }
        var valueScales: UnsafeMutablePointer<Float> { vectors.base + 2 * A.tokenCount }
        var valueSums: UnsafeMutablePointer<Int32> { sums.base + A.tokenCount }
        var valueCentres: UnsafeMutablePointer<Float> { valueScales + A.headWidth }
    }
}
