import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// What a session keeps for later is bounded, and what happens at the bound is as stated.
@Suite(.timeLimit(.minutes(10))) struct SessionBoundTests {
    /// A session that waits for a prediction and takes nothing more until the model answers.
    private func stalled(
        _ clock: ManualClock = ManualClock()
    ) async throws -> (TurnSession, HeldModel) {
        let model = HeldModel()
        let bench = try Bench(nil, localModel: LocalModel(model))
        var options = TurnSessionOptions()
        options.pacing = .file
        options.clock = TurnClock(clock)
        let session = try TurnSession(
            detector: bench.detector, speechModel: EnergySpeechModel(), options: options)
        let signal = Signal.speech(0.512) + Signal.silence(0.256)
        session.push(try AudioFrame(.float32(signal), format: .mono16kHz))
        await model.calls.first { $0 == 1 }
        return (session, model)
    }

    /// What the turn's transcript is once the session goes on.
    private func words(_ session: TurnSession, _ model: HeldModel) async throws -> [Substring] {
        model.open()
        async let turns = session.events.reduce(into: [TurnEvent]()) { $0.append($1) }.turns
        await session.finish()
        return try #require(await turns.first?.transcript).split(separator: " ")
    }

    @Test func `of transcripts and commands beyond 1024 the oldest are lost`() async throws {
        let (session, model) = try await stalled()
        for index in 0..<1_030 { session.push(Transcript("\(index)")) }
        #expect(session.droppedInputCount == 6)
        #expect(try await words(session, model) == (6..<1_030).map { "\($0)" })
    }

    @Test func `interim transcripts go first`() async throws {
        let (session, model) = try await stalled()
        for index in 0..<1_000 { session.push(Transcript("\(index)")) }
        for index in 0..<500 { session.push(Transcript("guess \(index)", isFinal: false)) }
        for index in 1_000..<1_020 { session.push(Transcript("\(index)")) }
        #expect(session.droppedInputCount == 496)
        #expect(try await words(session, model) == (0..<1_020).map { "\($0)" })
    }

    @Test func `what the session tells itself is never lost to a flood of commands`() async throws {
        let (session, model) = try await stalled()
        let processed = Task { await session.processed() }
        // The mark is in the queue when a later one has been put behind it.
        await Task.yield()
        for _ in 0..<5_000 { session.agentSpeechStarted() }
        #expect(session.droppedInputCount == 5_000 - 1_024)
        model.open()
        await processed.value
        await session.finish()
    }

    @Test(arguments: [8_000, 16_000, 48_000])
    func `audio beyond ten seconds at any rate: the newest wins, and the loss is counted`(rate: Int)
        async throws
    {
        let windows = Recorder(0)
        var options = TurnSessionOptions()
        options.pacing = .file
        options.onVoiceActivity = { _ in windows.update { $0 += 1 } }
        let session = try TurnSession(
            detector: Bench(nil).detector, speechModel: EnergySpeechModel(), options: options)
        let samples = [Float](repeating: 0, count: rate * 12)
        session.push(try AudioFrame(.float32(samples), format: AudioFormat(sampleRate: rate)))
        #expect(session.droppedSampleCount == 32_000)
        await session.finish()
        // Ten seconds are 312.5 windows.
        #expect(windows.value == 313)
    }

    @Test func `a slow machine gives the events of a file that a fast one gives`() async throws {
        let clock = ManualClock()
        let (session, model) = try await stalled(clock)
        // Ten times as long as the prediction time-out.
        await clock.sleeperCount.first { $0 == 1 }
        clock.advance(by: .seconds(10))
        await clock.sleeperCount.first { $0 == 0 }
        // Room for a time-out that should not be.
        for _ in 0..<1_000 { await Task.yield() }
        // Enough for a second prediction too, which a session would ask for that had given the first one up.
        model.open()
        model.open()
        async let events = session.events.reduce(into: [TurnEvent]()) { $0.append($1) }
        await session.finish()
        #expect(await events.predictions.map(\.prediction.outcome) == [.predicted])
        #expect(model.calls.value == 1)
    }

    @Test func `the hooks are called in order, in the session's task`() async throws {
        let lines = Recorder<[String]>([])
        var options = TurnSessionOptions()
        options.pacing = .file
        options.onVoiceActivity = { event in lines.update { $0.append("window \(event.sampleIndex / 512)") } }
        options.onEvent = { event in
            if case .speechStarted = event { lines.update { $0.append("speech") } }
        }
        let session = try TurnSession(
            detector: Bench(nil).detector, speechModel: EnergySpeechModel(), options: options)
        session.push(try Bench.frame(512 * 3, 0.5))
        await session.processed()
        #expect(lines.value == ["window 1", "window 2", "speech", "window 3"])
        await session.finish()
    }
}
