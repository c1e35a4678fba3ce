import TurnCore
import TurnEvaluation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where predictions go: a file that an interrupted run continues, or standard output.
struct ScoreSink {
    /// Turns that the file holds already.
    let finishedIDs: Set<String>
    private let format: PredictionFormat
    private let condition: String
    private let file: AppendedFile?
    private var lines = StandardOutput()

    /// - Parameters:
    ///   - path: of the file; nil for standard output.
    ///   - isJSON: whether standard output gets JSON Lines.
    ///   - condition: what changes the scores.
    ///   - turns: what is to be written of each turn.
    /// - Throws: ``TurnError`` `.inputOutput`; `.invalidPredictions` for a file of another run.
    init(path: String?, isJSON: Bool, condition: String, turns: [String: ScoringJournal.Turn]) throws {
        self.condition = condition
        guard let path else {
            format = isJSON ? .jsonLines : .csv
            finishedIDs = []
            file = nil
            if !format.header.isEmpty { try lines.write(line: String(format.header.dropLast())) }
            return
        }
        format = PredictionFormat(fileName: path)
        let existing = access(path, F_OK) == 0 ? try FileInput.read(contentsOf: path, limit: 1 << 34) : []
        let journal: ScoringJournal
        do throws(TurnError) {
            journal = try ScoringJournal(existing, format: format, turns: turns, condition: condition)
        } catch {
            throw TurnError(error.code, "\(path): \(error.message)")
        }
        finishedIDs = journal.finishedIDs
        let file = try AppendedFile(path: path, keeping: journal.validByteCount)
        if journal.validByteCount == 0 { try file.append(format.header) }
        self.file = file
    }

    /// Writes the rows of one turn, in one piece.
    mutating func write(_ rows: [PredictionSetBuilder.Row]) throws {
        let text = rows.map { format.line($0, condition: condition) }.joined()
        if let file {
            try file.append(text)
        } else if !text.isEmpty {
            try lines.write(line: String(text.dropLast()))
        }
    }

    mutating func flush() throws { try lines.flush() }
}

/// Processors that this process may use.
enum ProcessorCount {
    static var online: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
