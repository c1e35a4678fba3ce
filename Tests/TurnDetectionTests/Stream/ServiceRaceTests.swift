import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// What happens when attempts, time-outs, fallback and requests come in each other's way.
@Suite(.timeLimit(.minutes(10))) struct ServiceRaceTests {
    /// Never connects: each attempt takes its whole time-out, by the test's clock.
    private struct DeafService: TurnDetectionTransport {
        let clock = Recorder<ManualClock?>(nil)
        let runs = Recorder(0)

        func run(_ connection: any TransportConnection) async throws {
            let clock = try #require(self.clock.value)
            runs.update { $0 += 1 }
            try await clock.sleep(until: clock.now.advanced(by: connection.options.timeout), tolerance: nil)
            throw TransportError.timeout()
        }
    }

    @Test func `S-03 a handshake that takes its whole time-out spends a retry`() async throws {
        let service = DeafService()
        let bench = try Bench(service: service) { $0.connectionOptions = try ConnectionOptions(maxRetry: 2) }
        service.clock.update { $0 = bench.clock }
        let stream = try bench.stream()
        for attempt in 1...3 {
            await service.runs.first { $0 == attempt }
            await bench.clock.sleeperCount.first { $0 == 1 }
            bench.clock.advance(by: .seconds(10))
            if attempt < 3 {
                // The pause before the next attempt.
                await bench.clock.sleeperCount.first { $0 == 1 }
                bench.clock.advance(by: .milliseconds(2_500))
            }
        }
        let changes = await bench.changes.first { !$0.isEmpty }
        guard case .fellBack(let reason) = try #require(changes.first) else { return #expect(Bool(false)) }
        #expect(reason.contains("3 attempts") && stream.isFallback)
        #expect(service.runs.value == 3)
    }

    @Test func `R-007 a fallback while it waits to try again ends the attempts`() async throws {
        let bench = try Bench([.refuses(FallbackTests.blip), .answers(0.75)])
        let stream = try bench.stream(.default)
        await bench.clock.sleeperCount.first { $0 == 1 }
        stream.cancelInference(timedOut: true)
        #expect(stream.isFallback)
        // Nobody waits for the next attempt any more.
        await bench.clock.sleeperCount.first { $0 == 0 }
        bench.clock.advance(by: .seconds(10))
        stream.flush()
        #expect(await stream.predict().value.source == .local)
        #expect(bench.transport.record.value.runCount == 1)
        #expect(stream.isFallback && bench.changes.value.count == 1)
    }

    @Test func `of local requests one runs and one waits, however many are asked`() async throws {
        let model = HeldModel()
        let bench = try Bench(nil, localModel: LocalModel(model))
        let stream = try bench.stream()
        let first = stream.predict()
        await model.calls.first { $0 == 1 }
        let handles = (0..<200).map { _ in stream.predict() }
        for handle in [first] + handles.dropLast() {
            #expect(await handle.value.outcome == .superseded)
        }
        model.open()
        model.open()
        #expect(await handles[199].value.outcome == .predicted)
        #expect(model.calls.value == 2)
    }

    @Test func `a local request that was called off before it ran is not run`() async throws {
        let model = HeldModel()
        let bench = try Bench(nil, localModel: LocalModel(model))
        let stream = try bench.stream()
        _ = stream.predict()
        await model.calls.first { $0 == 1 }
        weak let calledOff = stream.predict()
        stream.cancelInference()
        // Enough for the one that was called off, too.
        for _ in 0..<3 { model.open() }
        // The work that waited is let go when the model is free, unless it is done.
        while calledOff != nil, model.calls.value < 2 { await Task.yield() }
        let last = stream.predict()
        #expect(await last.value.outcome == .predicted)
        #expect(model.calls.value == 2)
    }

    @Test func `R-011 a second fallback is no second warning, and changes are told one at a time, in order`()
        async throws
    {
        let lines = Recorder<[String]>([])
        let held = Recorder<TurnDetectorStream?>(nil)
        let bench = try Bench([.refuses(FallbackTests.lost), .connects]) {
            $0.fallbackPolicy = .recover(after: .seconds(1))
        }
        let stream = try bench.detector.stream { change in
            lines.update { $0.append("\(change) begins") }
            // The service is lost again while its return is being told.
            if change == .recovered { held.value?.cancelInference(timedOut: true) }
            lines.update { $0.append("\(change) ends") }
        }
        held.update { $0 = stream }
        await lines.first { $0.count == 2 }
        await bench.clock.sleeperCount.first { $0 == 1 }
        bench.clock.advance(by: .milliseconds(1_250))
        await bench.transport.record.first { $0.connectCount == 1 }
        stream.flush()
        held.update { $0 = nil }
        let names = lines.value.map { $0.replacing(/\(.*\)/, with: "") }
        #expect(
            names == [
                "fellBack begins", "fellBack ends", "recovered begins", "recovered ends", "fellBack begins",
                "fellBack ends",
            ])
        #expect(stream.isFallback && stream.model == bench.detector.model)
        #expect(bench.log.warnings.count { $0.contains("falling back") } == 1)
        await stream.close()
    }

    /// The stream and its detector switch together: however loss and return meet, both name the same model.
    @Test func `loss and return at the same moment leave stream and detector of one mind`() async throws {
        for _ in 0..<50 {
            let bench = try Bench([.connects]) { $0.fallbackPolicy = .recover(after: .zero) }
            let stream = try await bench.connectedStream()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { stream.flush() }
                    group.addTask { stream.cancelInference(timedOut: true) }
                }
            }
            #expect(stream.model == bench.detector.model)
            #expect(stream.isFallback == (bench.detector.thresholds.scale != .cloud))
            await stream.close()
        }
    }
}
