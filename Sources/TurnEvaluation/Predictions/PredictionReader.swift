import TurnCore

/// Reads a predictions file piece by piece: CSV with a header, or JSON Lines, told apart by the first byte.
///
/// Columns: `id`, `language`, `span_index`, `timestamp`, `silence_dur`, `p_eot`, `label` (`hold` or `eot`), the
/// names of eot-bench; others are passed over. `language` may be missing (`und`), `timestamp` too; an empty
/// `p_eot` is a row without a score. Memory grows with rows and spans (``PredictionSetBuilder``), not with text.
public struct PredictionReader: Sendable {
    /// Turns lines into rows.
    private struct RowSink: LineSink, Sendable {
        enum Format {
            case unknown
            case csv(CSVRowParser)
            case jsonLines
        }

        var format = Format.unknown
        var builder = PredictionSetBuilder()

        mutating func take(_ line: UnsafeBufferPointer<UInt8>, number: Int) throws(TurnError) {
            guard line.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return }
            do throws(TurnError) {
                switch format {
                case .unknown: format = .csv(try CSVRowParser(header: line))
                case .csv(let parser): try builder.add(try parser.fields(line).row())
                case .jsonLines:
                    var parser = JSONRowParser(line)
                    try builder.add(try parser.fields().row())
                }
            } catch {
                throw TurnError(error.code, "line \(number): \(error.message)")
            }
        }
    }

    private var splitter = LineSplitter()
    private var sink = RowSink()
    private var isAtStart = true

    public init() {}

    /// Takes the next bytes of the file.
    ///
    /// - Throws: ``TurnError`` `.invalidPredictions` naming the line.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(TurnError) {
        let result = bytes.withMemoryRebound(to: UInt8.self) { buffer in
            Result { () throws(TurnError) in try take(buffer) }
        }
        try result.get()
    }

    /// The spans of the whole file.
    ///
    /// - Throws: ``TurnError`` `.invalidPredictions` when the last line is damaged or no span counts.
    public mutating func finish() throws(TurnError) -> PredictionSet {
        try splitter.finish(&sink)
        return try sink.builder.build()
    }

    private mutating func take(_ buffer: UnsafeBufferPointer<UInt8>) throws(TurnError) {
        var rest = buffer
        if isAtStart, !buffer.isEmpty {
            isAtStart = false
            // The byte order mark that some spreadsheets write.
            if buffer.starts(with: [0xef, 0xbb, 0xbf]) { rest = UnsafeBufferPointer(rebasing: buffer[3...]) }
            if rest.first == UInt8(ascii: "{") {
                sink.format = .jsonLines
            } else {
                splitter.honoursQuotes = true
            }
        }
        try splitter.append(rest, &sink)
    }
}
