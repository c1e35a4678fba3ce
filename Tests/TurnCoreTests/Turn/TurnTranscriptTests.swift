import Testing
import TurnCore

/// A turn's transcript is bounded: the newest 64 KiB of UTF-8 win, and the loss is said once a turn.
@Suite struct TurnTranscriptTests {
    private func manual() throws -> Conversation {
        var options = TurnMachine.Options()
        options.isManual = true
        return try Conversation(options: options)
    }

    private func commit(_ talk: inout Conversation) throws -> String {
        talk.send(.commitTurn)
        talk.silence(until: .seconds(talk.turns.count + 1))
        return try #require(talk.turns.last?.turn.transcript)
    }

    @Test func `up to the bound nothing is lost`() throws {
        var talk = try manual()
        talk.send(.transcript(Transcript(String(repeating: "a", count: 65_534))))
        talk.send(.transcript(Transcript("b")))
        #expect(try commit(&talk).utf8.count == 65_536)
        #expect(talk.warnings.isEmpty)
    }

    @Test func `beyond it the newest part stays, and it is said once`() throws {
        var talk = try manual()
        for index in 0..<20_000 { talk.send(.transcript(Transcript("\(index)"))) }
        let text = try commit(&talk)
        #expect(text.utf8.count == 65_536 && text.hasSuffix(" 19998 19999"))
        #expect(talk.warnings == [.transcriptTruncated])
        // The next turn starts afresh.
        talk.send(.transcript(Transcript("next")))
        #expect(try commit(&talk) == "next")
    }

    @Test(arguments: 1...8)
    func `one long transcript is cut where a character begins`(excess: Int) throws {
        var talk = try manual()
        // 4 bytes each: unless the excess is a multiple of 4, the cut falls within one.
        let text = String(repeating: "😀", count: 16_384) + String(repeating: "a", count: excess)
        talk.send(.transcript(Transcript(text)))
        #expect(try commit(&talk) == String(text.dropFirst((excess + 3) / 4)))
    }

    @Test func `a combining text is cut between scalars, never within one`() throws {
        var talk = try manual()
        talk.send(.transcript(Transcript(String(repeating: "e\u{301}", count: 40_000))))
        let text = try commit(&talk)
        #expect(text.unicodeScalars.allSatisfy { $0 == "e" || $0 == "\u{301}" })
        #expect((65_534...65_536).contains(text.utf8.count))
    }
}
