import Foundation
import NIOCore
import NIOPosix
import Testing
import TurnCore
import TurnGateway
import TurnInference
import TurnTesting
import TurnWebSocket
import TurnWire

/// The gateway on real sockets, with the real model and with clients of this project.
@Suite(.tags(.sockets), .timeLimit(.minutes(10))) struct GatewayTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func model() throws -> SmartTurnModel {
        try SmartTurnModel(
            contentsOf: root.appendingPathComponent(".eot/models/\(ModelFile.smartTurn.fileName)").path)
    }

    /// The recorded conversation, 16 kHz mono, 16 bits.
    private static func conversation() throws -> [Int16] {
        let file = try Data(contentsOf: root.appendingPathComponent(".eot/audio/sample.wav"))
        let mark = try #require(file.range(of: Data("data".utf8), in: 0..<200))
        // Behind the chunk's name and length.
        let bytes = Data(file[(mark.upperBound + 4)...])
        return bytes.withUnsafeBytes { bytes in
            (0..<(bytes.count / 2)).map {
                Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: Int16.self))
            }
        }
    }

    @Test func `asked at every moment, it answers what the model answers on the same samples`() async throws {
        let model = try Self.model()
        let samples = try Self.conversation()
        let server = try await Server.start(model: model)
        let client = try await server.session()
        var sent = 0
        // Every 1.7 s, so that moments fall into speech and pauses, before and after the window is full.
        for moment in stride(from: 1_600, to: min(samples.count, 480_000), by: 27_200) {
            while sent < moment {
                let piece = samples[sent..<min(sent + 800, moment)]
                try client.send(.inputAudio(InputAudio(samples: piece, createdAt: WallClock.now())))
                sent += piece.count
            }
            try client.send(.inferenceStart(requestID: "at-\(moment)"))
            guard case .message(let started) = try await client.message(),
                case .inferenceStarted = started.body,
                case .message(let message) = try await client.message(),
                case .prediction(let answer) = message.body
            else { throw Unexpected("no answer at \(moment)") }
            #expect(message.requestID == "at-\(moment)")
            let window = samples[max(0, moment - 128_000)..<moment].map { Float($0) / 32_768 }
            let expected = try model.predict(window).probability
            // The same arithmetic on the same samples.
            #expect(answer.probability == expected, "at \(moment)")
            let stats = try #require(answer.stats)
            #expect(stats.inference > .zero && stats.preprocessing > .zero)
            #expect(stats.serverLatency >= stats.inference + stats.preprocessing)
            #expect(try #require(stats.clientLatency) < .seconds(10))
        }
        await server.stop()
    }

    @Test func `shutting down under load answers what is in flight, closes with 1001, and refuses the rest`()
        async throws
    {
        let server = try await Server.start(model: ProbeModel(delay: .milliseconds(30)))
        var clients: [RawClient] = []
        for _ in 0..<30 { clients.append(try await server.session()) }
        for (index, client) in clients.enumerated() {
            try client.send(.inferenceStart(requestID: "r\(index)"))
        }
        for client in clients {
            guard case .message(let message) = try await client.message(),
                case .inferenceStarted = message.body
            else { throw Unexpected("not started") }
        }
        async let stopped: Void = server.stop()
        for (index, client) in clients.enumerated() {
            var kinds: [String] = []
            var close: Int?
            while close == nil {
                switch try await client.message() {
                case .closed(let code):
                    close = code
                    client.close()
                case .message(let message):
                    if case .prediction = message.body {
                        kinds.append("prediction \(message.requestID ?? "")")
                    }
                    if case .sessionClosed = message.body { kinds.append("closed") }
                }
            }
            #expect(kinds == ["prediction r\(index)", "closed"])
            #expect(close == 1001)
        }
        await stopped
        await #expect(throws: (any Error).self) { try await server.connect() }
    }

    @Test func `shutting down waits for requests that are being computed`() async throws {
        let model = ProbeModel(delay: .milliseconds(300))
        let server = try await Server.start(model: model)
        let client = try await server.connect()
        let body = [UInt8](repeating: 1, count: 320)
        client.send(
            Array(
                ("POST /raw HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(try Server.token())\r\n"
                    + "Content-Type: audio/l16;rate=16000\r\nContent-Length: \(body.count)\r\n\r\n").utf8)
                + body)
        for _ in 0..<500 where model.callCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
        async let stopped: Void = server.stop()
        #expect(try await client.response().status == 200)
        await stopped
    }

    @Test func `a session that does not end in time is cut off`() async throws {
        let server = try await Server.start(model: ProbeModel(delay: .milliseconds(900))) {
            $0.drain = .milliseconds(300)
        }
        let client = try await server.session()
        try client.send(.inferenceStart(requestID: "r"))
        try await server.metric("eot_messages_total", becomes: 2)
        let start = ContinuousClock.now
        await server.stop()
        #expect(ContinuousClock.now - start < .seconds(5))
        try await client.waitForClose()
        #expect(server.log.all.contains { $0.contains("sessions had to be cut off") })
    }

    @Test func `a port that is taken is an error that says so`() async throws {
        let server = try await Server.start()
        await #expect {
            _ = try await Server.start { $0.port = server.port }
        } throws: { error in
            (error as? TurnError)?.code == .inputOutput
        }
        await server.stop()
    }

    @Test(.tags(.python)) func `TLS with a certificate of one's own`() async throws {
        struct Made: Decodable { let folder: String }
        let line = try #require(await PythonPeer.run("certificate.py").first)
        let folder = try JSONDecoder().decode(Made.self, from: Data(line.utf8)).folder
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tls = try GatewayTLS(certificatePath: folder + "/certificate.pem", keyPath: folder + "/key.pem")
        let server = try await Server.start { $0.tls = tls }
        let (events, continuation) = AsyncStream.makeStream(of: WebSocketEvent.self)
        let connection = try await WebSocketClient(
            tls: WebSocketTLS(certificateAuthorities: folder + "/authority.pem")
        ).connect(
            to: WebSocketURL("wss://localhost:\(server.port)/v1/eot"),
            headers: [("Authorization", "Bearer \(Server.token())")], timeout: .seconds(5),
            on: MultiThreadedEventLoopGroup.singleton.next()
        ) { continuation.yield($0) }
        connection.send(
            .binary(ByteBuffer(bytes: try ClientMessage(.sessionCreate(SessionSettings())).encoded())))
        var iterator = events.makeAsyncIterator()
        guard case .message(.binary(let payload)) = await iterator.next() else {
            throw Unexpected("no message")
        }
        guard case .sessionCreated = try ServerMessage(decoding: Array(payload.readableBytesView)).body else {
            throw Unexpected("no session_created")
        }
        // Without TLS there is nothing to talk to.
        let plain = try await server.connect()
        plain.send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
        try await plain.waitForClose()
        #expect(throws: TurnError.self) {
            try GatewayTLS(certificatePath: folder + "/key.pem", keyPath: folder + "/certificate.pem")
        }
        #expect(throws: TurnError.self) {
            try GatewayTLS(certificatePath: "/nonexistent", keyPath: "/nonexistent")
        }
        connection.abort()
        await server.stop()
    }
}

extension Tag {
    /// Needs Python 3 and PyPI.
    @Tag static var python: Self
}
