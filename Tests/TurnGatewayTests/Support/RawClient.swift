import CTurnTestSupport
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TurnTesting
import TurnWire

/// A client on a real socket that sends whatever it is told to.
final class RawClient: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = NIOLockedValueBox(State())
    private let channelBox = NIOLockedValueBox<(any Channel)?>(nil)

    private init() {}

    deinit { channelBox.withLockedValue { $0 }?.close(promise: nil) }

    static func connect(port: Int, reads: Bool = true) async throws -> RawClient {
        let client = RawClient()
        // A client that is let go closes its connection, so the connection must not hold it.
        let weak = WeakClient(client)
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        // What is not read soon fills the system's buffers.
        if !reads { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 8_192) }
        let channel =
            try await bootstrap
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Relay(weak))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        client.channelBox.withLockedValue { $0 = channel }
        return client
    }

    func send(_ bytes: [UInt8]) {
        channelBox.withLockedValue { $0 }?.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func close() { channelBox.withLockedValue { $0 }?.close(promise: nil) }

    /// Starts to read again.
    func read() { channelBox.withLockedValue { $0 }?.setOption(.autoRead, value: true).whenComplete { _ in } }

    var isClosed: Bool { state.withLockedValue { $0.isClosed } }

    /// Sends the opening handshake and takes its answer.
    @discardableResult
    func upgrade(token: String = "none") async throws -> Response {
        send(
            "GET /eot HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer \(token)\r\n\r\n")
        return try await response()
    }

    func send(frame: Frame) {
        var frame = frame
        frame.mask = frame.mask ?? [1, 2, 3, 4]
        send(frame.bytes)
    }

    func send(_ body: ClientMessage.Body) throws { send(frame: Frame(2, try ClientMessage(body).encoded())) }

    /// An answer over HTTP.
    func response() async throws -> Response {
        try await next { bytes in
            guard String(decoding: bytes, as: UTF8.self).contains("\r\n\r\n") else { return nil }
            return try? Response(taking: &bytes)
        }
    }

    /// The next frame; nil at the end of the connection.
    func frame() async throws -> Frame? {
        do {
            return try await next { bytes in
                Frame.readFirst(&bytes)
            }
        } catch is Ended {
            return nil
        }
    }

    /// The next message that is no ping; the close code at the session's end, 1006 without one.
    func message() async throws -> Event {
        while let frame = try await frame() {
            switch frame.opcode {
            case 2: return .message(try ServerMessage(decoding: frame.payload))
            case 8: return .closed(frame.close?.code ?? 1005)
            case 9: send(frame: Frame(10, frame.payload))
            default: break
            }
        }
        return .closed(1006)
    }

    enum Event {
        case message(ServerMessage)
        case closed(Int)
    }

    /// The close code that ends the session, and the code of an error message before it.
    func end() async throws -> (close: Int, error: Int?) {
        var code: Int?
        while true {
            switch try await message() {
            case .closed(let close): return (close, code)
            case .message(let message):
                if case .error(let failure) = message.body { code = failure.code }
            }
        }
    }

    /// Returns once the peer has closed the connection.
    func waitForClose() async throws {
        let _: Never? = try? await next { _ in nil }
        guard isClosed else { throw Unexpected("the connection stays open") }
    }

    private struct Ended: Error {}

    /// What `take` makes of the bytes so far, once it makes something of them.
    private func next<Value>(_ take: (inout [UInt8]) -> Value?) async throws -> Value {
        let limit = Duration.seconds(turn_is_sanitized() ? 100 : 20)
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            // Counted together with the look at them: what comes between would be waited for in vain.
            let (value, isClosed, seen) = state.withLockedValue { state in
                (take(&state.bytes), state.isClosed, state.bytes.count)
            }
            if let value { return value }
            guard !isClosed else { throw Ended() }
            let timer = MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: .seconds(1)) {
                [weak self] in
                self?.change { _ in }
            }
            await withCheckedContinuation { continuation in
                let isChanged = state.withLockedValue { state in
                    guard state.bytes.count == seen, !state.isClosed else { return true }
                    state.waiter = continuation
                    return false
                }
                if isChanged { continuation.resume() }
            }
            timer.cancel()
        }
        throw Unexpected("nothing came in \(limit)")
    }

    private func change(_ body: (inout State) -> Void) {
        let waiter = state.withLockedValue { state in
            body(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    fileprivate func received(_ bytes: [UInt8]) { change { $0.bytes += bytes } }
    fileprivate func ended() { change { $0.isClosed = true } }
}

/// `@unchecked Sendable`: a weak reference, written once.
private final class WeakClient: @unchecked Sendable {
    weak var client: RawClient?
    init(_ client: RawClient) { self.client = client }
}

/// Tells a client what comes.
private final class Relay: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let target: WeakClient

    init(_ target: WeakClient) { self.target = target }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        target.client?.received(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { target.client?.ended() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
