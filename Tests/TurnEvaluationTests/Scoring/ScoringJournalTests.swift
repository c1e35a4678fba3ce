import Testing
import TurnCore
import TurnEvaluation

private let policy = TurnPolicy(threshold: 0.25, actionDelay: 0.5, timeout: 1)

private func rows(_ id: String, count: Int = 3) -> [PredictionSetBuilder.Row] {
    (0..<count).map { number in
        PredictionSetBuilder.Row(
            id: id, language: "en", spanIndex: 0, silence: Double(number) / 10,
            timestamp: 1 + Double(number) / 10,
            probability: number == 1 ? nil : 0.1 + Double(number) / 3, label: .endOfTurn, policy: policy)
    }
}

@Suite(.serialized) struct `Scoring journal` {
    private static let odd = "b, \"odd\" \\ id"
    private static let formats = [PredictionFormat.csv, .jsonLines]

    private func file(_ format: PredictionFormat, _ ids: [String]) -> [UInt8] {
        Array(
            (format.header + ids.flatMap { rows($0) }.map { format.line($0, condition: "m") }.joined()).utf8)
    }

    private func journal(
        _ bytes: [UInt8], _ format: PredictionFormat, condition: String = "m",
        ids: [String] = ["a", odd, "c"], policy: TurnPolicy? = policy
    ) throws -> ScoringJournal {
        let turns = Dictionary(
            uniqueKeysWithValues: ids.map { ($0, ScoringJournal.Turn(rowCount: 3, policy: policy)) })
        return try ScoringJournal(bytes, format: format, turns: turns, condition: condition)
    }

    @Test(arguments: formats) func `rows read back as they were written`(format: PredictionFormat) throws {
        let bytes = file(format, ["a", Self.odd])
        var reader = PredictionReader()
        try bytes.withUnsafeBytes { try reader.append($0) }
        let set = try reader.finish()
        #expect(set.spans.map(\.id) == ["a", Self.odd])
        #expect(set.spans.map(\.duration) == [0.2, 0.2])
        #expect(set.spans.map(\.policy) == [policy, policy])
        #expect(set.scores.map(\.probability) == [0.1, 0.1 + 2.0 / 3, 0.1, 0.1 + 2.0 / 3])
    }

    @Test(arguments: formats) func `a whole file is kept`(format: PredictionFormat) throws {
        let bytes = file(format, ["a", Self.odd])
        let journal = try journal(bytes, format)
        #expect(journal.finishedIDs == ["a", Self.odd])
        #expect(journal.validByteCount == bytes.count)
    }

    @Test(arguments: formats) func `wherever a run stopped, whole turns are kept and the rest goes`(
        format: PredictionFormat
    ) throws {
        let bytes = file(format, ["a", Self.odd, "c"])
        let ends =
            [format.header.utf8.count]
            + (1...3).map { file(format, Array(["a", Self.odd, "c"].prefix($0))).count }
        for length in 0...bytes.count {
            let journal = try journal(Array(bytes.prefix(length)), format)
            let whole = max(0, ends.lastIndex { $0 <= length } ?? 0)
            #expect(journal.finishedIDs.count == whole)
            #expect(journal.validByteCount == (length < ends[0] ? 0 : ends[whole]))
        }
    }

    @Test(arguments: formats) func `a file of another run is an error`(format: PredictionFormat) {
        let bytes = file(format, ["a", Self.odd])
        #expect(throws: TurnError.self) { try journal(bytes, format, condition: "m telephone") }
        #expect(throws: TurnError.self) { try journal(bytes, format, ids: ["a"]) }
        let other = TurnPolicy(threshold: 0.25, actionDelay: 0.5, timeout: 1.5)
        #expect(throws: TurnError.self) { try journal(bytes, format, policy: other) }
        #expect(throws: TurnError.self) { try journal(bytes, format, policy: nil) }
        #expect(throws: TurnError.self) { try journal(Array("what is this\n".utf8), format) }
    }

    @Test(arguments: formats) func `rows that lack in the middle are an error`(format: PredictionFormat) {
        let lines = rows("a", count: 2) + rows("c")
        let text = format.header + lines.map { format.line($0, condition: "m") }.joined()
        #expect(throws: TurnError.self) { try journal(Array(text.utf8), format) }
    }

    @Test(arguments: [
        ("x.jsonl", PredictionFormat.jsonLines), ("x.JSON", .jsonLines), ("x.csv", .csv), ("x", .csv),
    ])
    func `the name tells the format`(name: String, format: PredictionFormat) {
        #expect(PredictionFormat(fileName: name) == format)
    }
}
