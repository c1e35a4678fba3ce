/// An error that another error caused.
public protocol CausedError: Error {
    /// The error behind this one, if there is one.
    var cause: (any Error)? { get }
}

extension TurnError: CausedError {}

/// Why a connection to a service failed or ended, and whether trying again can help.
///
/// Source: LiveKit Agents 1.8.9, with true retryability (S-03).
public struct TransportError: CausedError, Sendable, CustomStringConvertible {
    /// The kind of a failure.
    public enum Kind: Sendable, Hashable {
        /// The service answered something that cannot be used.
        case api
        /// The service reported a status: an HTTP status, a status in an error message, or a close code; -1 if it
        /// gave none.
        case status(Int)
        /// No connection could be made, or it broke.
        case connection
        /// An answer did not come in time.
        case timeout
    }

    public let kind: Kind
    /// What happened, without its cause. Never holds a secret.
    public let message: String
    /// Whether another attempt can help.
    public let isRetryable: Bool
    /// The request it concerns, where the service named one.
    public let requestID: String?
    /// What the service sent, where that helps.
    public let body: String?
    /// How long the service asked to be left alone (`Retry-After`), if it did.
    public let retryAfter: Duration?
    public let cause: (any Error)?

    /// The status, for `.status`.
    public var statusCode: Int? {
        if case .status(let code) = kind { code } else { nil }
    }

    /// A failure of the service's answers.
    public static func api(_ message: String, body: String? = nil, retryable: Bool = true) -> TransportError {
        TransportError(.api, message, retryable, body: body)
    }

    /// A status that the service reported. 400 to 499 are not retryable whatever is asked, but for 408, 429 and 499.
    public static func status(
        _ code: Int = -1, _ message: String, requestID: String? = nil, body: String? = nil,
        retryAfter: Duration? = nil, retryable: Bool = true
    ) -> TransportError {
        let isClientError = (400...499).contains(code) && ![408, 429, 499].contains(code)
        return TransportError(
            .status(code), message, retryable && !isClientError, requestID: requestID, body: body,
            retryAfter: retryAfter)
    }

    /// An HTTP answer that refuses the connection: retryable for 408, 429, 499 and 5xx. A message that adds nothing to
    /// the standard phrase is left out of the text.
    public static func http(
        _ code: Int, _ message: String = "", body: String? = nil, retryAfter: Duration? = nil
    ) -> TransportError {
        let phrase = httpPhrase(code)
        let adds = !message.isEmpty && message.lowercased() != phrase.lowercased()
        let text = adds ? "\(message) (\(code) \(phrase))" : "\(phrase) (\(code))"
        let retryable = [408, 429, 499].contains(code) || (500...599).contains(code)
        return status(code, text, body: body, retryAfter: retryAfter, retryable: retryable)
    }

    /// The peer closed the WebSocket; -1 if it gave no code. Retryable for 1001, 1006, 1011 to 1014, and without a
    /// code.
    public static func webSocketClosed(_ code: Int, reason: String = "") -> TransportError {
        let retryable = [-1, 1001, 1006].contains(code) || (1011...1014).contains(code)
        let detail = reason.isEmpty ? "" : ": \(reason)"
        return status(code, "the connection was closed with code \(code)\(detail)", retryable: retryable)
    }

    /// No connection, or one that broke.
    public static func connection(
        _ message: String = "Connection error.", cause: (any Error)? = nil, retryable: Bool = true
    ) -> TransportError {
        TransportError(.connection, message, retryable, cause: cause)
    }

    /// No answer in time; a connection error too.
    public static func timeout(
        _ message: String = "Request timed out.", cause: (any Error)? = nil, retryable: Bool = true
    ) -> TransportError {
        TransportError(.timeout, message, retryable, cause: cause)
    }

    private init(
        _ kind: Kind, _ message: String, _ isRetryable: Bool, requestID: String? = nil, body: String? = nil,
        retryAfter: Duration? = nil, cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.message = message
        self.isRetryable = isRetryable
        self.requestID = requestID
        self.body = body
        self.retryAfter = retryAfter
        self.cause = cause
    }

    /// The message; a connection error adds the type and the text of its root cause.
    public var description: String {
        guard kind == .connection || kind == .timeout, let root = rootCause else { return message }
        let text = (root as? TransportError)?.message ?? String(describing: root)
        return "\(message) (\(type(of: root)): \(text))"
    }

    /// The last of the causes; the walk ends after ten of them or where they repeat.
    private var rootCause: (any Error)? {
        var seen: [ObjectIdentifier] = []
        var root: (any Error)?
        var next = cause
        for _ in 0..<10 {
            guard let error = next else { break }
            if type(of: error) is AnyClass {
                let identity = ObjectIdentifier(error as AnyObject)
                if seen.contains(identity) { break }
                seen.append(identity)
            }
            root = error
            next = (error as? any CausedError)?.cause
        }
        return root
    }

    private static func httpPhrase(_ code: Int) -> String {
        switch code {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "HTTP \(code)"
        }
    }
}
