import NIOCore
import NIOEmbedded
import Testing
import TurnTesting
import TurnWebSocket

/// What RFC 6455 asks of frames and messages.
struct WebSocketFramingTests {
    @Test(arguments: [false, true]) func `messages arrive whole, in order, however the bytes are cut`(
        drip: Bool
    ) throws {
        let long = [UInt8](repeating: 7, count: 70_000)
        let session = try Session()
        try session.receive(
            .text("héllo"), Frame(2, [1, 2, 3]), Frame(2, []), Frame(2, [UInt8](repeating: 1, count: 126)),
            Frame(2, long), drip: drip)
        #expect(
            session.messages == [
                .text("héllo"), .binary(ByteBuffer(bytes: [1, 2, 3])), .binary(ByteBuffer()),
                .binary(ByteBuffer(repeating: 1, count: 126)), .binary(ByteBuffer(bytes: long)),
            ])
        #expect(session.closures.isEmpty)
    }

    @Test func `fragments are joined, and control frames may come between them`() throws {
        let session = try Session()
        // The second fragment starts within a character.
        try session.receive(
            Frame(1, [0xC3], final: false), Frame(9, [5, 6]), Frame(0, [0xA4], final: false), Frame(10, []),
            Frame(0, [0x21]))
        #expect(session.messages == [.text("ä!")])
        #expect(try session.takeSent() == [Frame(10, [5, 6])])
    }

    @Test(arguments: [
        ("reserved bit 1", Frame(2, [], reserved: 4), UInt16(1002)),
        ("reserved bit 3", Frame(2, [], reserved: 1), 1002),
        ("reserved opcode 3", Frame(3, []), 1002), ("reserved opcode 11", Frame(11, []), 1002),
        ("continuation of nothing", Frame(0, [1]), 1002),
        ("fragmented ping", Frame(9, [], final: false), 1002),
        ("long ping", Frame(9, [UInt8](repeating: 0, count: 126)), 1002),
        ("text that is not UTF-8", Frame(1, [0xC3, 0x28]), 1007),
        ("overlong UTF-8", Frame(1, [0xC0, 0x80]), 1007),
        ("surrogate", Frame(1, [0xED, 0xA0, 0x80]), 1007), ("cut UTF-8", Frame(1, [0xE2, 0x82]), 1007),
        ("beyond Unicode", Frame(1, [0xF4, 0x90, 0x80, 0x80]), 1007),
        ("close of one byte", Frame(8, [3]), 1002),
        ("close reason not UTF-8", Frame(8, [3, 0xE8, 0xFF]), 1007),
    ])
    func `a fault of the peer fails the session`(name: String, frame: Frame, code: UInt16) throws {
        for role in [WebSocketConnection.Role.server, .client] {
            let session = try Session(role)
            try session.receive(frame, .text("after"))
            #expect(try session.takeSent().map { $0.close?.code } == [Int(code)])
            #expect(session.closures.map(\.code.rawValue) == [code])
            #expect(session.closures.map(\.origin) == [.local])
            #expect(session.messages.isEmpty)
        }
    }

    @Test func `a new message inside an unfinished one fails the session`() throws {
        let session = try Session()
        try session.receive(Frame(1, [0x61], final: false), Frame(1, [0x62]))
        #expect(try session.takeSent().map { $0.close?.code } == [1002])
    }

    @Test func `a server refuses frames that are not masked`() throws {
        let session = try Session(.server)
        try session.receive(Frame(2, [1]).bytes)
        #expect(try session.takeSent().map { $0.close?.code } == [1002])
        #expect(session.messages.isEmpty)
    }

    @Test func `a client refuses frames that are masked`() throws {
        let session = try Session(.client)
        try session.receive(Frame(2, [1], mask: [1, 2, 3, 4]).bytes)
        #expect(try session.takeSent().map { $0.close?.code } == [1002])
        #expect(session.messages.isEmpty)
    }

    @Test func `a client masks with fresh keys, a server does not mask`() throws {
        let client = try Session(.client)
        for _ in 0..<3 { client.connection.send(.binary(ByteBuffer(bytes: [1, 2, 3]))) }
        let sent = try client.takeSent()
        #expect(sent.map(\.payload) == [[1, 2, 3], [1, 2, 3], [1, 2, 3]])
        #expect(Set(sent.compactMap(\.mask)).count == 3)
        let server = try Session(.server)
        server.connection.send(.text("x"))
        #expect(try server.takeSent() == [.text("x")])
    }

    @Test func `a frame over the limit fails the session before its payload comes`() throws {
        let session = try Session { $0.maximumFrameByteCount = 1_000 }
        try session.receive(
            Array(Frame(2, [UInt8](repeating: 0, count: 1_001), mask: [0, 0, 0, 0]).bytes.prefix(8)))
        #expect(try session.takeSent().map { $0.close?.code } == [1009])
        // What follows cannot be told apart any more, and changes nothing.
        try session.receive([UInt8](repeating: 0x81, count: 100))
        #expect(session.closures.count == 1)
    }

    @Test func `a message over the limit fails the session, however small its fragments are`() throws {
        let session = try Session { $0.maximumMessageByteCount = 10 }
        try session.receive(Frame(2, [UInt8](repeating: 0, count: 10)))
        #expect(session.messages.count == 1)
        try session.receive(
            Frame(2, [1, 2, 3, 4, 5], final: false), Frame(0, [6, 7, 8, 9, 10], final: false))
        #expect(session.closures.isEmpty)
        try session.receive(Frame(0, [11]))
        #expect(try session.takeSent().map { $0.close?.code } == [1009])
    }

    @Test func `long messages are sent in fragments`() throws {
        let session = try Session(.server) { $0.outboundFragmentByteCount = 4 }
        session.connection.send(.binary(ByteBuffer(bytes: [0, 1, 2, 3, 4, 5, 6, 7, 8])))
        session.connection.send(.binary(ByteBuffer(bytes: [0, 1, 2, 3])))
        session.connection.send(.binary(ByteBuffer()))
        #expect(
            try session.takeSent() == [
                Frame(2, [0, 1, 2, 3], final: false), Frame(0, [4, 5, 6, 7], final: false), Frame(0, [8]),
                Frame(2, [0, 1, 2, 3]), Frame(2, []),
            ])
    }

    /// 20,000 streams of frames with bytes changed, from a fixed seed.
    @Test func `mutated bytes never trap, and end a session at most once`() throws {
        var generator = SeededGenerator(seed: 11)
        let stream = [
            Frame.text("hello"), Frame(2, [1, 2, 3], final: false), Frame(9, [1]), Frame(0, [4]),
            .close(1000, "bye"),
        ]
        var failed = 0
        for _ in 0..<20_000 {
            let role: WebSocketConnection.Role = Bool.random(using: &generator) ? .server : .client
            let session = try Session(role)
            var bytes = stream.flatMap { frame in
                var frame = frame
                frame.mask = role == .server ? [9, 8, 7, 6] : nil
                return frame.bytes
            }
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(
                    in: 0...255, using: &generator)
            }
            try session.receive(bytes)
            session.channel.pipeline.fireChannelInactive()
            #expect(session.closures.count == 1)
            if case .closed = session.events.last {
            } else {
                Issue.record("the closure is not the last event")
            }
            if session.closures.first?.code != .normal { failed += 1 }
        }
        #expect(failed > 2_000)
    }
}
