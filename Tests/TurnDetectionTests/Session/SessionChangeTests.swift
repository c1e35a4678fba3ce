import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// A session whose detector, delays or voice activity change while it runs.
@Suite(.timeLimit(.minutes(10))) struct SessionChangeTests {
    @Test func `R-073 options change together, or not at all`() async throws {
        let talk = try await Talk(nil, model: ScriptedTurnModel([0.9]))
        let delays = Endpointing.fixed(try EndpointingDelays(min: .milliseconds(600), max: .seconds(1)))
        let error = #expect(throws: TurnError.self) {
            try talk.session.update(
                voiceActivity: VoiceActivityOptions(minSilenceDuration: .milliseconds(100)),
                endpointing: delays, language: "fr")
        }
        #expect(error?.code == .invalidArgument)
        try await talk.speak()
        try await talk.silence(until: .milliseconds(256))
        await talk.predictions(1)
        await talk.wait(until: .milliseconds(300))
        // Neither the delays nor the minimum of silence: speech ended after 256 ms, the turn after 300 ms.
        #expect(await talk.turnsEnded(1).map(talk.offset) == [.milliseconds(300)])
        try talk.session.update(
            voiceActivity: VoiceActivityOptions(minSilenceDuration: .milliseconds(500)), endpointing: delays)
        try await talk.speak()
        try await talk.silence(until: .milliseconds(512))
        await talk.predictions(2)
        let ends = talk.events.value.speechEnds
        #expect(ends[1].detectedAt - ends[1].time == .milliseconds(512))
        await talk.wait(until: .milliseconds(600))
        #expect(await talk.turnsEnded(2).map(\.delay) == [.milliseconds(300), .milliseconds(600)])
        await talk.finish()
    }

    @Test func `R-078 the same detector keeps its stream, and what was asked is called off`() async throws {
        // The segment stays open behind the request.
        let talk = try await Talk {
            $0.voiceActivity = try VoiceActivityOptions(minSilenceDuration: .milliseconds(550))
        }
        try await talk.speak()
        try await talk.silence(until: .milliseconds(256))
        await talk.bench.transport.record.first { $0.requestIDs.count == 1 }
        try talk.session.handOff(to: talk.bench.detector)
        await talk.session.processed()
        // The answer comes too late: the pause is asked about anew.
        try await talk.answer(0.1)
        try await talk.silence(until: .milliseconds(576))
        try await talk.answer(0.9, request: 2)
        #expect(await talk.turnsEnded(1).map(talk.offset) == [.milliseconds(576)])
        #expect(talk.events.value.predictions.map(\.probability) == [0.9])
        #expect(talk.bench.transport.record.value.runCount == 1)
        #expect(talk.bench.transport.record.value.endCount == 0)
        await talk.finish()
    }

    @Test func `R-078 another detector gets a stream of its own, the old one is closed`() async throws {
        let talk = try await Talk()
        try await talk.speak()
        let other = try Bench([.answers(0.75)]) { $0.threshold = try .value(0.5) }
        try talk.session.handOff(to: other.detector)
        await talk.bench.transport.record.first { $0.endCount == 1 }
        await other.transport.record.first { $0.connectCount == 1 }
        #expect(talk.session.detector === other.detector)
        try await talk.silence(until: .milliseconds(256))
        await talk.predictions(1)
        #expect(talk.events.value.predictions.map(\.probability) == [0.75])
        #expect(talk.bench.transport.record.value.requestIDs.isEmpty)
        await talk.finish()
        await other.transport.record.first { $0.endCount == 1 }
    }

    @Test func `R-078 R-081 an agent without a detector: no stream, its own delays of 0.5 and 3 s`()
        async throws
    {
        let talk = try await Talk()
        try talk.session.handOff(to: nil)
        await talk.bench.transport.record.first { $0.endCount == 1 }
        #expect(talk.session.detector == nil && talk.session.model == nil)
        try await talk.speak()
        try await talk.silence(until: .milliseconds(499))
        #expect(talk.turns.isEmpty)
        await talk.wait(until: .milliseconds(500))
        let turn = await talk.turnsEnded(1)[0]
        #expect(talk.offset(turn) == .milliseconds(500) && turn.reason == .noPrediction)
        #expect(talk.bench.transport.record.value.requestIDs.isEmpty)
        // The agent's own delays come first; those of the session come back with its detector.
        let own = EndpointingOptions(minDelay: .milliseconds(400))
            .over(EndpointingOptions(minDelay: .milliseconds(900), maxDelay: .seconds(2)))
        #expect(try own.make(for: .voiceActivity).delays.max == .seconds(2))
        try talk.session.handOff(to: nil, endpointing: try own.make(for: .voiceActivity))
        try await talk.speak()
        try await talk.silence(until: .milliseconds(400))
        #expect(await talk.turnsEnded(2).map(\.delay) == [.milliseconds(500), .milliseconds(400)])
        try talk.session.handOff(to: talk.bench.detector)
        await talk.bench.transport.record.first { $0.connectCount == 2 }
        try await talk.speak()
        try await talk.silence(until: .milliseconds(256))
        try await talk.answer(0.9)
        await talk.wait(until: .milliseconds(300))
        #expect(await talk.turnsEnded(3).map(\.delay).last == .milliseconds(300))
        await talk.finish()
    }

    @Test func `R-078 a handoff while a decision waits for its answer ends the wait`() async throws {
        let talk = try await Talk()
        try await talk.speak()
        try await talk.silence(until: .milliseconds(700))
        #expect(talk.turns.isEmpty)
        try talk.session.handOff(to: nil)
        await talk.session.processed()
        // The shorter delay is over already.
        #expect(await talk.turnsEnded(1).map(talk.offset) == [.milliseconds(700)])
        #expect(talk.events.value.predictions.isEmpty)
        await talk.finish()
    }

    @Test func `R-079 a session with nothing set has a detector of defaults`() async throws {
        let session = try TurnSession(
            localModel: LocalModel(ScriptedTurnModel([0.5])), speechModel: EnergySpeechModel())
        let detector = try #require(session.detector)
        #expect(detector.model == "turn-detector-v1-mini" && detector.localModel.name == "scripted")
        #expect(detector.threshold(for: nil) == EndpointingPreset.balanced.threshold)
        #expect(session.model == "turn-detector-v1-mini")
        await session.finish()
    }

    @Test func `R-079 a session with a detector of its own uses that one`() async throws {
        let talk = try await Talk(nil, model: ScriptedTurnModel([0.9]))
        #expect(talk.session.detector === talk.bench.detector)
        try await talk.speak()
        try await talk.silence(until: .milliseconds(256))
        await talk.predictions(1)
        #expect(talk.events.value.predictions.map(\.threshold) == [0.5])
        await talk.finish()
    }

    @Test func `R-079 R-080 a session with none ends turns by voice activity alone`() async throws {
        let clock = ManualClock()
        let log = CapturedLog()
        var options = TurnSessionOptions()
        options.endpointing = try EndpointingOptions().make(for: .voiceActivity)
        options.pacing = .file
        options.clock = TurnClock(clock)
        options.logger = log.logger
        let session = try TurnSession(detector: nil, speechModel: EnergySpeechModel(), options: options)
        #expect(session.detector == nil && session.model == nil)
        #expect(!session.isFallback && !session.isDegraded)
        async let events = session.events.reduce(into: [TurnEvent]()) { $0.append($1) }
        let signal = Signal.silence(1) + Signal.speech(1) + Signal.silence(3)
        session.push(try AudioFrame(.float32(signal), format: .mono16kHz))
        await session.finish()
        let turns = await events.turns
        #expect(turns.map(\.delay) == [.milliseconds(500)])
        #expect(turns.map(\.reason) == [.noPrediction] && turns.map(\.probability) == [nil])
        #expect(log.lines.value.isEmpty)
    }
}
