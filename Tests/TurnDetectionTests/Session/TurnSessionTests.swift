import Testing
import TurnCore
import TurnDetection
import TurnTesting

@Suite struct TurnSessionTests {
    private func fileSession(
        _ model: ScriptedTurnModel, preset: EndpointingPreset = .balanced,
        scripts: [ScriptedTransport.Script]? = nil
    ) throws -> (Bench, TurnSession) {
        let bench = try Bench(scripts, model: model) {
            $0.localThresholds = Thresholds.smartTurn(preset)
            $0.clock = .continuous
        }
        var options = TurnSessionOptions(preset: preset)
        options.pacing = .file
        return (
            bench,
            try TurnSession(detector: bench.detector, speechModel: EnergySpeechModel(), options: options)
        )
    }

    private func events(_ session: TurnSession, _ signal: [Float], frameSize: Int = 1_600) async throws
        -> [TurnEvent]
    {
        async let events = session.events.reduce(into: [TurnEvent]()) { $0.append($1) }
        for start in stride(from: 0, to: signal.count, by: frameSize) {
            let samples = Array(signal[start..<min(start + frameSize, signal.count)])
            session.push(try AudioFrame(.float32(samples), format: .mono16kHz))
            await session.processed()
        }
        await session.finish()
        return await events
    }

    @Test func `a file through a session gives what the pipeline gives`() async throws {
        let signal =
            Signal.silence(1) + Signal.speech(1) + Signal.silence(0.6) + Signal.speech(2) + Signal.silence(3)
            + Signal.speech(1) + Signal.silence(0.1)
        let answers: [Float?] = [0.1, 0.9, nil, 0.5]
        let pipelineModel = ScriptedTurnModel(answers)
        let pipeline = try TurnPipeline(turnModel: pipelineModel, speechModel: EnergySpeechModel())
        var expected: [TurnEvent] = []
        try pipeline.push(AudioFrame(.float32(signal), format: .mono16kHz)) { expected.append($0) }
        pipeline.finish { expected.append($0) }

        let model = ScriptedTurnModel(answers)
        let (_, session) = try fileSession(model)
        let actual = try await events(session, signal)
        #expect(actual.map(\.timeless) == expected.map(\.timeless))
        #expect(actual.turns.count == 2)
        #expect(model.sampleCounts == pipelineModel.sampleCounts)
    }

    @Test func `a file through a service is answered by it`() async throws {
        var script = ScriptedTransport.Script.answers(0.75)
        script.thresholds = Bench.server
        let (bench, session) = try fileSession(ScriptedTurnModel([0.5]), scripts: [script])
        await bench.transport.record.first { $0.connectCount == 1 }
        let events = try await events(session, Signal.silence(1) + Signal.speech(1) + Signal.silence(2))
        #expect(events.predictions.map(\.prediction.source) == [.cloud])
        #expect(events.turns.count == 1)
        #expect(bench.transport.record.value.sampleCount > 0)
    }

    @Test func `frames of another format are dropped and logged`() async throws {
        let talk = try await Talk(nil)
        talk.session.push(try Bench.frame())
        talk.session.push(try AudioFrame(.int16([0, 0]), format: AudioFormat(sampleRate: 8_000)))
        #expect(talk.bench.log.errors.count == 1)
        await talk.finish()
    }

    @Test func `manual turns`() async throws {
        let talk = try await Talk(nil)
        talk.session.setManualMode(true)
        try await talk.speak()
        try await talk.silence(until: .seconds(3))
        #expect(talk.turns.isEmpty)
        talk.session.commitTurn()
        #expect(await talk.turnsEnded(1).map(\.reason) == [.manual])
        talk.session.setManualMode(false)
        talk.session.clearTurn()
        await talk.finish()
        #expect(talk.turns.count == 1)
    }

