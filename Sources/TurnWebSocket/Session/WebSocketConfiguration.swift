import NIOCore

/// Limits and times of a WebSocket session. The defaults suit both ends of the end-of-turn protocol.
public struct WebSocketConfiguration: Sendable {
    /// Largest payload of a frame that is accepted, in bytes; 1 MiB. A larger one fails the session (1009) before
    /// its payload is read.
    public var maximumFrameByteCount = 1 << 20
    /// Largest message that is accepted, all its fragments together, in bytes; 1 MiB. A larger one fails the session
    /// (1009).
    public var maximumMessageByteCount = 1 << 20
    /// Bytes that may wait for a peer that does not read; 1 MiB. More fails the session (1008).
    public var maximumOutboundByteCount = 1 << 20
    /// Messages are sent in fragments of at most this size, in bytes; 64 KiB.
    public var outboundFragmentByteCount = 1 << 16
    /// Time between pings; nil for none. 20 s keeps proxies from closing an idle connection.
    public var pingInterval: TimeAmount? = .seconds(20)
    /// How long a pong may take before the session counts as dead; 20 s.
    public var pongTimeout: TimeAmount = .seconds(20)
    /// How long the peer may take to answer a close frame or to end the connection; 1 s.
    public var closeTimeout: TimeAmount = .seconds(1)
    /// Makes a last binary message, which goes out before the close frame when the session fails for a fault of the
    /// peer; nil, the default, for none.
    public var farewell: (@Sendable (WebSocketClosure) -> WebSocketMessage?)?

    public init() {}
}
