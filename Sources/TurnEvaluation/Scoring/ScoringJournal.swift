import TurnCore

/// What a predictions file from an interrupted run is still good for.
///
/// Such files only grow, and all rows of a turn are written together; so only the last turn can be incomplete, and
/// only the last line torn.
public struct ScoringJournal: Sendable, Hashable {
    /// What the run that is to go on writes of one turn.
    public struct Turn: Sendable, Hashable {
        public let rowCount: Int
        /// What stands in each of its rows; nil for none.
        public let policy: TurnPolicy?

        public init(rowCount: Int, policy: TurnPolicy?) {
            self.rowCount = rowCount
            self.policy = policy
        }
    }

    /// Turns whose rows are all there.
    public let finishedIDs: Set<String>
    /// Bytes from the start that stay; the rest is a torn line, or rows of a turn that is scored anew.
    public let validByteCount: Int

    /// - Parameters:
    ///   - bytes: the file.
    ///   - format: how it is written.
    ///   - turns: those of the manifest, by id.
    ///   - condition: the circumstances of the run that is to go on.
    /// - Throws: ``TurnError`` `.invalidPredictions` when the file is none of this data set, or was made under other
    ///   circumstances.
    public init(
        _ bytes: [UInt8], format: PredictionFormat, turns: [String: Turn], condition: String
    ) throws(TurnError) {
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(TurnError) in try Self.scan(buffer, format, turns, condition) }
        }
        self = try result.get()
    }

    private init(finishedIDs: Set<String>, validByteCount: Int) {
        self.finishedIDs = finishedIDs
        self.validByteCount = validByteCount
    }

    private struct Seen {
        let start: Int
        var count: Int
    }

    private static func scan(
        _ bytes: UnsafeBufferPointer<UInt8>, _ format: PredictionFormat, _ expected: [String: Turn],
        _ condition: String
    ) throws(TurnError) -> ScoringJournal {
        var header: CSVRowParser?
        var turns: [String: Seen] = [:]
        var last: String?
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = UnsafeBufferPointer(rebasing: bytes[start..<end])
            if format == .csv, header == nil {
                header = try CSVRowParser(header: line)
            } else {
                let row = try fields(line, header)
                let (id, made) = (try row.text(.id), try row.text(.condition))
                guard let turn = expected[id] else {
                    throw TurnError(
                        .invalidPredictions,
                        "the output file has rows of '\(id)', which the manifest does not name; use another file"
                    )
                }
                guard made == condition else {
                    throw TurnError(
                        .invalidPredictions,
                        "the output file was made with '\(made)', this run is '\(condition)'; use another file"
                    )
                }
                guard try row.policy() == turn.policy else {
                    throw TurnError(
                        .invalidPredictions,
                        "the output file was made with another threshold or other delays; use another file")
                }
                turns[id, default: Seen(start: start, count: 0)].count += 1
                last = id
            }
            start = end + 1
        }
        var finished = turns.filter { $0.value.count == expected[$0.key]?.rowCount }
        let partial = turns.filter { finished[$0.key] == nil }
        guard let (id, seen) = partial.first else {
            return ScoringJournal(finishedIDs: Set(finished.keys), validByteCount: start)
        }
        guard partial.count == 1, id == last else {
            throw TurnError(
                .invalidPredictions,
                "the output file lacks rows of turn '\(id)' in its middle; use another file")
        }
        finished[id] = nil
        return ScoringJournal(finishedIDs: Set(finished.keys), validByteCount: seen.start)
    }

    private static func fields(
        _ line: UnsafeBufferPointer<UInt8>, _ header: CSVRowParser?
    ) throws(TurnError) -> RowFields {
        if let header { return try header.fields(line) }
        var parser = JSONRowParser(line)
        return try parser.fields()
    }
}