    @Test func `R-053 L4 a second START in a live session keeps the turn open`() async throws {
        let talk = try await Talk(nil, model: ScriptedTurnModel([0.1]))
        try await talk.speak()
        try await talk.silence(until: .milliseconds(640))
        await talk.predictions(1)
        try await talk.speak()
        #expect(talk.turns.isEmpty)
        await talk.finish()
        #expect(talk.turns.map(\.reason) == [.endOfInput])
    }

    @Test func `the bound of an open turn holds by the clock, without audio`() async throws {
        let talk = try await Talk(nil) {
            $0.turn.maxTurnDuration = .seconds(60)
            $0.turn.expectsTranscripts = true
        }
        try await talk.speak()
        try await talk.silence(until: .seconds(1))
        await talk.wait(until: .seconds(100))
        let turn = await talk.turnsEnded(1)[0]
        #expect(turn.reason == .maxTurnDuration)
        #expect(turn.time - (turn.speechStart ?? .zero) == .seconds(60))
        await talk.finish()
    }

    @Test func `audio that comes back after a stall counts from there`() async throws {
        let talk = try await Talk(nil, model: ScriptedTurnModel([0.9]))
        try await talk.speak()
        try await talk.silence(until: .milliseconds(256))
        await talk.predictions(1)
        await talk.wait(until: .seconds(10))
        #expect(await talk.turnsEnded(1).map(talk.offset) == [.milliseconds(300)])
        // The timer was the last that happened, so the audio goes on from there.
        try await talk.speak()
        try await talk.silence(until: .milliseconds(256))
        await talk.predictions(2)
        await talk.wait(until: .milliseconds(300))
        let turn = await talk.turnsEnded(2)[1]
        #expect(turn.delay == .milliseconds(300))
        await talk.finish()
    }

    @Test func `learnt delays know the agent's speech`() async throws {
        let talk = try await Talk(nil, model: ScriptedTurnModel([0.9])) {
            $0.endpointing = .dynamic(
                try DynamicEndpointing(min: .milliseconds(300), max: .milliseconds(2_500), alpha: 0.5))
        }
        talk.session.agentSpeechStarted()
        talk.session.judgeInterruption(false)
        try await talk.speak()
        talk.session.agentSpeechEnded()
        try await talk.silence(until: .milliseconds(256))
        await talk.predictions(1)
        await talk.wait(until: .milliseconds(300))
        #expect(await talk.turnsEnded(1).map(talk.offset) == [.milliseconds(300)])
        await talk.finish()
    }

    @Test func `R-070 R-071 R-072 a minimum of silence below 250 ms is refused before anything is opened`()
        throws
    {
        let bench = try Bench()
        var options = TurnSessionOptions()
        options.voiceActivity = try VoiceActivityOptions(minSilenceDuration: .milliseconds(100))
        #expect(throws: TurnError.self) {
            try TurnSession(detector: bench.detector, speechModel: EnergySpeechModel(), options: options)
        }
        #expect(bench.transport.record.value.runCount == 0)
        try VoiceActivityOptions(minSilenceDuration: .milliseconds(500)).validateForTurns()
        // A prediction that is asked for later needs more.
        options.voiceActivity = .default
        options.turn.predictionSilence = .milliseconds(300)
        #expect(throws: TurnError.self) { try options.validate() }
        options.voiceActivity.minSilenceDuration = .milliseconds(350)
        try options.validate()
    }

    @Test func `a session that is let go ends its events`() async throws {
        let bench = try Bench(nil)
        var session: TurnSession? = try TurnSession(
            detector: bench.detector, speechModel: EnergySpeechModel())
        let events = try #require(session?.events)
        session = nil
        for await _ in events { Issue.record("nothing happened") }
    }

    @Test func `audio beyond ten seconds: the newest wins, and the loss is counted`() async throws {
        let bench = try Bench(nil)
        let session = try TurnSession(detector: bench.detector, speechModel: EnergySpeechModel())
        session.push(try Bench.frame(16_000 * 12, 0))
        #expect(session.droppedSampleCount == 16_000 * 2)
        await session.finish()
        await session.finish()
        session.push(try Bench.frame())
        await session.processed()
    }
}
