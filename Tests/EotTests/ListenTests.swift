import Foundation
import Testing

/// `eot listen`: events appear while the audio goes on.
@Suite struct ListenTests {
    @Test func `a turn is told while standard input stays open`() async throws {
        signal(SIGPIPE, SIG_IGN)
        let samples = try WAV.samples(ofFileAt: try Repository.sample())
        let process = Process()
        process.executableURL = Eot.executable
        process.arguments = [
            "listen", "--json", "--raw", "s16le", "--rate", "16000", "--threshold", "0", "--preset",
            "responsive",
        ]
        process.currentDirectoryURL = Repository.root
        process.environment = Eot.environment([:])
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { process.terminate() }

        // The conversation's first words, then silence, which ends the turn; no end of input follows.
        let speech = Array(samples[..<(8 * 16_000)]) + [Int16](repeating: 0, count: 16_000)
        try input.fileHandleForWriting.write(contentsOf: Data(WAV.raw(speech)))
        var text = ""
        while !text.contains("\"type\":\"turn_ended\"") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "the command ended early: \(text)")
            text += String(decoding: data, as: UTF8.self)
        }
        let records = try JSONRecord.all(EotResult.lines(text))
        #expect(records.first?.type == "speech_started")
        #expect(!records.contains { $0.type == "summary" })
        #expect(process.isRunning)

        try input.fileHandleForWriting.close()
        let rest = output.fileHandleForReading.readDataToEndOfFile()
        let last = try JSONRecord.all(EotResult.lines(String(decoding: rest, as: UTF8.self)))
        #expect(last.last?.type == "summary")
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
