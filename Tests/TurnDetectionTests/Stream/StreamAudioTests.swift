import Testing
import TurnAudio
import TurnCore
import TurnDetection
import TurnTesting

/// What a stream does with audio, S-10, and the bounded queue.
@Suite struct StreamAudioTests {
    /// What the local model was shown.
    private final class Listener: TurnModel {
        let name = "listener"
        let windowSampleCount: Int
        let shown = Recorder<[Float]>([])

        init(_ windowSampleCount: Int) { self.windowSampleCount = windowSampleCount }

        func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
            shown.update { $0 = Array(audio) }
            return ModelPrediction(probability: 0.5)
        }
    }

    private func shown(
        window: Int, _ frames: [AudioFrame], lookback: Duration? = nil
    ) async throws -> [Float] {
        let listener = Listener(window)
        let bench = try Bench(nil, localModel: LocalModel(listener))
        let stream = try bench.stream()
        for frame in frames { stream.push(frame) }
        #expect(await stream.predict(lookback: lookback).value.outcome == .predicted)
        return listener.shown.value
    }

    private func ramp(_ range: ClosedRange<Int>) throws -> AudioFrame {
        try AudioFrame(.float32(range.map { Float($0) }), format: .mono16kHz)
    }

    @Test(
        arguments: [
            (6, [1...4, 5...7], 2...7), (4, [1...4, 5...6], 3...6),
            (3, [1...1, 2...2, 3...3, 4...4, 5...5, 6...6, 7...7, 8...8, 9...9, 10...10], 8...10),
        ] as [(Int, [ClosedRange<Int>], ClosedRange<Int>)])
    func `R-109 newest samples win`(
        capacity: Int, pushes: [ClosedRange<Int>], expected: ClosedRange<Int>
    ) async throws {
        #expect(try await shown(window: capacity, pushes.map(ramp)) == expected.map { Float($0) })
    }

    @Test func `R-110 S-08 a frame longer than the window is no error, its newest samples win`() async throws
    {
        #expect(try await shown(window: 3, [ramp(1...4)]) == [2, 3, 4])
    }

    @Test func `R-111 S-10 channels are mixed down`() async throws {
        let stereo = try AudioFormat(sampleRate: 16_000, channelCount: 2)
        let frame = try AudioFrame(.int16([100, 300, 200, 400, -100, 100]), format: stereo)
        #expect(try await shown(window: 6, [frame]).map { $0 * 32_768 } == [200, 300, 0])
    }

    @Test func `S-10 the service is sent mono`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let stereo = try AudioFormat(sampleRate: 16_000, channelCount: 2)
        stream.push(try AudioFrame(.int16([100, 300, 200, 400, -100, 100]), format: stereo))
        let record = await bench.transport.record.first { !$0.commands.isEmpty }
        #expect(record.commands == [.audio([200, 300, 0])])
    }

    @Test(arguments: [(100, []), (0, [1, 2, 3]), (2, [3]), (-1, [1, 2, 3])] as [(Int, [Float])])
    func `R-112 dropping the oldest`(count: Int, rest: [Float]) {
        var ring = SampleRing(capacity: 6)
        ring.removeFirst(count)
        #expect(ring.last(6).isEmpty)
        ring.append([1, 2, 3])
        ring.removeFirst(count)
        #expect(ring.last(6) == rest)
    }

    @Test func `R-113 what was read is a copy`() async throws {
        let listener = Listener(6)
        let bench = try Bench(nil, localModel: LocalModel(listener))
        let stream = try bench.stream()
        stream.push(try ramp(1...3))
        _ = await stream.predict().value
        stream.push(try ramp(4...4))
        _ = await stream.predict().value
        #expect(listener.shown.value == [1, 2, 3, 4])
    }

    @Test(arguments: [8_000, 24_000, 44_100, 48_000])
    func `R-114 fifty milliseconds at another rate`(rate: Int) async throws {
        let frame = try AudioFrame(
            .float32([Float](repeating: 0.1, count: rate / 20)), format: AudioFormat(sampleRate: rate))
        // What the resampler still holds back is at most 10 ms.
        let count = try await shown(window: 16_000, [frame]).count
        #expect(count <= 800 + 10 && count >= 800 - 160)
        #expect(abs(try await shown(window: 16_000, [frame, frame]).count - count - 800) <= 10)
    }

    @Test(arguments: [8_000, 16_000, 44_100, 48_000])
    func `R-114 what was pushed piece by piece is shown as the ingress makes it, to the bit`(rate: Int)
        async throws
    {
        var generator = SeededGenerator(seed: 7)
        let format = try AudioFormat(sampleRate: rate)
        let frames = try (0..<120).map { _ in
            try AudioFrame(
                .int16(
                    (0..<Int.random(in: 1...(rate / 40), using: &generator)).map { _ in
                        Int16.random(in: -9_000...9_000, using: &generator)
                    }), format: format)
        }
        var ingress = AudioIngress()
        var expected: [Float] = []
        for frame in frames { try ingress.push(frame) { expected.append(contentsOf: $0) } }
        #expect(try await shown(window: 100_000, frames) == expected)
    }

    @Test(arguments: [16_000, 48_000])
    func `more than anybody can take in before the prediction: the newest wins`(rate: Int) async throws {
        let frames = try (0..<30).map { second in
            try AudioFrame(
                .float32([Float](repeating: Float(second) / 32, count: rate)),
                format: AudioFormat(sampleRate: rate))
        }
        // The window is longer than what waits on its way: then so much may wait.
        let shown = try await shown(window: 12 * 16_000, frames)
        #expect(shown.count == 12 * 16_000)
        // Half of the window is six seconds ago, give or take the resampler.
        #expect(abs((shown.last ?? 0) - 29 / 32) < 0.001 && abs(shown[6 * 16_000] - 23.5 / 32) < 0.02)
    }

    @Test func `R-116 a single sample at another rate`() async throws {
        let format = try AudioFormat(sampleRate: 8_000)
        let single = try AudioFrame(.float32([0.5]), format: format)
        #expect(try await shown(window: 1_000, [single]).count <= 2)
        let more = try AudioFrame(.float32([Float](repeating: 0.5, count: 800)), format: format)
        #expect(try await shown(window: 2_000, [single, more]).count > 1_000)
    }

    @Test func `a lookback bounds what counts, also behind a flush`() async throws {
        #expect(
            try await shown(window: 100, [ramp(1...50)], lookback: .microseconds(625))
                == (41...50).map { Float($0) })
        let listener = Listener(100)
        let bench = try Bench(nil, localModel: LocalModel(listener))
        let stream = try bench.stream()
        stream.push(try ramp(1...10))
        stream.flush()
        stream.push(try ramp(11...12))
        _ = await stream.predict().value
        #expect(listener.shown.value == [11, 12])
        _ = await stream.predict(lookback: .nanoseconds(62_500 * 4)).value
        #expect(listener.shown.value == [9, 10, 11, 12])
        for (lookback, count) in [(Duration.seconds(Int64.max), 12), (.seconds(-1), 0)] {
            _ = await stream.predict(lookback: lookback).value
            #expect(listener.shown.value.count == count)
        }
    }

    @Test func `another format is dropped until a flush`() async throws {
        let bench = try Bench(nil)
        let stream = try bench.stream()
        stream.push(try Bench.frame(160))
        stream.push(try AudioFrame(.int16([0]), format: AudioFormat(sampleRate: 8_000)))
        #expect(bench.log.errors.count == 1)
        stream.flush()
        stream.push(try AudioFrame(.int16([0]), format: AudioFormat(sampleRate: 8_000)))
        #expect(bench.log.lines.value.count == 1)
    }

    @Test func `audio that waits for a service is bounded, the newest wins`() async throws {
        var script = ScriptedTransport.Script()
        script.waitsForOpening = true
        let bench = try Bench([script])
        let stream = try bench.stream()
        for second in 0..<12 { stream.push(try Bench.frame(16_000, Float(second) / 32)) }
        #expect(stream.statistics.droppedSampleCount == 32_000)
        bench.transport.open()
        let record = await bench.transport.record.first { $0.sampleCount == 160_000 }
        let pieces = record.commands.compactMap { if case .audio(let samples) = $0 { samples } else { nil } }
        #expect(pieces.allSatisfy { $0.count <= 1_600 })
        #expect(pieces.first?.first == 2_048 && pieces.last?.last == 11_264)
    }

    @Test func `the service's rate may differ from the model's`() async throws {
        let bench = try Bench { $0.sampleRate = 8_000 }
        let stream = try await bench.connectedStream()
        for _ in 0..<10 { stream.push(try Bench.frame(1_600)) }
        stream.endInput()
        let record = await bench.transport.record.first { $0.endCount == 1 }
        #expect(abs(record.sampleCount - 8_000) <= 1)
        #expect(record.commands.suffix(2) == [.flush, .end])
    }

    @Test func `flushes without audio between them are one`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        var script = ScriptedTransport.Script()
        script.waitsForOpening = true
        let waiting = try Bench([script])
        let held = try waiting.stream()
        for _ in 0..<100 { held.flush() }
        waiting.transport.open()
        held.endInput()
        let record = await waiting.transport.record.first { $0.endCount == 1 }
        #expect(record.commands == [.flush, .end])
        stream.flush()
        await bench.transport.record.first { $0.commands == [.flush] }
    }
}

/// where the reference refuses audio that is longer than its buffer, the newest samples win here (S-08).
@Suite struct OversizedAudioTests {
    @Test func `R-115 S-08 from 8 to 16 kHz more than the window holds is no error`() async throws {
        let bench = try Bench(nil, model: ScriptedTurnModel([0.5], windowSampleCount: 1_000))
        let stream = try bench.stream()
        stream.push(
            try AudioFrame(
                .int16([Int16](repeating: 100, count: 900)), format: AudioFormat(sampleRate: 8_000)))
        #expect(await stream.predict().value.outcome == .predicted)
        #expect(bench.model.sampleCounts == [1_000])
        #expect(bench.log.lines.value.isEmpty)
    }

    @Test func `R-115 from 16 to 8 kHz 1800 samples become 900`() throws {
        var ingress = try AudioIngress(outputSampleRate: 8_000)
        var count = 0
        try ingress.push(Bench.frame(1_800)) { count += $0.count }
        // What the resampler still holds back is at most 10 ms of input.
        #expect(count <= 900 && count >= 900 - 80)
        ingress.flush { count += $0.count }
        #expect(count == 900)
    }
}
