import Testing

/// The conversation at other rates gives the turns of its 16 kHz copies, which soxr made.
@Suite struct RateTests {
    @Test(arguments: ["24k", "44k-stereo", "8k-mulaw"])
    func `other rates give the same turns within 50 ms`(_ kind: String) async throws {
        let original = try Repository.fetched("fixtures/conversation-\(kind).wav")
        let copy = try Repository.fetched("fixtures/conversation-\(kind)-at-16k.wav")
        let turns = try await Eot.run(["detect", "--json", original]).records("turn_ended")
        let expected = try await Eot.run(["detect", "--json", copy]).records("turn_ended")
        #expect(expected.count >= 2)
        try #require(turns.count == expected.count)
        for (turn, other) in zip(turns, expected) {
            #expect(try turn.string("reason") == (try other.string("reason")), "\(turn.text) \(other.text)")
            for key in ["time", "speech_start", "speech_end"] {
                #expect(
                    abs(try turn.number(key) - (try other.number(key))) <= 0.05, "\(turn.text) \(other.text)")
            }
        }
    }
}
