import TurnAudio
import TurnCore

extension PredictionSet {
    /// Bytes that are read at once.
    private static let pieceByteCount = 1 << 20

    /// Reads a predictions file (``PredictionReader``) from start to end.
    ///
    /// - Parameter path: a file, or `-` for standard input.
    /// - Throws: ``TurnError`` `.fileMissing`, `.inputOutput`, or `.invalidPredictions` naming the line.
    public init(contentsOf path: String) throws(TurnError) {
        let source = path == "-" ? FileByteSource.standardInput : try FileByteSource(path: path)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceByteCount, alignment: 16)
        defer { piece.deallocate() }
        var reader = PredictionReader()
        do throws(TurnError) {
            while case let count = try source.read(into: piece), count > 0 {
                try reader.append(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            }
            self = try reader.finish()
        } catch  where error.code == .invalidPredictions {
            throw TurnError(error.code, "\(path): \(error.message)")
        }
    }
}
