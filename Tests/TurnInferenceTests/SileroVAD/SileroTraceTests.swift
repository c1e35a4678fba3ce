import Testing
import TurnCore
import TurnInference

/// Silero VAD against onnxruntime, window by window.
@Suite struct SileroTraceTests {
    private static let windowSampleCount = 512

    struct Golden: Decodable {
        struct Trace: Decodable {
            let id: String
            let file: String?
            let p: [Float]

            /// As long as the trace, the last window filled with zeros.
            func samples() throws -> [Float] {
                let count = p.count * SileroTraceTests.windowSampleCount
                guard let file else { return Array(try #require(SyntheticInput.samples(id)).prefix(count)) }
                let samples = try Recording(file).floats()
                return samples + [Float](repeating: 0, count: count - samples.count)
            }
        }

        let traces: [Trace]
    }

    private static func trace(_ stream: inout any SpeechActivityStream, _ samples: [Float]) -> [Float] {
        samples.withUnsafeBufferPointer { samples in
            stride(from: 0, to: samples.count, by: windowSampleCount).map { start in
                let window = samples[start..<(start + windowSampleCount)]
                return stream.probability(of: UnsafeBufferPointer(rebasing: window))
            }
        }
    }

    /// 1e-4 is what the project promises; two float32 implementations differ by 2e-6 (the state grows to 144).
    @Test func `every window equals onnxruntime's`() throws {
        let model = try TestModels.silero()
        let traces = try TestData.golden("silero.json", as: Golden.self).traces
        #expect(traces.contains { $0.p.count > 900 })
        for golden in traces {
            var differences = Differences()
            var stream = model.makeStream()
            let found = Self.trace(&stream, try golden.samples())
            for (index, (a, b)) in zip(found, golden.p).enumerated() {
                differences.add(a, b)
                #expect(abs(a - b) <= 1e-4, "\(golden.id), window \(index)")
            }
            print("Silero VAD, \(golden.id): \(differences)")
        }
    }

    @Test func `reset goes back to the start of a stream`() throws {
        var stream = try TestModels.silero().makeStream()
        let samples = try Recording("audio/sample.wav").floats(102_400..<204_800)
        let first = Self.trace(&stream, samples)
        #expect(Self.trace(&stream, samples) != first)
        stream.reset()
        #expect(Self.trace(&stream, samples) == first)
    }

    @Test func `streams of one model do not disturb each other`() async throws {
        let model = try TestModels.silero()
        let recording = try Recording("audio/sample.wav")
        let starts = (0..<8).map { $0 * 51_200 }
        let alone = starts.map { start in
            var stream = model.makeStream()
            return Self.trace(&stream, recording.floats(start..<(start + 51_200)))
        }
        let together = try await concurrentMap(starts) { start in
            var stream = model.makeStream()
            return Self.trace(&stream, recording.floats(start..<(start + 51_200)))
        }
        #expect(alone == together)
    }
}
