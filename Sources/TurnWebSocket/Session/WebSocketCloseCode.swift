/// Why a WebSocket connection ended: the codes of RFC 6455 section 7.4 and its registry.
public struct WebSocketCloseCode: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// 1000: the purpose is fulfilled.
    public static let normal = WebSocketCloseCode(rawValue: 1000)
    /// 1001: the server goes down, or the client leaves.
    public static let goingAway = WebSocketCloseCode(rawValue: 1001)
    /// 1002: the peer broke the protocol.
    public static let protocolError = WebSocketCloseCode(rawValue: 1002)
    /// 1003: a kind of data the end cannot use, such as text where binary is expected.
    public static let unsupportedData = WebSocketCloseCode(rawValue: 1003)
    /// 1005: a close frame came without a code. Never on the wire.
    public static let noStatus = WebSocketCloseCode(rawValue: 1005)
    /// 1006: the connection ended without a close frame. Never on the wire.
    public static let abnormal = WebSocketCloseCode(rawValue: 1006)
    /// 1007: text that is not UTF-8.
    public static let invalidPayload = WebSocketCloseCode(rawValue: 1007)
    /// 1008: a limit or a rule of the server.
    public static let policyViolation = WebSocketCloseCode(rawValue: 1008)
    /// 1009: a frame or message over the size limit.
    public static let messageTooBig = WebSocketCloseCode(rawValue: 1009)
    /// 1011: the server failed.
    public static let internalError = WebSocketCloseCode(rawValue: 1011)
    /// 1012: the server restarts.
    public static let serviceRestart = WebSocketCloseCode(rawValue: 1012)
    /// 1013: the server is overloaded.
    public static let tryAgainLater = WebSocketCloseCode(rawValue: 1013)
    /// 1014: a gateway got a bad answer from behind it.
    public static let badGateway = WebSocketCloseCode(rawValue: 1014)

    /// Whether a close frame may carry the code: those registered for it, and 3000 to 4999.
    public var isAllowedOnWire: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// How a connection ended. Reported once.
public struct WebSocketClosure: Sendable, Hashable {
    /// Which end began.
    public enum Origin: Sendable, Hashable {
        case local, peer
    }

    /// The code of the first close frame; ``WebSocketCloseCode/noStatus`` when it had none,
    /// ``WebSocketCloseCode/abnormal`` when the connection ended without one.
    public let code: WebSocketCloseCode
    /// The reason that goes with the code; from a peer, so not to be trusted. At most 123 bytes of UTF-8.
    public let reason: String
    public let origin: Origin

    public init(code: WebSocketCloseCode, reason: String, origin: Origin) {
        self.code = code
        self.reason = reason
        self.origin = origin
    }
}
