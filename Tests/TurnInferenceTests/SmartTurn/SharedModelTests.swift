import Testing
import TurnCore
import TurnInference

/// One model for all streams of a process.
@Suite struct SharedModelTests {
    @Test func `many threads get the answers that one gets`() async throws {
        let model = try TestModels.smartTurn()
        let recording = try Recording("audio/sample.wav")
        let windows = (0..<4).map { recording.floats(0..<((3 + 6 * $0) * 16_000)) }
        let alone = try windows.map { try model.predict($0).probability }
        let together = try await concurrentMap(Array(0..<16)) {
            try model.predict(windows[$0 % 4]).probability
        }
        for (index, p) in together.enumerated() { #expect(p == alone[index % 4]) }
    }

    #if os(Linux)
        /// A thousand streams that each held the weights (1.2 MB) would take 1.2 GB; their states take 20 MB.
        @Test func `a thousand voice activity streams share the weights`() throws {
            let model = try TestModels.silero()
            let before = try #require(ProcessMemory.residentByteCount)
            let window = [Float](repeating: 0.1, count: model.windowSampleCount)
            var streams = (0..<1_000).map { _ in model.makeStream() }
            for index in streams.indices {
                let p = window.withUnsafeBufferPointer { streams[index].probability(of: $0) }
                #expect((0...1).contains(p))
            }
            let after = try #require(ProcessMemory.residentByteCount)
            #expect(after - before < 400 << 20)
        }
    #endif
}
