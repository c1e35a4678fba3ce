import Testing
import TurnCore
import TurnDetection
import TurnTesting

@Suite struct TurnPipelineTests {
    /// 1 s of silence, 1 s of speech, 3 s of silence. Speech is anything louder than 0.1.
    static let oneTurn = Signal.silence(1) + Signal.speech(1) + Signal.silence(3)

    @Test(arguments: [160, 512, 333, 16_000])
    func `a turn is found, whatever the frame size`(frameSize: Int) throws {
        let model = ScriptedTurnModel([0.9])
        let events = try run(Self.oneTurn, frameSize: frameSize, model: model)

        // Window 31 (0.992...1.024 s) is the first that is mostly speech, window 62 ends at 2.016 s.
        #expect(events.speechStarts.map(\.time) == [.milliseconds(992)])
        #expect(events.speechEnds.map(\.time) == [.milliseconds(2_016)])
        let turn = try #require(events.turns.first)
        #expect(events.turns.count == 1)
        #expect(turn.time == .milliseconds(2_516))
        #expect(turn.delay == .milliseconds(500))
        #expect(turn.reason == .model)
        #expect(turn.probability == 0.9)
        #expect(events.predictions.map(\.time) == [.milliseconds(2_272)])
    }

    @Test func `an unfinished turn ends after the longer delay`() throws {
        let events = try run(Self.oneTurn, model: ScriptedTurnModel([0.1]))
        #expect(events.turns.map(\.delay) == [.seconds(1)])
        #expect(events.turns.map(\.reason) == [.timeout])
    }

    @Test func `a pause within a turn is scored with the whole turn's audio`() throws {
        let model = ScriptedTurnModel([0.1, 0.9])
        let signal =
            Signal.silence(2) + Signal.speech(1) + Signal.silence(0.5) + Signal.speech(1) + Signal.silence(2)
        let events = try run(signal, model: model)

        #expect(events.turns.count == 1)
        #expect(events.predictions.count == 2)
        // From 0.5 s before the first speech window (1.984 s) to where each prediction was asked for.
        let start = Duration.milliseconds(1_984 - 500)
        let expected = events.predictions.map { (($0.time - start) / .seconds(1)) * 16_000 }
        #expect(model.sampleCounts.map(Double.init) == expected)
    }

    @Test func `the window holds nothing of an earlier turn's speech, and at most eight seconds`() throws {
        let model = ScriptedTurnModel([0.9, 0.9])
        let signal =
            Signal.silence(1) + Signal.speech(1) + Signal.silence(0.64) + Signal.speech(9) + Signal.silence(1)
        let events = try run(signal, preset: .responsive, model: model)

        #expect(events.turns.count == 2)
        #expect(model.sampleCounts[1] == 128_000)

        let short = ScriptedTurnModel([0.9, 0.9])
        let close =
            Signal.silence(1) + Signal.speech(1) + Signal.silence(0.384) + Signal.speech(1)
            + Signal.silence(1)
        let turns = try run(close, preset: .responsive, model: short).turns
        let first = try #require(turns.first?.speechEnd)
        let asked = first + .milliseconds(384 + 992 + 256)
        // 0.384 s of silence is less than the lead of 0.5 s: the window starts where the first turn's speech ended.
        #expect(turns.count == 2)
        #expect(abs(Double(short.sampleCounts[1]) - (asked - first) / .seconds(1) * 16_000) <= 1_024)
    }

    @Test func `S-23 the end of the audio ends the open turn`() throws {
        let events = try run(Signal.silence(1) + Signal.speech(1.01), model: ScriptedTurnModel([]))
        let turn = try #require(events.turns.first)
        #expect(turn.reason == .endOfInput)
        #expect(turn.time == .milliseconds(2_010))
        #expect(events.speechEnds.count == 1)
    }

    @Test func `a model that fails costs the prediction, not the turn`() throws {
        let model = ScriptedTurnModel([nil, 0.9])
        let signal = Self.oneTurn + Signal.speech(1) + Signal.silence(2)
        let events = try run(signal, model: model)
        #expect(events.predictions.map(\.prediction.outcome) == [.failed, .predicted])
        #expect(events.turns.map(\.reason) == [.noPrediction, .model])
        #expect(events.turns.map(\.delay) == [.milliseconds(500), .milliseconds(500)])
    }

    @Test func `other rates and channels give the same turn within a window`() throws {
        let model = ScriptedTurnModel([0.9])
        let pipeline = try TurnPipeline(turnModel: model, speechModel: EnergySpeechModel())
        let mono = (Signal.silence(1) + Signal.speech(1) + Signal.silence(3)).flatMap { [$0, $0, $0] }
        let stereo = mono.flatMap { [$0, $0] }
        var events: [TurnEvent] = []
        let format = try AudioFormat(sampleRate: 48_000, channelCount: 2)
        try pipeline.push(AudioFrame(.float32(stereo), format: format)) { events.append($0) }
        pipeline.finish { events.append($0) }
        let turn = try #require(events.turns.first)
        #expect(abs((turn.time - .milliseconds(2_516)) / .milliseconds(1)) <= 32)
    }

    @Test func `a second file starts afresh`() throws {
        let pipeline = try TurnPipeline(
            turnModel: ScriptedTurnModel([0.9, 0.9]), speechModel: EnergySpeechModel())
        var runs: [[TurnEvent]] = []
        for _ in 0..<2 {
            var events: [TurnEvent] = []
            try pipeline.push(AudioFrame(.float32(Self.oneTurn), format: .mono16kHz)) { events.append($0) }
            pipeline.finish { events.append($0) }
            runs.append(events)
        }
        #expect(runs[0] == runs[1])
        #expect(runs[0].turns.count == 1)
    }

    @Test func `R-070 too short a minimum of silence is refused`() throws {
        var options = TurnPipelineOptions()
        options.voiceActivity = try VoiceActivityOptions(minSilenceDuration: .milliseconds(100))
        #expect(throws: TurnError.self) {
            try TurnPipeline(
                turnModel: ScriptedTurnModel([]), speechModel: EnergySpeechModel(), options: options)
        }
    }

    private func run(
        _ signal: [Float], preset: EndpointingPreset = .balanced, frameSize: Int = 160,
        model: ScriptedTurnModel
    ) throws -> [TurnEvent] {
        let pipeline = try TurnPipeline(
            turnModel: model, speechModel: EnergySpeechModel(), options: TurnPipelineOptions(preset: preset))
        var events: [TurnEvent] = []
        for start in stride(from: 0, to: signal.count, by: frameSize) {
            let samples = Array(signal[start..<min(start + frameSize, signal.count)])
            try pipeline.push(AudioFrame(.float32(samples), format: .mono16kHz)) { events.append($0) }
        }
        pipeline.finish { events.append($0) }
        return events
    }
}
