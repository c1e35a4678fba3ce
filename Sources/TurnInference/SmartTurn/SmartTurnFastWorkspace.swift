import CTurnKernels

private typealias A = SmartTurnArchitecture

/// The memory of one run of the 8-bit network, about 2.8 MB and 0.2 MB a worker. In one run's hands at a time.
final class SmartTurnFastWorkspace {
    /// Tokens (or frames) of a piece of work: five pieces for five or fewer workers, whose floats and codes stay in
    /// the second-level cache; also the queries whose scores are in memory at once.
    static let blockRows = 40
    /// Channels of a normalised token that share a scale.
    static let normGroup = 96
    /// Channels of attention's output that share a scale.
    static let mixedGroup = 192
    /// Hidden channels of the feed-forward block that share a scale.
    static let hiddenGroup = 192

    let head: SmartTurnHead.Workspace
    let workers: [Worker]
    private let meanings = AlignedBuffer<turn_row>(count: A.frameCount + 2)
    private let queryRows = AlignedBuffer<turn_row>(count: A.tokenCount * A.headCount)
    private let queries = AlignedBuffer<UInt8>(count: A.tokenCount * A.width)
    private let floats = AlignedBuffer<Float>(count: 4 * A.tokenCount * A.width)

    init(workerCount: Int) {
        workers = (0..<workerCount).map { _ in Worker() }
        // keys and values are done with when the head begins
        head = SmartTurnHead.Workspace(tokens: floats.base + 2 * A.tokenCount * A.width)
    }

    /// The first convolution, [1 + 800 + 1][384], where attention's output comes later. First and last row have no scale
    /// and no offset: they stand for zero, whatever their codes.
    var frameCodes: UnsafeMutablePointer<UInt8> {
        // only kernels touch it, and bytes may alias anything in C
        UnsafeMutableRawPointer(mixed).assumingMemoryBound(to: UInt8.self)
    }
    var frameMeanings: UnsafeMutablePointer<turn_row> { meanings.base }
    /// [400][384]
    var residual: UnsafeMutablePointer<Float> { floats.base }
    /// What attention makes, later the last normalisation, [400][384].
    var mixed: UnsafeMutablePointer<Float> { floats.base + A.tokenCount * A.width }
    /// [400][384]
    var queryCodes: UnsafeMutablePointer<UInt8> { queries.base }
    /// [block][head][token of the block]
    var queryMeanings: UnsafeMutablePointer<turn_row> { queryRows.base }
    /// Keys and values, [400][2 x 384].
    var projected: UnsafeMutablePointer<Float> { floats.base + 2 * A.tokenCount * A.width }

    /// What one thread works in.
    final class Worker {
        private typealias Space = SmartTurnFastWorkspace
        private static let rowCount = Space.blockRows + 2
        private static let groupCount = A.width / min(Space.normGroup, Space.mixedGroup)
        private let blocks = AlignedBuffer<Float>(count: rowCount * (A.width + A.tokenCount))
        private let bytes = AlignedBuffer<UInt8>(count: rowCount * (A.tokenCount + A.feedForwardWidth))
        private let rowMeanings = AlignedBuffer<turn_row>(
            count: (groupCount + A.feedForwardWidth / Space.hiddenGroup) * rowCount)
        private let packed = AlignedBuffer<Int8>(count: 2 * A.tokenCount * A.headWidth)
        private let vectors = AlignedBuffer<Float>(count: 3 * A.tokenCount + 3 * A.headWidth)

        /// [42][384]
        var floats: UnsafeMutablePointer<Float> { blocks.base }
        /// [42][400]: a quarter of the hidden channels, queries, or scores.
        var hidden: UnsafeMutablePointer<Float> { blocks.base + Self.rowCount * A.width }
        /// [42][400]
        var codes: UnsafeMutablePointer<UInt8> { bytes.base }
        var meanings: UnsafeMutablePointer<turn_row> { rowMeanings.base }
        /// [42][1536]
        var hiddenCodes: UnsafeMutablePointer<UInt8> { bytes.base + Self.rowCount * A.tokenCount }
        var hiddenMeanings: UnsafeMutablePointer<turn_row> {
            rowMeanings.base + Self.groupCount * Self.rowCount
        }
        /// One head's keys and values as weights.
        var keys: UnsafeMutablePointer<Int8> { packed.base }
        var values: UnsafeMutablePointer<Int8> { packed.base + A.tokenCount * A.headWidth }
        var keyScales: UnsafeMutablePointer<Float> { vectors.base }
        var keySums: UnsafeMutablePointer<Float> { vectors.base + A.tokenCount }
        var zeros: UnsafePointer<Float> { UnsafePointer(vectors.base + 2 * A.tokenCount) }
        var valueScales: UnsafeMutablePointer<Float> { vectors.base + 3 * A.tokenCount }
        var valueSums: UnsafeMutablePointer<Float> { valueScales + A.headWidth }
        var valueCentres: UnsafeMutablePointer<Float> { valueScales + 2 * A.headWidth }
    }
}
