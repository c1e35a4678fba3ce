import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// The timelines of the reference once more, through a whole session: audio, voice activity, a service, timers.
@Suite struct SessionTimelineTests {
    @Test func `L1 S-22 through a session`() async throws {
        let talk = try await Talk()
        try await talk.speak()
        try await talk.silence(until: .milliseconds(256))
        await talk.wait(until: .milliseconds(300))
        try await talk.answer(0.9)
        let turn = await talk.turnsEnded(1)[0]
        #expect(talk.offset(turn) == .milliseconds(300))
        #expect(turn.reason == .model && turn.delay == .milliseconds(300))
        #expect(talk.events.value.predictions.map(\.prediction.source) == [.cloud])
        await talk.finish()
    }

    @Test func `L2 through a session`() async throws {
        let talk = try await Talk()
        try await talk.speak()
        try await talk.silence(until: .milliseconds(500))
        #expect(talk.turns.isEmpty)
        try await talk.answer(0.9)
        #expect(talk.offset(await talk.turnsEnded(1)[0]) == .milliseconds(500))
        await talk.finish()
    }

    @Test(arguments: [true, false])
    func `L3 through a session, with and without audio`(hasAudio: Bool) async throws {
        let talk = try await Talk()
        try await talk.speak()
        try await talk.silence(until: .milliseconds(300))
        try await talk.answer(0.1)
        if hasAudio {
            try await talk.silence(until: .milliseconds(2_499))
        } else {
            await talk.wait(until: .milliseconds(2_499))
        }
        #expect(talk.turns.isEmpty)
        await talk.wait(until: .milliseconds(2_500))
        let turn = await talk.turnsEnded(1)[0]
        #expect(talk.offset(turn) == .milliseconds(2_500))
        #expect(turn.reason == .timeout)
        await talk.finish()
    }

    @Test func `L4 through a session`() async throws {
        let talk = try await Talk()
        try await talk.speak()
        let start = try #require(talk.events.value.speechStarts.first?.time)
        try await talk.silence(until: .milliseconds(300))
        try await talk.answer(0.1)
        try await talk.silence(until: .milliseconds(960))
        try await talk.speak()
        try await talk.silence(until: .milliseconds(300))
        try await talk.answer(0.9, request: 2)
        let turns = await talk.turnsEnded(1)
        #expect(turns.map(talk.offset) == [.milliseconds(300)])
        #expect(turns[0].speechStart == start)
        #expect(talk.bench.transport.record.value.requestIDs.count == 2)
        await talk.finish()
    }

    @Test func `L5 through a session: no answer, fallback`() async throws {
        let talk = try await Talk()
        try await talk.speak()
        try await talk.silence(until: .milliseconds(1_255))
        #expect(talk.turns.isEmpty)
        await talk.wait(until: .milliseconds(1_256))
        let turn = await talk.turnsEnded(1)[0]
        #expect(talk.offset(turn) == .milliseconds(1_256))
        #expect(turn.reason == .noPrediction)
        #expect(talk.events.value.predictions.isEmpty)
        await talk.events.first { $0.contains(.service(.fellBack("no answer came in time"))) }
        #expect(talk.session.isFallback)
        #expect(talk.session.model == "turn-detector-v1-mini")
        // The next turn is the device's.
        try await talk.silence(until: .milliseconds(1_280))
        try await talk.speak()
        try await talk.silence(until: .milliseconds(256))
        await talk.events.first { !$0.predictions.isEmpty }
        #expect(talk.events.value.predictions.map(\.prediction.source) == [.local])
        await talk.finish()
    }

    @Test func `L6 through a session`() async throws {
        let talk = try await Talk { $0.turn.expectsTranscripts = true }
        try await talk.speak()
        try await talk.silence(until: .milliseconds(300))
        try await talk.answer(0.9)
        try await talk.silence(until: .milliseconds(700))
        #expect(talk.turns.isEmpty)
        talk.session.push(Transcript("good morning", language: "en"))
        let turn = await talk.turnsEnded(1)[0]
        #expect(talk.offset(turn) == .milliseconds(700))
        #expect(turn.transcript == "good morning")
        #expect(turn.timings?.transcriptionDelay == .milliseconds(700))
        #expect(talk.events.value.predictions.count == 1)
        await talk.finish()
    }

    @Test func `L7 through a session`() async throws {
        let talk = try await Talk {
            $0.voiceActivity = try VoiceActivityOptions(minSilenceDuration: .milliseconds(550))
        }
        try await talk.speak()
        try await talk.silence(until: .milliseconds(384))
        await talk.bench.transport.record.first { $0.requestIDs.count == 1 }
        try await talk.speak()
        try await talk.silence(until: .milliseconds(280))
        await talk.bench.transport.record.first { $0.requestIDs.count == 2 }
        try await talk.answer(0.9, request: 2)
        try await talk.silence(until: .milliseconds(576))
        #expect(await talk.turnsEnded(1).map(talk.offset) == [.milliseconds(576)])
        #expect(talk.events.value.speechStarts.count == 1)
        #expect(talk.events.value.predictions.count == 1)
        await talk.finish()
    }

    @Test func `L8 through a session: thresholds pending`() async throws {
        let talk = try await Talk(detector: { $0.threshold = nil })
        try await talk.speak()
        try await talk.silence(until: .milliseconds(300))
        try await talk.answer(0.1)
        #expect(await talk.turnsEnded(1).map(talk.offset) == [.milliseconds(300)])
        #expect(talk.events.value.predictions.isEmpty)
        await talk.finish()
    }

    @Test func `L9 through a session: degraded`() async throws {
        let talk = try await Talk(detector: { $0.localFallback = false })
        talk.bench.transport.fail(.connection("lost", retryable: false))
        await talk.events.first { $0.contains(.service(.degraded("lost"))) }
        #expect(talk.session.isDegraded)
        try await talk.speak()
        try await talk.silence(until: .milliseconds(256))
        await talk.wait(until: .milliseconds(300))
        #expect(await talk.turnsEnded(1).map(talk.offset) == [.milliseconds(300)])
        #expect(talk.events.value.predictions.map(\.prediction.outcome) == [.closed])
        #expect(talk.events.value.predictions.map(\.probability) == [1])
        await talk.finish()
    }

    @Test func `L10 R-067 through a session: a late transcript`() async throws {
        let talk = try await Talk { $0.turn.expectsTranscripts = true }
        try await talk.speak()
        try await talk.silence(until: .milliseconds(280))
        talk.session.push(Transcript("good"))
        await talk.session.processed()
        await talk.wait(until: .milliseconds(300))
        try await talk.answer(0.9)
        await talk.turnsEnded(1)
        await talk.wait(until: .milliseconds(600))
        talk.session.push(Transcript("morning"))
        await talk.session.processed()
        await talk.wait(until: .milliseconds(900))
        let turns = await talk.turnsEnded(2)
        #expect(turns.map(talk.offset) == [.milliseconds(300), .milliseconds(900)])
        #expect(talk.bench.log.warnings.count { $0.contains("transcript") } == 1)
        await talk.finish()
    }
}
