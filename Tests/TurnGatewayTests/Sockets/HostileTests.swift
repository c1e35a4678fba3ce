import CTurnTestSupport
import Foundation
import NIOCore
import Testing
import TurnCore
import TurnGateway
import TurnTesting
import TurnWire

/// Peers that mean harm, on real sockets: each gets the close code or the HTTP status it should, and sessions that
/// behave get all their answers meanwhile.
///
/// The times of the limits are made short; the clock is the system's.
@Suite(.tags(.sockets), .serialized, .timeLimit(.minutes(10))) struct HostileTests {
    /// By which times are longer under a sanitizer, so that nobody who behaves is late.
    private static let slowness = turn_is_sanitized() ? 5 : 1

    /// Runs a body while four sessions talk to the gateway; all of their questions must be answered.
    private func besides(
        _ name: String, _ server: Server, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async throws {
        let bystanders = Bystanders(4, on: server)
        var failure: (any Error)?
        do {
            try await server.metric("eot_sessions", becomes: 4)
            try await body()
        } catch {
            failure = error
        }
        // Whatever happened, they end and the gateway too.
        let result = try await bystanders.stop()
        print(
            "hostile: \(name): \(result.latencies.count) answers to the others, p50 \(result.percentile(0.5)), "
                + "p99 \(result.percentile(0.99))")
        #expect(result.lost == 0, sourceLocation: sourceLocation)
        #expect(!result.latencies.isEmpty, sourceLocation: sourceLocation)
        await server.stop()
        if let failure { throw failure }
    }

    @Test func `every limit, one after the other`() async throws {
        let server = try await Server.start(model: ProbeModel(delay: .milliseconds(5), isNoting: false)) {
            $0.limits.maximumMessageByteCount = 100_000
            $0.limits.messagesPerSecond = 200
            $0.limits.audioBurst = 5
            $0.limits.firstMessageTimeout = .seconds(2) * Self.slowness
            $0.limits.handshakeTimeout = .seconds(2) * Self.slowness
            $0.limits.bodyTimeout = .seconds(2) * Self.slowness
            $0.limits.pingInterval = .seconds(2) * Self.slowness
            $0.limits.pongTimeout = .seconds(2) * Self.slowness
            $0.limits.idleTimeout = .milliseconds(2_500) * Self.slowness
            $0.limits.maximumOutboundByteCount = 100_000
            $0.limits.maximumHeaderByteCount = 2_000
            $0.limits.maximumBodyByteCount = 10_000
        }
        try await besides("every limit", server) {
            let frame = try await server.session()
            frame.send(frame: Frame(2, [UInt8](repeating: 0, count: 100_001)))
            #expect(try await frame.end() == (1009, 400))

            let fast = try await server.session()
            for _ in 0..<(250 * Self.slowness) { try fast.send(.bufferStart) }
            #expect(try await fast.end() == (1008, 429))

            let loud = try await server.session()
            let second = InputAudio(samples: [Int16](repeating: 1, count: 16_000))
            var audio = Frame(2, try ClientMessage(.inputAudio(second)).encoded())
            audio.mask = [1, 2, 3, 4]
            let bytes = audio.bytes
            for _ in 0..<60 { loud.send(bytes) }
            #expect(try await loud.end() == (1008, 429))

            let silent = try await server.connect()
            #expect(try await silent.response().status == 408)
            let mute = try await server.connect()
            try await mute.upgrade(token: Server.token())
            #expect(try await mute.end() == (1008, 408))

            let slow = try await server.connect()
            slow.send(
                "POST /raw HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(try Server.token())\r\n"
                    + "Content-Length: 9\r\n\r\nabc")
            #expect(try await slow.response().status == 408)

            let dead = try await server.session()
            // It talks, but answers no ping.
            while !dead.isClosed {
                try dead.send(.bufferStart)
                try await Task.sleep(for: .milliseconds(200))
            }

            let idle = try await server.session()
            #expect(try await idle.end() == (1001, nil))

            let headers = try await server.connect()
            headers.send("GET /healthz HTTP/1.1\r\nX: \(String(repeating: "x", count: 3_000))\r\n\r\n")
            #expect(try await headers.response().status == 431)

            let body = try await server.connect()
            body.send(
                "POST /raw HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(try Server.token())\r\n"
                    + "Content-Length: 10001\r\n\r\n")
            #expect(try await body.response().status == 413)
        }
        for limit in [
            "message_size", "message_rate", "audio_rate", "handshake_time", "first_message_time", "body_time",
            "pong_time", "idle_time", "header_size", "body_size",
        ] {
            #expect(try #require(server.metric("eot_limit_hits_total{limit=\"\(limit)\"}")) >= 1, "\(limit)")
        }
    }

    @Test func `no more sessions than there may be`() async throws {
        let server = try await Server.start(model: ProbeModel(delay: .milliseconds(5), isNoting: false)) {
            $0.limits.maximumSessions = 40
        }
        try await besides("the limit of sessions", server) {
            var held: [RawClient] = []
            var refused = 0
            for _ in 0..<40 {
                let client = try await server.connect()
                let answer = try await client.upgrade(token: Server.token())
                if answer.status == 503 { refused += 1 } else { held.append(client) }
            }
            #expect(refused == 4 && held.count == 36)
        }
    }

    @Test func `a client that asks and does not read is closed`() async throws {
        let server = try await Server.start(model: ProbeModel(delay: .milliseconds(5), isNoting: false)) {
            $0.limits.maximumOutboundByteCount = 100_000
            $0.limits.messagesPerSecond = 1_000_000
            // It does not answer pings either.
            $0.limits.pingInterval = .seconds(3_600)
        }
        try await besides("a client that does not read", server) {
            let client = try await server.connect(reads: false)
            client.send(
                "GET /eot HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    + "Authorization: Bearer \(try Server.token())\r\n\r\n")
            try client.send(.sessionCreate(SessionSettings()))
            // Each question is acknowledged with 250 bytes; the system's own buffers hold a good deal.
            let stop = ClientMessage.Body.inferenceStop(requestID: String(repeating: "x", count: 250))
            var frame = Frame(2, try ClientMessage(stop).encoded())
            frame.mask = [1, 2, 3, 4]
            let questions = Array(repeatElement(frame.bytes, count: 500).joined())
            for _ in 0..<200 where (server.metric("eot_limit_hits_total{limit=\"write_buffer\"}") ?? 0) == 0 {
                client.send(questions)
                try await Task.sleep(for: .milliseconds(20))
            }
            try await server.metric("eot_limit_hits_total{limit=\"write_buffer\"}", becomes: 1)
            try await server.metric("eot_sessions_closed_total{code=\"1008\"}", becomes: 1)
        }
    }

    @Test func `bad tokens, wrong order and broken frames, many times over`() async throws {
        let server = try await Server.start(model: ProbeModel(delay: .milliseconds(5), isNoting: false))
        try await besides("bad tokens, wrong order, broken frames", server) {
            let now = WallClock.now()
            let good = try Server.token()
            let parts = good.split(separator: ".")
            let tokens = [
                "", "x", "\(parts[0]).\(parts[1]).", String(repeating: "a", count: 10_000),
                try Bench.token(secret: "wrong", now: now), try Bench.token(key: "nobody", now: now),
                try Bench.token(now: now - .seconds(700)), try Bench.token(now: now + .seconds(100)),
                // {"alg":"none"}
                "eyJhbGciOiJub25lIn0.\(parts[1]).",
            ]
            for _ in 0..<20 {
                for token in tokens {
                    let client = try await server.connect()
                    #expect(try await client.upgrade(token: token).status == 401)
                }
            }
            for _ in 0..<20 {
                for first in [
                    ClientMessage.Body.inferenceStart(requestID: "r"), .sessionFlush, .sessionClose,
                    .bufferStart,
                    .inputAudio(InputAudio(samples: [1])),
                ] {
                    let client = try await server.connect()
                    try await client.upgrade(token: good)
                    try client.send(first)
                    #expect(try await client.end() == (1008, 400))
                }
                let faults: [(Frame, Int)] = [
                    (Frame(2, [0x22, 0], reserved: 4), 1002), (Frame(3, []), 1002), (Frame(0, [1]), 1002),
                    (.text("hello"), 1003), (Frame(1, [0xFF]), 1007), (Frame(2, [0xFF]), 1007),
                    (Frame(2, [UInt8](repeating: 0, count: (1 << 20) + 1)), 1009),
                    (Frame(9, [1], final: false), 1002),
                    (Frame(8, [3]), 1002),
                ]
                for (frame, code) in faults {
                    let client = try await server.session()
                    client.send(frame: frame)
                    #expect(try await client.end() == (code, 400))
                }
                let unmasked = try await server.session()
                unmasked.send(Frame(2, [0x22, 0]).bytes)
                #expect(try await unmasked.end() == (1002, 400))
            }
        }
        try await Task.sleep(for: .milliseconds(1_100))
        #expect(server.log.all.allSatisfy { !$0.contains(Bench.secret) })
    }

    @Test func `two thousand idle connections and two hundred that drip are closed in time`() async throws {
        OpenFiles.raiseLimit()
        let server = try await Server.start(model: ProbeModel(delay: .milliseconds(5), isNoting: false)) {
            $0.limits.handshakeTimeout = .seconds(6)
        }
        try await besides("2,000 idle connections, 200 that drip", server) {
            var clients: [RawClient] = []
            for _ in 0..<2_000 { clients.append(try await server.connect()) }
            let drips = try await withThrowingTaskGroup(of: RawClient.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let client = try await server.connect()
                        for character in "GET /eot HTTP/1.1\r\nX: " where !client.isClosed {
                            client.send(String(character))
                            try await Task.sleep(for: .milliseconds(200))
                        }
                        return client
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for client in clients + drips { try await client.waitForClose() }
        }
        #expect(try #require(server.metric("eot_limit_hits_total{limit=\"handshake_time\"}")) == 2_200)
        try await server.metric("eot_connections", becomes: 0)
    }

    @Test func `connections beyond the limit are closed as they come, until others have ended`() async throws
    {
        let server = try await Server.start(model: ProbeModel(delay: .milliseconds(5), isNoting: false)) {
            $0.limits.maximumConnections = 24
        }
        try await besides("the limit of connections", server) {
            var held: [RawClient] = []
            for _ in 0..<20 { held.append(try await server.connect()) }
            try await server.metric("eot_connections", becomes: 24)
            for count in 1...10 {
                try await server.connect().waitForClose()
                #expect(
                    server.metric("eot_sessions_refused_total{reason=\"connection_limit\"}") == Double(count))
            }
            #expect(held.allSatisfy { !$0.isClosed })
            for client in held { client.close() }
            try await server.metric("eot_connections", becomes: 4)
            #expect(try await server.connect().upgrade(token: Server.token()).status == 101)
        }
    }

    /// A tenth of them under a sanitizer.
    @Test func `100,000 mutated messages: an answer or the right close code to each`() async throws {
        let lanes = 8
        let count = turn_is_sanitized() ? 10_000 : 100_000
        let server = try await Server.start(model: ProbeModel(isNoting: false), access: .open) {
            $0.limits.messagesPerSecond = 1 << 30
            $0.limits.audioBurst = 1e6
        }
        try await besides("\(count) mutated messages", server) {
            let outcomes = try await withThrowingTaskGroup(of: [Int: Int].self) { group in
                for lane in 0..<lanes {
                    group.addTask {
                        var mutations = Mutations(seed: UInt64(lane))
                        return try await mutations.run(count / lanes, on: server)
                    }
                }
                return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
            }
            print(
                "hostile: mutated messages by outcome (0: the session went on): \(outcomes.sorted { $0.key < $1.key })"
            )
            #expect(outcomes.values.reduce(0, +) == count)
            #expect(Set(outcomes.keys).isSubset(of: [0, 1000, 1007, 1008]))
            #expect(try #require(outcomes[0]) > count / 10)
            #expect(try #require(outcomes[1007]) > count / 10)
        }
    }
}
