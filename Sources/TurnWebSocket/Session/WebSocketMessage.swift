import NIOCore

/// A whole message, its fragments joined.
public enum WebSocketMessage: Sendable, Hashable {
    case text(String)
    case binary(ByteBuffer)
}

/// What a session tells its owner, on the connection's event loop, in order.
public enum WebSocketEvent: Sendable {
    case message(WebSocketMessage)
    /// Whether the peer reads as fast as we send. While false, hold back.
    case writable(Bool)
    /// The session is over; nothing follows.
    case closed(WebSocketClosure)
}
