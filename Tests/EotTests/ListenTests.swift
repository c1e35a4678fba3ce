import Foundation
import Testing

/// `eot listen`: events appear while the audio goes on.
@Suite struct ListenTests {
    @Test func `a turn is told while standard input stays open`() async throws {
        let samples = try WAV.samples(ofFileAt: try Repository.sample())
        let run = try LiveEot([
            "--json", "--raw", "s16le", "--rate", "16000", "--threshold", "0", "--preset", "responsive",
        ])
        // The conversation's first words, then silence, which ends the turn; no end of input follows.
        try run.push(Array(samples[..<(8 * 16_000)]) + [Int16](repeating: 0, count: 16_000))
        let records = try run.records(until: "turn_ended")
        #expect(records.first?.type == "speech_started")
        #expect(!records.contains { $0.type == "summary" })
        #expect(run.process.isRunning)
        #expect(try run.finish().records.last?.type == "summary")
    }
}
