/// Why a WebSocket connection could not be opened. Its text holds no header and no credential.
public struct WebSocketConnectError: Error, Sendable, CustomStringConvertible {
    /// What failed. May grow.
    public enum Kind: Sendable, Hashable {
        /// The time ran out.
        case timeout
        /// Name lookup, TCP, or the connection ended before an answer.
        case network
        /// TLS, with it the check of the server's certificate and name.
        case tls
        /// The proxy would not connect; its HTTP status, if it answered.
        case proxy(status: Int?)
        /// The server answered with an HTTP status other than 101, and perhaps with how long to leave it alone
        /// (`Retry-After`, in seconds or as a date).
        case refused(status: Int, retryAfter: Duration?)
        /// The answer is no WebSocket handshake.
        case handshake
    }

    public let kind: Kind
    /// One line: what happened.
    public let message: String
    /// The error behind this one, if there is one.
    public let cause: (any Error)?

    public init(_ kind: Kind, _ message: String, cause: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        self.cause = cause
    }

    public var description: String {
        guard let cause else { return message }
        return "\(message) (\(type(of: cause)): \(cause))"
    }
}
