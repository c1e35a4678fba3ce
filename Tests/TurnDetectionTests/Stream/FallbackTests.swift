import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// Fallback, degrade, retries and recovery, S-02 to S-04, S-07 to S-09.
@Suite struct FallbackTests {
    static let lost = TransportError.connection("lost", retryable: false)
    static let blip = TransportError.connection("blip")

    @Test func `R-005 R-011 a connection error falls back, warned of once`() async throws {
        let bench = try Bench([.refuses(Self.lost)])
        let stream = try bench.stream()
        await bench.changes.first { !$0.isEmpty }
        #expect(stream.model == "turn-detector-v1-mini")
        #expect(stream.isFallback && !stream.isDegraded)
        #expect(bench.detector.model == "turn-detector-v1-mini")
        stream.cancelInference(timedOut: true)
        #expect(bench.log.warnings.count == 1)
        #expect(bench.changes.value == [.fellBack("lost")])
        await bench.transport.record.first { $0.endCount == 1 }
        // New streams of the detector start on the device, and have not fallen back.
        let next = try bench.stream()
        #expect(next.model == "turn-detector-v1-mini" && !next.isFallback)
    }

    @Test func `R-006 a request that times out falls back`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        stream.cancelInference(timedOut: true)
        #expect(await handle.value.outcome == .timedOut)
        #expect(await handle.value.probability == 0)
        #expect(stream.isFallback && stream.model == "turn-detector-v1-mini")
        await bench.transport.record.first { $0.endCount == 1 }
    }

    @Test func `R-007 after a fallback the service is left alone`() async throws {
        let bench = try Bench([.refuses(Self.lost)])
        let stream = try bench.stream()
        await bench.changes.first { !$0.isEmpty }
        let answer = await stream.predict().value
        #expect(answer.source == .local && answer.probability == 0.25)
        #expect(bench.transport.record.value.runCount == 1)
    }

    @Test func `R-008 R-017 thresholds before the session`() async throws {
        let scalar = try Bench { $0.threshold = try .value(0.5) }
        #expect(scalar.detector.threshold(for: "en") == 0.5)
        let plain = try Bench()
        #expect(plain.detector.threshold(for: "en") == nil)
        #expect(plain.detector.supports("en"))
    }

    @Test func `R-009 R-018 R-024 S-20 detector and streams share the table`() async throws {
        var script = ScriptedTransport.Script()
        script.thresholds = Bench.server
        script.thresholds?.backchannelThresholds = [("en", 0.62)]
        script.thresholds?.defaultBackchannelThreshold = 0.6
        let bench = try Bench([script]) { $0.threshold = try .value(0.5) }
        let stream = try bench.stream()
        let other = try bench.stream()
        await bench.transport.record.first { $0.connectCount == 2 }
        _ = stream.predict()
        await bench.transport.record.first { $0.requestIDs.count == 1 }
        #expect(other.threshold(for: "en") == 0.5)
        #expect(other.backchannelThreshold(for: "en") == 0.62)
        stream.cancelInference(timedOut: true)
        #expect(bench.detector.model == "turn-detector-v1-mini")
        for threshold in [bench.detector.threshold(for: "en"), other.threshold(for: "en")] {
            #expect(abs(try #require(threshold) - 0.36 * 0.5 / 0.56) < 1e-12)
        }
        #expect(stream.backchannelThreshold(for: "en") == nil)
        #expect(!other.isFallback && other.model == "turn-detector-v1")
    }

    @Test func `R-010 R-012 S-08 a local failure costs that prediction alone`() async throws {
        let bench = try Bench(nil, model: ScriptedTurnModel([nil, nil, 0.75]))
        let stream = try bench.stream()
        for _ in 0..<2 {
            let answer = await stream.predict().value
            #expect(answer.outcome == .failed && answer.probability == 1)
        }
        #expect(bench.log.warnings.count == 1)
        #expect(!stream.isFallback && !stream.isDegraded)
        stream.push(try Bench.frame(1_600))
        #expect(await stream.predict().value.probability == 0.75)
        #expect(bench.model.sampleCounts.last == 1_600)
    }

    @Test(arguments: [nil, 0.8])
    func `R-020 degenerate thresholds end the connection`(scalar: Double?) async throws {
        var script = ScriptedTransport.Script()
        script.thresholds = ServerThresholds(thresholds: [], defaultThreshold: 0)
        let bench = try Bench([script]) {
            $0.threshold = try scalar.map { value in try .value(value) }
            $0.connectionOptions = .default
        }
        let stream = try bench.stream()
        await bench.changes.first { !$0.isEmpty }
        #expect(stream.isFallback)
        #expect(bench.transport.record.value.adoptionErrors.map(\.isRetryable) == [false])
        #expect(bench.transport.record.value.runCount == 1)
    }

    @Test func `R-030 an update reaches live streams`() async throws {
        var script = ScriptedTransport.Script()
        script.thresholds = Bench.server
        let bench = try Bench([script])
        let stream = try await bench.connectedStream()
        _ = stream.predict()
        await bench.transport.record.first { $0.requestIDs.count == 1 }
        bench.detector.updateOptions(threshold: try .value(0.7))
        #expect(stream.threshold(for: "en") == 0.7)
        #expect(bench.log.warnings.count == 1)
    }

    @Test func `R-036 S-02 a retryable failure is tried again`() async throws {
        let bench = try Bench([.refuses(Self.blip), .answers(0.75)])
        let stream = try bench.stream(.default)
        await bench.clock.sleeperCount.first { $0 == 1 }
        bench.clock.advance(by: .milliseconds(100))
        await bench.transport.record.first { $0.connectCount == 1 }
        #expect(bench.transport.record.value.runCount == 2)
        #expect(stream.statistics.connectCount == 1)
        #expect(stream.statistics.retryCount == 0)
        #expect(await stream.predict().value.source == .cloud)
        #expect(!stream.isFallback)
    }

    @Test func `S-03 while no connection stands the local model answers`() async throws {
        let bench = try Bench([.refuses(Self.blip), .answers(0.75)]) { $0.connectionOptions = .default }
        let stream = try bench.stream()
        await bench.clock.sleeperCount.first { $0 == 1 }
        stream.push(try Bench.frame(800))
        let answer = await stream.predict().value
        #expect(answer.source == .local && answer.outcome == .predicted)
        #expect(bench.model.sampleCounts == [800])
        #expect(!stream.isFallback && stream.model == "turn-detector-v1")
        bench.clock.advance(by: .milliseconds(100))
        // The audio of the meantime is delivered once there is a connection.
        await bench.transport.record.first { $0.sampleCount == 800 }
        #expect(await stream.predict().value.source == .cloud)
    }

    @Test func `S-03 R-006 a local answer that is late says nothing about the service`() async throws {
        let gate = Recorder(false)
        let bench = try Bench([.refuses(Self.blip), .answers(0.75)], localModel: .gated(gate)) {
            $0.connectionOptions = .default
        }
        let stream = try bench.stream()
        await bench.clock.sleeperCount.first { $0 == 1 }
        let handle = stream.predict()
        stream.cancelInference(timedOut: true)
        #expect(await handle.value.outcome == .timedOut)
        #expect(!stream.isFallback && bench.changes.value.isEmpty)
        gate.update { $0 = true }
        bench.clock.advance(by: .milliseconds(100))
        await bench.transport.record.first { $0.connectCount == 1 }
        #expect(await stream.predict().value.source == .cloud)
    }

    @Test func `S-03 a request whose connection breaks is answered by the local model`() async throws {
        let bench = try Bench { $0.connectionOptions = .default }
        let stream = try await bench.connectedStream()
        stream.push(try Bench.frame(800))
        let handle = stream.predict()
        stream.push(try Bench.frame(320))
        await bench.transport.record.first { $0.sampleCount == 1_120 }
        bench.transport.fail(Self.blip)
        let answer = await handle.value
        #expect(answer.source == .local && answer.outcome == .predicted)
        // It sees the audio up to the request, not what came later.
        #expect(bench.model.sampleCounts == [800])
    }

    @Test func `S-03 when the retries are spent it falls back`() async throws {
        let bench = try Bench([.refuses(Self.blip)]) {
            $0.connectionOptions = try ConnectionOptions(maxRetry: 2)
        }
        let stream = try bench.stream()
        for wait in [Duration.milliseconds(100), .milliseconds(2_500)] {
            await bench.clock.sleeperCount.first { $0 == 1 }
            bench.clock.advance(by: wait)
        }
        let changes = await bench.changes.first { !$0.isEmpty }
        #expect(bench.transport.record.value.runCount == 3)
        #expect(stream.isFallback)
        guard case .fellBack(let reason) = changes[0] else { return #expect(Bool(false)) }
        #expect(reason.contains("3 attempts"))
    }

    /// Up to a quarter longer, so that the clients of a service that was gone do not come back all at once. The first
    /// attempt more follows after 0.1 s.
    @Test(arguments: [false, true])
    func `S-03 further attempts and recoveries wait longer by chance, each stream for itself`(
        recovery: Bool
    ) async throws {
        var waits: [Duration] = []
        for _ in 0..<40 {
            let bench = try Bench([.refuses(recovery ? Self.lost : Self.blip)]) {
                $0.connectionOptions = .default
                $0.fallbackPolicy = recovery ? .recover(after: .seconds(2)) : .sticky
            }
            let stream = try bench.stream()
            await bench.clock.sleeperCount.first { $0 == 1 }
            if !recovery {
                #expect(bench.clock.deadlines.map(\.offset) == [.milliseconds(100)])
                bench.clock.advance(by: .milliseconds(100))
                await bench.clock.sleeperCount.first { $0 == 1 }
            }
            waits += bench.clock.deadlines.map { bench.clock.now.duration(to: $0) }
            await stream.close()
        }
        #expect(waits.count == 40 && waits.allSatisfy { (.seconds(2)...(.milliseconds(2_500))).contains($0) })
        let (shortest, longest) = (try #require(waits.min()), try #require(waits.max()))
        #expect(longest - shortest > .milliseconds(200), "\(waits)")
    }

    /// `Retry-After` counts, up to a minute, and up to a quarter is added.
    @Test(arguments: [
        (Duration.seconds(7), Duration.seconds(7)), (.seconds(3_600), .seconds(60)),
        (.milliseconds(20), .milliseconds(100)),
    ])
    func `S-03 a service that asks for a longer wait gets it, within bounds`(
        asked: Duration, least: Duration
    ) async throws {
        let bench = try Bench([.refuses(.http(503, retryAfter: asked)), .answers(0.75)]) {
            $0.connectionOptions = .default
        }
        let stream = try bench.stream()
        await bench.clock.sleeperCount.first { $0 == 1 }
        bench.clock.advance(by: least - .nanoseconds(1))
        #expect(bench.clock.sleeperCount.value == 1)
        #expect(await stream.predict().value.source == .local)
        bench.clock.advance(by: least / 4 + .nanoseconds(1))
        await bench.transport.record.first { $0.connectCount == 1 }
        #expect(bench.transport.record.value.runCount == 2)
        #expect(!stream.isFallback)
    }

    @Test func `S-03 recovery too waits as long as the service asked`() async throws {
        let busy = TransportError.http(503, retryAfter: .seconds(7))
        let bench = try Bench([.refuses(busy), .answers(0.75)]) {
            $0.fallbackPolicy = .recover(after: .seconds(1))
        }
        let stream = try bench.stream()
        await bench.changes.first { !$0.isEmpty }
        await bench.clock.sleeperCount.first { $0 == 1 }
        bench.clock.advance(by: .seconds(7) - .nanoseconds(1))
        #expect(bench.clock.sleeperCount.value == 1)
        bench.clock.advance(by: .milliseconds(1_751))
        await bench.transport.record.first { $0.connectCount == 1 }
        #expect(stream.isFallback)
        await stream.close()
    }

    @Test func `S-03 a connection that keeps breaking does not reset the retries`() async throws {
        var breaking = ScriptedTransport.Script()
        breaking.breaksAfterConnecting = Self.blip
        let bench = try Bench([breaking]) { $0.connectionOptions = try ConnectionOptions(maxRetry: 1) }
        let stream = try bench.stream()
        await bench.clock.sleeperCount.first { $0 == 1 }
        bench.clock.advance(by: .milliseconds(100))
        await bench.changes.first { !$0.isEmpty }
        #expect(stream.isFallback)
        #expect(bench.transport.record.value.connectCount == 2)
    }

    @Test func `S-03 recovery switches back between turns`() async throws {
        var recovered = ScriptedTransport.Script.answers(0.75)
        recovered.thresholds = Bench.server
        let bench = try Bench([.refuses(Self.lost), .refuses(Self.lost), recovered]) {
            $0.fallbackPolicy = .recover(after: .seconds(1))
        }
        let stream = try bench.stream()
        for _ in 0..<2 {
            await bench.clock.sleeperCount.first { $0 == 1 }
            bench.clock.advance(by: .milliseconds(1_250))
        }
        await bench.transport.record.first { $0.connectCount == 1 }
        // Within the turn the local model goes on.
        #expect(stream.isFallback)
        #expect(await stream.predict().value.source == .local)
        stream.flush()
        #expect(bench.changes.value == [.fellBack("lost"), .recovered])
        #expect(!stream.isFallback && stream.model == "turn-detector-v1")
        #expect(bench.detector.model == "turn-detector-v1")
        #expect(await stream.predict().value.source == .cloud)
        #expect(stream.threshold(for: "en") == 0.56)
        await stream.close()
    }

    @Test func `S-04 without fallback a request waits for the connection`() async throws {
        var script = ScriptedTransport.Script.answers(0.75)
        script.waitsForOpening = true
        let bench = try Bench([script]) { $0.localFallback = false }
        let stream = try bench.stream()
        stream.push(try Bench.frame(160))
        let handle = stream.predict()
        #expect(handle.current == nil)
        bench.transport.open()
        let answer = await handle.value
        #expect(answer.source == .cloud && answer.probability == 0.75)
        #expect(
            bench.transport.record.value.commands
                == [.audio([Int16](repeating: 8_192, count: 160)), .predict(requestID: handle.id)])
    }

    @Test func `without fallback a lost service degrades the stream`() async throws {
        let bench = try Bench { $0.localFallback = false }
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        bench.transport.fail(Self.lost)
        let answer = await handle.value
        #expect(answer.outcome == .failed && answer.probability == 1)
        await bench.changes.first { $0 == [.degraded("lost")] }
        #expect(stream.isDegraded && !stream.isFallback)
        #expect(stream.model == "turn-detector-v1")
        #expect(stream.predict().current?.outcome == .closed)
        #expect(bench.log.warnings.count == 1)
    }

    @Test func `without fallback a time-out changes nothing else`() async throws {
        let bench = try Bench { $0.localFallback = false }
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        stream.cancelInference(timedOut: true)
        #expect(await handle.value.outcome == .timedOut)
        #expect(!stream.isDegraded && bench.log.warnings.isEmpty)
        #expect(bench.transport.record.value.endCount == 0)
    }

    @Test func `S-09 a local model that cannot be loaded degrades the stream`() async throws {
        let model = LocalModel(name: "missing") { throw TurnError(.modelMissing, "no such file") }
        let bench = try Bench([.refuses(Self.lost)], localModel: model)
        let stream = try bench.stream()
        let handle = stream.predict()
        #expect(await handle.value.outcome == .failed || handle.current?.outcome == .closed)
        await bench.changes.first { $0.count == 2 }
        #expect(stream.isDegraded)
        #expect(stream.predict().current?.outcome == .closed)
    }

    @Test func `S-24 close tells the service and waits a second at most`() async throws {
        var script = ScriptedTransport.Script()
        script.hangsAtEnd = true
        let bench = try Bench([script])
        let stream = try await bench.connectedStream()
        async let closed: Void = stream.close()
        await bench.transport.record.first { $0.commands.contains(.end) }
        await bench.clock.sleeperCount.first { $0 == 1 }
        #expect(bench.transport.record.value.endCount == 0)
        bench.clock.advance(by: .seconds(1))
        await closed
        await bench.transport.record.first { $0.endCount == 1 }
    }

    @Test func `S-16 S-17 metrics of both sources, none of stale answers`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        var metrics = bench.detector.metrics.makeAsyncIterator()
        let stale = stream.predict()
        let handle = stream.predict()
        bench.transport.answer(TransportAnswer(requestID: stale.id, probability: 0.9))
        bench.transport.answer(
            TransportAnswer(
                requestID: handle.id, probability: 0.3, inferenceDuration: .milliseconds(40),
                totalDuration: .milliseconds(80)))
        let cloud = try #require(await metrics.next())
        #expect(cloud.source == .cloud && cloud.modelName == "turn-detector-v1")
        #expect(cloud.predictionDuration == .milliseconds(40) && cloud.totalDuration == .milliseconds(80))
        #expect(cloud.detectionDelay == nil && cloud.requestCount == 1)
        #expect(cloud.modelProvider == "livekit" && cloud.localModelName == nil)
        _ = stream.predict()
        stream.cancelInference(timedOut: true)
        _ = await stream.predict().value
        let local = try #require(await metrics.next())
        #expect(local.source == .local && local.modelName == "turn-detector-v1-mini")
        #expect(local.localModelName == "scripted")
        #expect(bench.detector.requestCounts == ["turn-detector-v1": 1, "turn-detector-v1-mini": 1])
    }
}
