import NIOCore
import Testing
import TurnGateway
import TurnTesting
import TurnWire

/// Frames and bytes that break the protocol: the right close code, and an error message before it.
struct ProtocolFaultTests {
    private func expect(
        _ bench: Bench, _ peer: Peer, code: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let frames = try peer.takeFrames()
        #expect(frames.map(\.opcode) == [2, 8], sourceLocation: sourceLocation)
        let message = try ServerMessage(decoding: #require(frames.first).payload)
        guard case .error(let failure) = message.body else { throw Unexpected("\(message)") }
        #expect(failure.code == 400, sourceLocation: sourceLocation)
        #expect(message.createdAt == Bench.epoch, sourceLocation: sourceLocation)
        #expect(frames.last?.close?.code == code, sourceLocation: sourceLocation)
        bench.advance(.seconds(1))
        #expect(!peer.isOpen, sourceLocation: sourceLocation)
        #expect(
            bench.metric("eot_sessions_closed_total{code=\"\(code)\"}") == 1, sourceLocation: sourceLocation)
        #expect(bench.metric("eot_sessions") == 0, sourceLocation: sourceLocation)
    }

    @Test func `bytes that are no message: 1007`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(message: [0xFF, 0xFF, 0xFF])
        try expect(bench, peer, code: 1007)
    }

    @Test func `a text frame: 1003`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(frame: .text("hello"))
        try expect(bench, peer, code: 1003)
    }

    @Test func `text that is not UTF-8: 1007`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(frame: Frame(1, [0xC3, 0x28]))
        try expect(bench, peer, code: 1007)
    }

    @Test func `an unmasked frame: 1002`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(Frame(2, [0x22, 0]).bytes)
        try expect(bench, peer, code: 1002)
    }

    @Test(arguments: 1...7 as ClosedRange<UInt8>) func `reserved bits: 1002`(bits: UInt8) throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(frame: Frame(2, [0x22, 0], reserved: bits))
        try expect(bench, peer, code: 1002)
    }

    @Test(arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8])
    func `a reserved opcode: 1002`(opcode: UInt8) throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(frame: Frame(opcode, []))
        try expect(bench, peer, code: 1002)
    }

    @Test func `a continuation of nothing, and a message within a message: 1002`() throws {
        let bench = try Bench()
        let first = try bench.session()
        try first.send(frame: Frame(0, [1]))
        try expect(bench, first, code: 1002)

        let other = try Bench()
        let second = try other.session()
        try second.send(frame: Frame(2, [1], final: false))
        try second.send(frame: Frame(2, [1]))
        try expect(other, second, code: 1002)
    }

    @Test func `a frame over the limit, before its payload came: 1009`() throws {
        let bench = try Bench { $0.limits.maximumMessageByteCount = 1_000 }
        let peer = try bench.session()
        try peer.send(
            Array(Frame(2, [UInt8](repeating: 0, count: 1_001), mask: [1, 2, 3, 4]).bytes.prefix(8)))
        try expect(bench, peer, code: 1009)
        #expect(bench.metric("eot_limit_hits_total{limit=\"message_size\"}") == 1)
    }

    @Test func `a message over the limit in fragments: 1009`() throws {
        let bench = try Bench { $0.limits.maximumMessageByteCount = 1_000 }
        let peer = try bench.session()
        try peer.send(frame: Frame(2, [UInt8](repeating: 0, count: 600), final: false))
        try peer.send(frame: Frame(0, [UInt8](repeating: 0, count: 600)))
        try expect(bench, peer, code: 1009)
    }

    @Test func `a message in fragments is one message`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        let bytes = try ClientMessage(.inferenceStart(requestID: "r")).encoded()
        try peer.send(frame: Frame(2, Array(bytes.prefix(3)), final: false))
        try peer.send(frame: Frame(9, [1]))
        try peer.send(frame: Frame(0, Array(bytes.dropFirst(3))))
        let frames = try peer.takeFrames()
        #expect(frames.map(\.opcode) == [10, 2])
        bench.work()
        #expect(bench.model.windows.count == 1)
    }

    @Test func `a peer's close is answered and counted`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(frame: .close(4_000, "bye"))
        #expect(try peer.takeFrames().last?.close?.code == 4_000)
        #expect(!peer.isOpen)
        #expect(bench.metric("eot_sessions_closed_total{code=\"other\"}") == 1)
    }
}
