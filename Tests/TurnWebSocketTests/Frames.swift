import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing
import TurnTesting
import TurnWebSocket

/// A session on a channel without a network, driven by raw bytes and a clock that stands still.
final class Session {
    let channel = EmbeddedChannel()
    let connection: WebSocketConnection
    private let role: WebSocketConnection.Role
    private let told = NIOLockedValueBox<[WebSocketEvent]>([])
    private var sent: [UInt8] = []

    init(
        _ role: WebSocketConnection.Role = .server,
        configure: (inout WebSocketConfiguration) -> Void = { _ in }
    ) throws {
        self.role = role
        var configuration = WebSocketConfiguration()
        configure(&configuration)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let told = told
        connection = try WebSocketConnection.attach(to: channel, role: role, configuration: configuration) {
            event in
            told.withLockedValue { $0.append(event) }
        }
    }

    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    /// Sends frames to the session, masked as its role demands.
    func receive(_ frames: Frame..., drip: Bool = false) throws {
        let bytes = frames.flatMap { frame in
            var frame = frame
            if role == .server { frame.mask = frame.mask ?? [1, 2, 3, 4] }
            return frame.bytes
        }
        try receive(bytes, drip: drip)
    }

    func receive(_ bytes: [UInt8], drip: Bool = false) throws {
        for piece in drip ? bytes.map({ [$0] }) : [bytes] {
            // The channel reports errors that no handler took; the session takes all of its own.
            try channel.writeInbound(ByteBuffer(bytes: piece))
        }
    }

    var events: [WebSocketEvent] { told.withLockedValue { $0 } }

    var messages: [WebSocketMessage] {
        events.compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    var closures: [WebSocketClosure] {
        events.compactMap { if case .closed(let closure) = $0 { closure } else { nil } }
    }

    /// The frames that the session sent since the last call.
    func takeSent() throws -> [Frame] {
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            sent += Array(buffer.readableBytesView)
        }
        return Frame.read(&sent)
    }

    func advance(_ time: TimeAmount) {
        channel.embeddedEventLoop.advanceTime(by: time)
    }
}
