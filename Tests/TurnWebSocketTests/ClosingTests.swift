import NIOCore
import NIOEmbedded
import Testing
import TurnTesting
import TurnWebSocket

/// The closing handshake, pings and time limits, on a clock that the test moves.
struct WebSocketClosingTests {
    @Test(arguments: [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999] as [UInt16])
    func `a server answers a close frame with its code and ends the connection`(code: UInt16) throws {
        let session = try Session(.server)
        try session.receive(.close(code, "söon"))
        #expect(try session.takeSent() == [.close(code)])
        #expect(
            session.closures == [
                WebSocketClosure(code: WebSocketCloseCode(rawValue: code), reason: "söon", origin: .peer)
            ])
        #expect(!session.channel.isActive)
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16])
    func `a close code that may not be on the wire is a fault`(code: UInt16) throws {
        let session = try Session(.server)
        try session.receive(.close(code))
        #expect(try session.takeSent().map { $0.close?.code } == [1002])
    }

    @Test func `a close frame without a code is answered by one`() throws {
        let session = try Session(.server)
        try session.receive(Frame(8, []))
        #expect(try session.takeSent() == [Frame(8, [])])
        #expect(session.closures.map(\.code) == [.noStatus])
    }

    @Test func `a client that is asked to close waits a second for the server to end the connection`() throws
    {
        let session = try Session(.client)
        try session.receive(.close(1001, "bye"))
        #expect(try session.takeSent().map { $0.close?.code } == [1001])
        #expect(session.closures.map(\.code) == [.goingAway])
        session.advance(.milliseconds(999))
        #expect(session.channel.isActive)
        session.advance(.milliseconds(1))
        #expect(!session.channel.isActive)
        #expect(session.closures.count == 1)
    }

    @Test func `closing waits for the peer's answer`() throws {
        let session = try Session(.server)
        session.connection.close(.goingAway, reason: "drain")
        #expect(try session.takeSent() == [.close(1001, "drain")])
        #expect(session.closures.isEmpty)
        // Messages on their way are of no use any more.
        try session.receive(.text("late"))
        try session.receive(.close(1001))
        #expect(session.messages.isEmpty)
        #expect(session.closures == [WebSocketClosure(code: .goingAway, reason: "drain", origin: .local)])
        #expect(!session.channel.isActive)
    }

    @Test(arguments: [WebSocketConnection.Role.client, .server])
    func `closing waits a second at most`(role: WebSocketConnection.Role) throws {
        let session = try Session(role)
        session.connection.close()
        session.advance(.milliseconds(999))
        #expect(session.closures.isEmpty)
        session.advance(.milliseconds(1))
        #expect(session.closures.map(\.code) == [.normal])
        #expect(!session.channel.isActive)
    }

    @Test func `nothing is sent after a close frame`() throws {
        let session = try Session(.server)
        session.connection.close()
        session.connection.send(.text("late"))
        session.connection.close(.internalError)
        try session.receive(Frame(9, [1]))
        #expect(try session.takeSent() == [.close(1000)])
    }

    @Test func `a close reason is cut between characters`() throws {
        let session = try Session(.server)
        session.connection.close(.normal, reason: String(repeating: "ä", count: 100))
        #expect(try session.takeSent() == [.close(1000, String(repeating: "ä", count: 61))])
    }

    @Test func `a connection that ends without a close frame is abnormal`() throws {
        let session = try Session(.client)
        session.channel.pipeline.fireChannelInactive()
        #expect(session.closures.map(\.code) == [.abnormal])
        #expect(session.closures.map(\.origin) == [.peer])
    }

    @Test func `an aborted connection sends nothing`() throws {
        let session = try Session(.client)
        session.connection.abort()
        #expect(try session.takeSent().isEmpty)
        #expect(session.closures.count == 1)
        #expect(!session.channel.isActive)
    }

    @Test func `a farewell goes out before the close frame of a session that failed, and only then`() throws {
        func session() throws -> Session {
            try Session { $0.farewell = { .binary(ByteBuffer(string: "\($0.code.rawValue)")) } }
        }
        let failed = try session()
        try failed.receive(Frame(3, []))
        let sent = try failed.takeSent()
        #expect(sent.map(\.opcode) == [2, 8])
        #expect(sent.first?.payload == Array("1002".utf8))
        #expect(sent.last?.close?.code == 1002)

        let closed = try session()
        closed.connection.close(.normal)
        #expect(try closed.takeSent().map(\.opcode) == [8])
        let left = try session()
        try left.receive(.close(1000))
        #expect(try left.takeSent().map(\.opcode) == [8])
    }

    @Test func `pings go out every 20 s while pongs come back`() throws {
        let session = try Session(.client)
        var payloads: Set<[UInt8]> = []
        session.advance(.milliseconds(19_999))
        #expect(try session.takeSent().isEmpty)
        for _ in 0..<5 {
            session.advance(.seconds(1))
            let pings = try session.takeSent()
            #expect(pings.map(\.opcode) == [9])
            payloads.insert(pings[0].payload)
            try session.receive(Frame(10, pings[0].payload))
            session.advance(.seconds(19))
        }
        #expect(payloads.count == 5)
        #expect(session.closures.isEmpty)
    }

    @Test func `a peer that does not answer a ping within 20 s is dead`() throws {
        let session = try Session(.server)
        session.advance(.seconds(20))
        session.advance(.milliseconds(19_999))
        #expect(session.closures.isEmpty)
        session.advance(.milliseconds(1))
        #expect(
            session.closures == [WebSocketClosure(code: .abnormal, reason: "no pong in time", origin: .local)]
        )
        #expect(!session.channel.isActive)
    }

    @Test func `without an interval there are no pings`() throws {
        let session = try Session { $0.pingInterval = nil }
        session.advance(.hours(1))
        #expect(try session.takeSent().isEmpty)
        #expect(session.closures.isEmpty)
    }

    @Test func `writability is told, and the end of it`() throws {
        let session = try Session()
        session.channel.isWritable = false
        session.channel.pipeline.fireChannelWritabilityChanged()
        session.channel.isWritable = true
        session.channel.pipeline.fireChannelWritabilityChanged()
        let told = session.events.compactMap {
            if case .writable(let value) = $0 { value } else { nil as Bool? }
        }
        #expect(told == [false, true])
    }
}
