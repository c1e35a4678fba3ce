import Foundation
import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// Requests and their answers, S-05, S-06.
@Suite struct RequestTests {
    @Test func `R-037 S-05 requests and audio keep their order`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        stream.push(try Bench.frame(160))
        let first = stream.predict()
        stream.push(try Bench.frame(320))
        let record = await bench.transport.record.first { $0.sampleCount == 480 }
        let index = try #require(record.commands.firstIndex(of: .predict(requestID: first.id)))
        let before = record.commands[..<index].reduce(0) {
            if case .audio(let samples) = $1 { $0 + samples.count } else { $0 }
        }
        #expect(before == 160)
    }

    @Test(arguments: [false, true])
    func `R-038 R-041 S-06 a later request supersedes, both are sent`(isQueued: Bool) async throws {
        var script = ScriptedTransport.Script()
        script.waitsForOpening = isQueued
        let bench = try Bench([script]) { $0.localFallback = false }
        let stream = try isQueued ? bench.stream() : await bench.connectedStream()
        let first = stream.predict()
        let second = stream.predict()
        let answer = await first.value
        #expect(answer.outcome == .superseded && answer.probability == 0)
        #expect(second.current == nil)
        #expect(first.id != second.id)
        bench.transport.open()
        let record = await bench.transport.record.first { $0.requestIDs.count == 2 }
        #expect(record.requestIDs == [first.id, second.id])
        // Nothing but the requests: the service is not told of what was called off.
        #expect(record.commands.count == 2)
    }

    @Test func `R-039 R-108 an id without a session`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        #expect(handle.current == nil)
        #expect(handle.id.wholeMatch(of: /turn_request_[0-9a-f]{12}/) != nil)
        await bench.transport.record.first { $0.requestIDs == [handle.id] }
    }

    @Test func `R-040 R-108 an id with a session`() async throws {
        var script = ScriptedTransport.Script()
        script.sessionID = "inference_connection"
        let bench = try Bench([script])
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        #expect(handle.id.wholeMatch(of: /inference_connection_eot_[0-9a-f]{12}/) != nil)
    }

    @Test func `R-042 cancel answers 0`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        stream.cancelInference()
        let answer = await handle.value
        #expect(answer.outcome == .cancelled && answer.probability == 0)
        #expect(!stream.isFallback)
    }

    @Test func `R-043 cancel without a request does nothing`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        stream.cancelInference()
        #expect(!stream.isFallback && bench.log.warnings.isEmpty)
    }

    @Test func `R-044 a late answer is dropped`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        stream.cancelInference()
        bench.transport.answer(TransportAnswer(requestID: handle.id, probability: 0.9))
        #expect(await handle.value.probability == 0)
        let next = stream.predict()
        bench.transport.answer(TransportAnswer(requestID: handle.id, probability: 0.9))
        #expect(next.current == nil)
    }

    @Test func `R-045 an answer resolves the request`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        bench.transport.answer(
            TransportAnswer(requestID: handle.id, probability: 0.3, backchannelProbability: 0.1))
        let answer = await handle.value
        #expect(answer.probability == 0.3 && answer.outcome == .predicted && answer.source == .cloud)
        #expect(answer.backchannelProbability == 0.1)
        #expect(answer.detectionDelay == nil)
        stream.cancelInference()
        #expect(await handle.value == answer)
    }

    @Test func `R-046 flush answers 0`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        stream.flush()
        #expect(await handle.value.outcome == .cancelled)
        #expect(await handle.value.probability == 0)
    }

    @Test func `R-047 flush leaves an answer alone`() async throws {
        let bench = try Bench([.answers(0.7)])
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        #expect(await handle.value.probability == 0.7)
        stream.flush()
        #expect(await handle.value.probability == 0.7)
    }

    @Test func `R-048 after the end of the input a request is closed`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        stream.endInput()
        let handle = stream.predict()
        #expect(handle.current?.outcome == .closed && handle.current?.probability == 1)
        let record = await bench.transport.record.first { $0.endCount == 1 }
        #expect(record.commands == [.flush, .end])
    }

    @Test func `R-049 close answers 0 and may be repeated`() async throws {
        for scripts in [nil, [.connects]] as [[ScriptedTransport.Script]?] {
            let gate = Recorder(false)
            let bench = try Bench(scripts, localModel: .gated(gate))
            let stream = scripts == nil ? try bench.stream() : try await bench.connectedStream()
            let handle = stream.predict()
            await stream.close()
            #expect(await handle.value.outcome == .cancelled)
            #expect(await handle.value.probability == 0)
            await stream.close()
            #expect(stream.predict().current?.outcome == .closed)
            gate.update { $0 = true }
        }
    }

    @Test func `R-050 a local request that times out falls back to nothing`() async throws {
        let gate = Recorder(false)
        let bench = try Bench(nil, localModel: .gated(gate))
        let stream = try bench.stream()
        let handle = stream.predict()
        stream.cancelInference(timedOut: true)
        let answer = await handle.value
        #expect(answer.outcome == .timedOut && answer.probability == 0)
        #expect(!stream.isFallback)
        gate.update { $0 = true }
    }

    @Test func `a dropped stream answers, and its connection ends`() async throws {
        let bench = try Bench()
        var stream: TurnDetectorStream? = try await bench.connectedStream()
        let handle = try #require(stream?.predict())
        stream = nil
        #expect(await handle.value.outcome == .cancelled)
        await bench.transport.record.first { $0.endCount == 1 }
    }

    @Test func `an answer that is no number fails the prediction`() async throws {
        let bench = try Bench([.answers(.nan)])
        let stream = try await bench.connectedStream()
        #expect(await stream.predict().value.outcome == .failed)
    }

    @Test func `the time of a request runs from its own start, whatever was asked and answered before`()
        async throws
    {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let first = stream.predict()
        await bench.clock.sleeperCount.first { $0 == 1 }
        bench.transport.answer(TransportAnswer(requestID: first.id, probability: 0.3))
        #expect(await first.value.outcome == .predicted)
        bench.clock.advance(by: .seconds(4))
        let second = stream.predict()
        bench.clock.advance(by: .seconds(6))
        await bench.clock.sleeperCount.first { $0 == 1 }
        #expect(second.current == nil)
        bench.clock.advance(by: .seconds(4) - .nanoseconds(1))
        #expect(second.current == nil)
        bench.clock.advance(by: .nanoseconds(1))
        #expect(await second.value.outcome == .timedOut)
    }

    @Test func `no request stays open beyond ten seconds`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let handle = stream.predict()
        await bench.clock.sleeperCount.first { $0 == 1 }
        bench.clock.advance(by: .seconds(10))
        #expect(await handle.value.outcome == .timedOut)
    }
}

extension LocalModel {
    /// A model that answers 0.25 when the gate is open; loading waits for it on a thread of its own.
    static func gated(_ gate: Recorder<Bool>) -> LocalModel {
        LocalModel(name: "gated") {
            while !gate.value { Thread.sleep(forTimeInterval: 0.001) }
            return ScriptedTurnModel([0.25])
        }
    }
}
