import NIOCore
import NIOWebSocket

/// One end of an open WebSocket connection.
///
/// May be used from any thread. Calls made on the event loop act at once, others are put in its queue in the order
/// of the calls; a caller that mixes both sees no order between them.
public final class WebSocketConnection: Sendable {
    /// Which end this is: clients mask what they send and refuse masked frames, servers the reverse.
    public enum Role: Sendable, Hashable {
        case client, server
    }

    /// The reason of a session that failed because its peer let too much pile up.
    public static let unreadReason = "the peer does not read"

    /// Where all events are told.
    public let eventLoop: any EventLoop
    private let channel: any Channel
    private let handler: NIOLoopBound<WebSocketHandler>

    private init(channel: any Channel, handler: WebSocketHandler) {
        self.channel = channel
        eventLoop = channel.eventLoop
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }

    /// Puts a session at the end of a channel's pipeline, after the opening handshake. To be called on its event loop.
    ///
    /// - Parameters:
    ///   - channel: active, with nothing of HTTP left in its pipeline.
    ///   - role: which end this is.
    ///   - configuration: limits and times.
    ///   - addsFrameCodec: false when NIO's upgrader has put the frame decoder and encoder there already.
    ///   - onEvent: told everything, on the event loop, in order; `.closed` exactly once, as the last.
    /// - Returns: the connection.
    /// - Throws: what the pipeline throws, such as that the channel is closed.
    public static func attach(
        to channel: any Channel, role: Role, configuration: WebSocketConfiguration = WebSocketConfiguration(),
        addsFrameCodec: Bool = true, onEvent: @escaping @Sendable (WebSocketEvent) -> Void
    ) throws -> WebSocketConnection {
        let pipeline = channel.pipeline.syncOperations
        if addsFrameCodec {
            try pipeline.addHandler(WebSocketFrameEncoder())
            let decoder = WebSocketFrameDecoder(maxFrameSize: configuration.maximumFrameByteCount)
            try pipeline.addHandler(ByteToMessageHandler(decoder))
        }
        let handler = WebSocketHandler(
            role: role == .client ? .client : .server, configuration: configuration,
            now: channel.eventLoop.now,
            onEvent: onEvent)
        try pipeline.addHandler(handler)
        return WebSocketConnection(channel: channel, handler: handler)
    }

    /// Sends a message; dropped once the session is closing.
    public func send(_ message: WebSocketMessage) {
        onLoop { $0.send(message) }
    }

    /// Starts the closing handshake. The peer has ``WebSocketConfiguration/closeTimeout`` to answer.
    ///
    /// - Parameters:
    ///   - code: one that may be on the wire, see ``WebSocketCloseCode/isAllowedOnWire``; with another the close
    ///     frame has no code.
    ///   - reason: cut after 123 bytes.
    public func close(_ code: WebSocketCloseCode = .normal, reason: String = "") {
        onLoop { $0.close(code, reason: reason) }
    }

    /// Ends the connection at once, without a close frame.
    public func abort() {
        onLoop { $0.abort() }
    }

    /// False while the peer does not read as fast as we send.
    public var isWritable: Bool { channel.isWritable }

    private func onLoop(_ body: @escaping @Sendable (WebSocketHandler) -> Void) {
        if eventLoop.inEventLoop {
            body(handler.value)
        } else {
            eventLoop.execute { [handler] in body(handler.value) }
        }
    }
}
