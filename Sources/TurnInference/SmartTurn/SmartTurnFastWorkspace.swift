import CTurnKernels

private typealias A = SmartTurnArchitecture

/// The memory of one run of the 8-bit network, about 4 MB and 0.6 MB a worker. In one run's hands at a time.
final class SmartTurnFastWorkspace {
    /// Tokens (or frames) of a piece of work: five pieces for five or fewer workers, whose floats and codes stay in
    /// the second-level cache.
    static let blockRows = 40
    /// Queries whose scores are in memory at once.
    static let queryRows = 40
    /// Channels of a normalised token that share a scale.
    static let normGroup = 192
    static let normGroupCount = A.width / normGroup
    /// Hidden channels of the feed-forward block that share a scale.
    static let hiddenGroup = 384

    let head = SmartTurnHead.Workspace()
    let workers: [Worker]
    private let codes = AlignedBuffer<UInt8>(count: (A.frameCount + 2) * A.width)
    private let meanings = AlignedBuffer<turn_row>(count: A.frameCount + 2)
    private let floats = AlignedBuffer<Float>(count: 5 * A.tokenCount * A.width)

    init(workerCount: Int) { workers = (0..<workerCount).map { _ in Worker() } }

    /// The first convolution, [1 + 800 + 1][384]; first and last row zero, with the meaning zero.
    var frameCodes: UnsafeMutablePointer<UInt8> { codes.base }
    var frameMeanings: UnsafeMutablePointer<turn_row> { meanings.base }
    /// [400][384]
    var residual: UnsafeMutablePointer<Float> { floats.base }
    /// What attention makes, later the last normalisation, [400][384].
    var mixed: UnsafeMutablePointer<Float> { floats.base + A.tokenCount * A.width }
    /// Queries, keys and values, [400][3 x 384].
    var projected: UnsafeMutablePointer<Float> { floats.base + 2 * A.tokenCount * A.width }

    /// What one thread works in.
    final class Worker {
        private typealias Space = SmartTurnFastWorkspace
        private static let rowCount = Space.blockRows + 2
        private let blocks = AlignedBuffer<Float>(count: rowCount * (A.width + A.tokenCount))
        private let bytes = AlignedBuffer<UInt8>(count: rowCount * (A.tokenCount + Space.hiddenGroup))
        private let rowMeanings = AlignedBuffer<turn_row>(count: (Space.normGroupCount + 1) * rowCount)
        private let packed = AlignedBuffer<Int8>(count: 2 * A.tokenCount * A.headWidth)
        private let vectors = AlignedBuffer<Float>(count: 3 * A.tokenCount + 4 * A.headWidth)

        /// [42][384]
        var floats: UnsafeMutablePointer<Float> { blocks.base }
        /// [42][400]: a group of hidden channels, or scores.
        var hidden: UnsafeMutablePointer<Float> { blocks.base + Self.rowCount * A.width }
        /// [42][400]
        var codes: UnsafeMutablePointer<UInt8> { bytes.base }
        var meanings: UnsafeMutablePointer<turn_row> { rowMeanings.base }
        /// [42][384]
        var hiddenCodes: UnsafeMutablePointer<UInt8> { bytes.base + Self.rowCount * A.tokenCount }
        var hiddenMeanings: UnsafeMutablePointer<turn_row> {
            rowMeanings.base + Space.normGroupCount * Self.rowCount
        }
        /// One head's keys and values as weights.
        var keys: UnsafeMutablePointer<Int8> { packed.base }
        var values: UnsafeMutablePointer<Int8> { packed.base + A.tokenCount * A.headWidth }
        var keyScales: UnsafeMutablePointer<Float> { vectors.base }
        var keySums: UnsafeMutablePointer<Float> { vectors.base + A.tokenCount }
        var zeros: UnsafePointer<Float> { UnsafePointer(vectors.base + 2 * A.tokenCount) }
        var mean: UnsafeMutablePointer<Float> { vectors.base + 3 * A.tokenCount }
        var valueScales: UnsafeMutablePointer<Float> { mean + A.headWidth }
        var valueSums: UnsafeMutablePointer<Float> { mean + 2 * A.headWidth }
        var valueCentres: UnsafeMutablePointer<Float> { mean + 3 * A.headWidth }
    }
}
