import Testing
import TurnCore
import TurnDetection
import TurnTesting

@Suite struct VoiceActivityStreamTests {
    private func signal(rate: Int) -> [Float] {
        let base = Signal.silence(1) + Signal.speech(1) + Signal.silence(1)
        let count = base.count * rate / 16_000
        return (0..<count).map { base[min(base.count - 1, $0 * 16_000 / rate)] }
    }

    private func events(
        _ stream: VoiceActivityStream, _ samples: [Float], rate: Int, frameSize: Int
    ) throws -> [VoiceActivityStream.Event] {
        let format = try AudioFormat(sampleRate: rate)
        var events: [VoiceActivityStream.Event] = []
        for start in stride(from: 0, to: samples.count, by: frameSize) {
            let piece = Array(samples[start..<min(start + frameSize, samples.count)])
            try stream.push(AudioFrame(.float32(piece), format: format)) { events.append($0) }
        }
        return events
    }

    @Test(arguments: [(16_000, 160), (16_000, 48_000), (44_100, 441), (44_100, 132_300)])
    func `R-117 segments at any rate and frame size`(rate: Int, frameSize: Int) throws {
        let stream = VoiceActivityStream(model: EnergySpeechModel())
        let events = try events(stream, signal(rate: rate), rate: rate, frameSize: frameSize)
        let starts = events.filter { $0.event.kind == .startOfSpeech }
        let ends = events.filter { $0.event.kind == .endOfSpeech }
        #expect(starts.count == 1 && ends.count == 1)
        #expect(events.allSatisfy { $0.sampleRate == rate })
        // Padding of 0.5 s and two windows; then padding, speech of about a second, and 0.256 s of silence.
        #expect(abs(Double(starts[0].audio.count) / Double(rate) - 0.564) < 0.001)
        let end = ends[0].event
        let expected = 0.5 + (end.speechDuration + end.silenceDuration) / .seconds(1)
        #expect(abs(Double(ends[0].audio.count) / Double(rate) - expected) < 0.001)
    }

    @Test func `section 12 windows take their share of another rate`() throws {
        let stream = VoiceActivityStream(model: EnergySpeechModel())
        let events = try events(stream, signal(rate: 44_100), rate: 44_100, frameSize: 441)
        let counts = events.filter { $0.event.kind == .inferenceDone }.map(\.audio.count)
        #expect(Set(counts) == [1_411, 1_412])
        // 512 samples at 16 kHz are 1411.2 at 44.1 kHz.
        #expect(counts.prefix(90).reduce(0, +) == 127_008)
    }

    @Test func `R-118 segment, flush, the same again`() throws {
        let stream = VoiceActivityStream(model: EnergySpeechModel())
        let first = try events(stream, signal(rate: 16_000), rate: 16_000, frameSize: 160)
        stream.flush()
        let second = try events(stream, signal(rate: 16_000), rate: 16_000, frameSize: 160)
        #expect(first.map(\.event.kind) == second.map(\.event.kind))
        #expect(first.map(\.event.timestamp) == second.map(\.event.timestamp))
        #expect(first.contains { $0.event.kind == .endOfSpeech })
    }

    @Test func `S-23 finish ends an open segment, flush does not`() throws {
        let speech = Signal.silence(0.5) + Signal.speech(1)
        let flushed = VoiceActivityStream(model: EnergySpeechModel())
        _ = try events(flushed, speech, rate: 16_000, frameSize: 160)
        flushed.flush()
        var late: [VoiceActivityStream.Event] = []
        flushed.finish { late.append($0) }
        #expect(late.isEmpty)

        let finished = VoiceActivityStream(model: EnergySpeechModel())
        _ = try events(finished, speech, rate: 16_000, frameSize: 160)
        var events: [VoiceActivityStream.Event] = []
        finished.finish { events.append($0) }
        #expect(events.last?.event.kind == .endOfSpeech)
        finished.finish { _ in Issue.record("finished twice") }
        let error = #expect(throws: TurnError.self) { try finished.push(Bench.frame()) { _ in } }
        #expect(error?.code == .closed)
    }

    @Test func `another rate is refused until a flush`() throws {
        let stream = VoiceActivityStream(model: EnergySpeechModel())
        try stream.push(Bench.frame()) { _ in }
        let other = try AudioFrame(.int16([0, 0]), format: AudioFormat(sampleRate: 8_000))
        #expect(throws: TurnError.self) { try stream.push(other) { _ in } }
        stream.flush()
        try stream.push(other) { _ in }
    }

    @Test func `the audio of a segment is bounded, warned of once, timing goes on`() throws {
        let log = CapturedLog()
        let options = try VoiceActivityOptions(maxBufferedSpeech: .seconds(1))
        let stream = VoiceActivityStream(model: EnergySpeechModel(), options: options, logger: log.logger)
        let audio = Signal.silence(1) + Signal.speech(4) + Signal.silence(1)
        let events = try events(stream, audio, rate: 16_000, frameSize: 1_600)
        let end = try #require(events.first { $0.event.kind == .endOfSpeech })
        #expect(end.audio.count == 24_000)
        #expect(abs(end.event.speechDuration / .seconds(4) - 1) < 0.02)
        #expect(log.warnings.count == 1)
    }

    @Test func `more room lets the audio of a segment go on`() throws {
        let options = try VoiceActivityOptions(maxBufferedSpeech: .seconds(1))
        let stream = VoiceActivityStream(
            model: EnergySpeechModel(), options: options, logger: CapturedLog().logger)
        _ = try events(stream, Signal.silence(1) + Signal.speech(2), rate: 16_000, frameSize: 1_600)
        stream.options.maxBufferedSpeech = .seconds(10)
        let rest = try events(stream, Signal.speech(1) + Signal.silence(1), rate: 16_000, frameSize: 1_600)
        #expect(try #require(rest.first { $0.event.kind == .endOfSpeech }).audio.count > 36_000)
    }

    @Test func `figures of every 32 windows`() throws {
        let stream = VoiceActivityStream(model: EnergySpeechModel())
        var metrics: [VoiceActivityStream.Metrics] = []
        stream.onMetrics = { metrics.append($0) }
        _ = try events(stream, signal(rate: 16_000), rate: 16_000, frameSize: 160)
        #expect(metrics.map(\.inferenceCount) == [32, 32])
        #expect(metrics.map(\.timestamp) == [.milliseconds(1_024), .milliseconds(2_048)])
        #expect(metrics[0].idleDuration == .milliseconds(1_024))
        #expect(metrics[1].idleDuration < .milliseconds(1_024))
    }
}
