import Dispatch
import Foundation
import NIOCore
import NIOPosix
import Testing
import TurnCloud
import TurnCore
import TurnTesting
import TurnWire

/// The transport against a gateway in Python that speaks by LiveKit's own classes. What was on the wire, and in which
/// order, is what the gateway recorded.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(10))) struct CloudTransportTests {
    private static let frame = [Int16](repeating: 5, count: 1_600)

    /// Runs a transport to its end; nil when it ended without an error.
    private func run(_ transport: CloudTransport, _ connection: ScriptedConnection) async throws
        -> TransportError?
    {
        do {
            try await transport.run(connection)
            return nil
        } catch let error as TransportError {
            return error
        }
    }

    @Test func `R-037 R-038 S-05 everything is on the wire in the order of the calls`() async throws {
        let gateway = try await Gateway.shared()
        let connection = try ScriptedConnection([
            .audio(Self.frame), .audio([1, 2, 3]), .predict(requestID: "a"), .audio(Self.frame), .flush,
            .predict(requestID: "b"), .predict(requestID: "c"), .audio(Self.frame), .flush, .end,
        ])
        let start = Date().timeIntervalSince1970
        #expect(try await run(gateway.transport("healthy/order"), connection) == nil)
        let end = Date().timeIntervalSince1970
        let records = await gateway.records("healthy/order") { $0.contains { $0.closed != nil } }
        let messages = records.filter { $0.message != nil }
        #expect(
            messages.compactMap(\.message) == [
                "session_create", "input_audio", "input_audio", "inference_start", "input_audio",
                "session_flush",
                "inference_start", "inference_start", "input_audio", "session_flush", "session_close",
            ])
        #expect(messages.compactMap(\.request) == ["a", "b", "c"])
        // All audio pushed before a question was there when it came.
        #expect(messages.filter { $0.request != nil }.map(\.total) == [1_603, 3_203, 3_203])
        #expect(messages.compactMap(\.samples) == [1_600, 3, 1_600, 1_600])
        #expect(messages.compactMap(\.bytes) == [3_200, 6, 3_200, 3_200])
        #expect(messages[0].sampleRate == 16_000)
        #expect(messages[0].encoding == 0)
        #expect(messages[0].type == nil)
        // Each message is stamped when it is sent, audio also when it is taken from the queue.
        let stamps = messages.compactMap(\.createdAt)
        #expect(stamps == stamps.sorted())
        #expect(stamps.allSatisfy { (start...end).contains($0) })
        for audio in messages where audio.drainedAt != nil {
            #expect((start...(audio.createdAt ?? 0)).contains(audio.drainedAt ?? 0))
        }
        #expect(records.last?.closed == 1000)
        #expect(connection.sessionIDs == [nil])
    }

    @Test func `the headers are those of a client outside a job`() async throws {
        let gateway = try await Gateway.shared()
        #expect(try await run(gateway.transport("healthy/headers"), ScriptedConnection([.end])) == nil)
        let headers = try #require(
            await gateway.records("healthy/headers") { !$0.isEmpty }.first?.headers)
        #expect(headers["User-Agent"]?.hasPrefix("swift-end-of-turn/") == true)
        #expect(!headers.keys.contains { $0.lowercased().hasPrefix("x-livekit") })
    }

    @Test func `a job's session id is sent and becomes the parent of request ids`() async throws {
        let gateway = try await Gateway.shared()
        var options = CloudTransport.Options()
        options.job = .init(roomID: "RM_1", jobID: "AJ_1", workerToken: "w")
        let transport = try CloudTransport(
            baseURL: gateway.baseURL("healthy/job"), apiKey: Gateway.key, apiSecret: Gateway.secret,
            options: options)
        let connection = try ScriptedConnection([.end])
        #expect(try await run(transport, connection) == nil)
        let headers = try #require(
            await gateway.records("healthy/job") { !$0.isEmpty }.first?.headers)
        #expect(headers["X-LiveKit-Session-ID"] != nil)
        #expect(connection.sessionIDs == [headers["X-LiveKit-Session-ID"]])
    }

    @Test func `an answer tells all that the gateway told`() async throws {
        let gateway = try await Gateway.shared()
        let connection = try ScriptedConnection([.audio(Self.frame), .predict(requestID: "r")])
        async let outcome = run(gateway.transport("healthy/answer"), connection)
        let answer = try #require(await connection.answers(1).first)
        connection.push(.end)
        #expect(try await outcome == nil)
        #expect(answer.requestID == "r")
        #expect(answer.probability == Float(0.9))
        #expect(answer.backchannelProbability == 0)
        #expect(answer.inferenceDuration == .milliseconds(40))
        #expect(answer.totalDuration == .milliseconds(80))
        let delay = try #require(answer.detectionDelay)
        #expect((Duration.zero...(.seconds(5))).contains(delay))
        #expect(connection.thresholds == [["en": 0.56, "ja": 0.37, "fr": 0.575, "": 0.5]])
    }

    @Test func `S-16 without latest_client_created_at there is no detection delay`() async throws {
        let gateway = try await Gateway.shared()
        let connection = try ScriptedConnection([.audio(Self.frame), .predict(requestID: "r")])
        async let outcome = run(gateway.transport("nostats"), connection)
        let answer = try #require(await connection.answers(1).first)
        connection.push(.end)
        #expect(try await outcome == nil)
        #expect(answer.detectionDelay == nil)
    }

    @Test func `answers with a stale id are handed on with that id`() async throws {
        let gateway = try await Gateway.shared()
        let connection = try ScriptedConnection([.predict(requestID: "r")])
        async let outcome = run(gateway.transport("stale"), connection)
        let answers = await connection.answers(2)
        connection.push(.end)
        #expect(try await outcome == nil)
        #expect(answers.map(\.requestID) == ["turn_request_000000000000", "r"])
    }

    /// What failed, and whether to try again (S-03).
    @Test(arguments: [
        ("refuse/401", TransportError.Kind.status(401), false), ("refuse/403", .status(403), false),
        ("refuse/404", .status(404), false), ("refuse/408", .status(408), true),
        ("refuse/429", .status(429), true),
        ("refuse/500", .status(500), true), ("refuse/503", .status(503), true),
        ("refuse/200", .status(200), false),
        ("close/1000/before", .status(1000), false), ("close/1000/during", .status(1000), false),
        ("close/1000/after", .status(1000), false), ("close/1001/before", .status(1001), true),
        ("close/1001/during", .status(1001), true), ("close/1001/after", .status(1001), true),
        ("close/1006/before", .status(1006), true), ("close/1006/during", .status(1006), true),
        ("close/1006/after", .status(1006), true), ("close/1008/during", .status(1008), false),
        ("close/1011/before", .status(1011), true), ("close/1011/during", .status(1011), true),
        ("close/1011/after", .status(1011), true), ("close/1013/during", .status(1013), true),
        ("junk", .api, false), ("nan", .api, false), ("error/401", .status(401), false),
        ("error/429", .status(429), true), ("error/500", .status(500), true), ("error/0", .status(0), false),
        ("degenerate/empty", .api, false), ("degenerate/zero", .api, false),
    ])
    func `S-03 a failure says what it was and whether another attempt can help`(
        scenario: String, kind: TransportError.Kind, isRetryable: Bool
    ) async throws {
        let gateway = try await Gateway.shared()
        let log = CapturedLog()
        let connection = try ScriptedConnection([.audio(Self.frame), .predict(requestID: "r")])
        let error = try #require(try await run(gateway.transport(scenario, log: log), connection))
        #expect(error.kind == kind)
        #expect(error.isRetryable == isRetryable)
        #expect(!"\(error)".contains(Gateway.secret))
        #expect(connection.answers.count == (scenario.hasSuffix("after") ? 1 : 0))
        if scenario.hasPrefix("error") { #expect(error.requestID == "r") }
        // Its refusals say `Retry-After: 1`.
        #expect(error.retryAfter == (scenario.hasPrefix("refuse") ? .seconds(1) : nil))
        #expect(!log.all.contains { $0.contains(Gateway.secret) || $0.contains("eyJ") })
    }

    @Test func `a token of another secret is refused for good`() async throws {
        let gateway = try await Gateway.shared()
        let error = try await run(gateway.transport("healthy/token", secret: "other"), ScriptedConnection())
        #expect(error?.kind == .status(401))
        #expect(error?.isRetryable == false)
    }

    @Test func `nobody listening is retryable`() async throws {
        let transport = try CloudTransport(baseURL: "http://127.0.0.1:1/v1", apiKey: "k", apiSecret: "s")
        let error = try await run(transport, ScriptedConnection())
        #expect(error?.kind == .connection)
        #expect(error?.isRetryable == true)
    }

    @Test func `a handshake that is never answered times out, retryably`() async throws {
        let gateway = try await Gateway.shared()
        let start = ContinuousClock.now
        let connection = try ScriptedConnection(timeout: .milliseconds(400))
        let error = try await run(gateway.transport("silent"), connection)
        #expect(error?.kind == .timeout)
        #expect(error?.isRetryable == true)
        #expect((.milliseconds(400)...(.seconds(3))).contains(ContinuousClock.now - start))
        #expect(connection.sessionIDs.isEmpty)
    }

    @Test func `text frames, empty messages and other services' answers are warned of once and ignored`()
        async throws
    {
        let gateway = try await Gateway.shared()
        for scenario in ["text", "interruption"] {
            let log = CapturedLog()
            let connection = try ScriptedConnection([.predict(requestID: "a"), .predict(requestID: "b")])
            async let outcome = run(gateway.transport(scenario, log: log), connection)
            #expect(await connection.answers(2).map(\.requestID) == ["a", "b"])
            connection.push(.end)
            #expect(try await outcome == nil)
            #expect(log.all.filter { $0.contains("ignored") }.count == (scenario == "text" ? 1 : 2))
        }
    }

    @Test func `a session that starts slowly is warned of`() async throws {
        let gateway = try await Gateway.shared()
        let log = CapturedLog()
        let connection = try ScriptedConnection([.predict(requestID: "a")])
        async let outcome = run(gateway.transport("slow/0.7", log: log), connection)
        _ = await connection.answers(1)
        connection.push(.end)
        #expect(try await outcome == nil)
        #expect(log.all.filter { $0.contains("answers slowly") }.count == 1)
    }

    @Test func `S-24 a gateway that does not close is left after a second`() async throws {
        let gateway = try await Gateway.shared()
        let start = ContinuousClock.now
        #expect(try await run(gateway.transport("never-closes"), ScriptedConnection([.end])) == nil)
        #expect((.milliseconds(990)...(.seconds(3))).contains(ContinuousClock.now - start))
    }

    @Test func `S-06 a cancelled run ends at once and sends nothing`() async throws {
        let gateway = try await Gateway.shared()
        let connection = try ScriptedConnection([.predict(requestID: "r")])
        let task = Task { try await run(gateway.transport("mute/cancel"), connection) }
        _ = await gateway.records("mute/cancel") { $0.contains { $0.request == "r" } }
        let start = ContinuousClock.now
        task.cancel()
        _ = await task.result
        #expect(ContinuousClock.now - start < .seconds(1))
        let records = await gateway.records("mute/cancel") { $0.contains { $0.closed != nil } }
        #expect(records.compactMap(\.message) == ["session_create", "inference_start"])
    }

    @Test func `cancelling while connecting ends at once`() async throws {
        let gateway = try await Gateway.shared()
        let connection = try ScriptedConnection(timeout: .seconds(30))
        let task = Task { try await run(gateway.transport("silent/cancel"), connection) }
        _ = await gateway.records("silent/cancel") { !$0.isEmpty }
        let start = ContinuousClock.now
        task.cancel()
        _ = await task.result
        #expect(ContinuousClock.now - start < .seconds(1))
    }

    @Test func `a stream that gives up ends the run`() async throws {
        let gateway = try await Gateway.shared()
        let connection = try ScriptedConnection()
        async let outcome = run(gateway.transport("healthy/give-up"), connection)
        await connection.connected()
        connection.giveUp()
        _ = try await outcome
        let records = await gateway.records("healthy/give-up") { $0.contains { $0.closed != nil } }
        #expect(records.compactMap(\.message) == ["session_create"])
    }

    /// What a gateway does not read stays in the stream's bounded queue, not in buffers of the connection.
    @Test func `a gateway that stops reading stops the taking of commands`() async throws {
        let gateway = try await Gateway.shared()
        let count = 20_000
        let connection = try ScriptedConnection(Array(repeating: .audio(Self.frame), count: count))
        let hasEnded = Recorder(false)
        let task = Task {
            defer { hasEnded.update { $0 = true } }
            return try await run(gateway.transport("stop-reading"), connection)
        }
        await connection.adopted()
        var last = -1
        // The system's socket buffers fill, then nothing moves any more.
        for _ in 0..<100 where connection.waitingCount != last {
            last = connection.waitingCount
            try await Task.sleep(for: .milliseconds(200))
        }
        // 64 MB of audio were offered; socket buffers on loopback hold a few.
        #expect(connection.waitingCount > count / 2)
        // Not because so much piled up that the session was given up.
        #expect(!hasEnded.value)
        task.cancel()
        _ = await task.result
    }

    /// Nor does it pile up before an event loop that is behind.
    @Test func `a busy event loop stops the taking of commands`() async throws {
        let gateway = try await Gateway.shared()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connection = try ScriptedConnection()
        let task = Task { try await run(gateway.transport("healthy/busy", on: group), connection) }
        await connection.adopted()
        let held = DispatchSemaphore(value: 0)
        group.next().execute { held.wait() }
        for _ in 0..<1_000 { connection.push(.audio(Self.frame)) }
        // One is with the loop.
        try await Task.sleep(for: .milliseconds(300))
        #expect(connection.waitingCount >= 999)
        held.signal()
        connection.push(.end)
        #expect(try await task.value == nil)
        #expect(connection.waitingCount == 0)
        try await group.shutdownGracefully()
    }

    @Test func `a transport prints without its credentials`() throws {
        let transport = try CloudTransport(
            baseURL: "https://h/v1", apiKey: "the-key", apiSecret: "the-secret")
        for text in ["\(transport)", String(reflecting: transport)] {
            #expect(text == "CloudTransport(h)")
        }
    }

    @Test(arguments: [
        ("", "k", "s"), ("ftp://h", "k", "s"), ("http://u:pass@h", "k", "s"), ("http://h", "", "s"),
        ("http://h", "k", ""),
    ])
    func `a transport needs a URL and credentials`(url: String, key: String, secret: String) {
        let error = #expect(throws: TurnError.self) {
            try CloudTransport(baseURL: url, apiKey: key, apiSecret: secret)
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("pass@") == false)
    }

    #if os(Linux)
        /// With TLS the connection's own buffers come along, and the keys of the session.
        @Test(arguments: [false, true])
        func `many streams share a few threads, each at less than 100 KB`(tls: Bool) async throws {
            let gateway = try await Gateway.shared(tls: tls)
            let transport = try gateway.transport("healthy/many")
            func start(_ count: Int) throws -> [(ScriptedConnection, Task<TransportError?, any Error>)] {
                try (0..<count).map { _ in
                    let connection = try ScriptedConnection(
                        [.audio(Self.frame), .predict(requestID: "r")], timeout: .seconds(30))
                    return (connection, Task { try await run(transport, connection) })
                }
            }
            let warm = try start(20)
            for (connection, _) in warm { _ = await connection.answers(1) }
            // What else goes on in this process also takes memory, now and then: the least of some rounds counts.
            var streams = warm
            var least = Int.max
            for _ in 0..<5 where least >= 100_000 {
                let before = try residentByteCount()
                let more = try start(200)
                for (connection, _) in more { _ = await connection.answers(1) }
                least = min(least, (try residentByteCount() - before) / 200)
                streams += more
            }
            print("a stream on an open connection costs \(least) bytes\(tls ? " with TLS" : "")")
            #expect(least < 100_000)
            for (connection, task) in streams {
                connection.push(.end)
                #expect(try await task.value == nil)
            }
        }

        private func residentByteCount() throws -> Int {
            let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
            return try #require(Int(fields[1])) * 4_096
        }
    #endif
}
