import NIOCore
import TurnCore
import TurnWebSocket
import TurnWire

extension TransportError {
    /// Why no connection came about, with its true retryability (S-03).
    init(_ error: WebSocketConnectError) {
        switch error.kind {
        case .timeout: self = .timeout(error.message, cause: error.cause)
        case .network: self = .connection(error.message, cause: error.cause)
        // A certificate does not become good by trying again.
        case .tls: self = .connection(error.message, cause: error.cause, retryable: false)
        case .proxy(let status):
            let retryable = status.map { $0 == 408 || $0 == 429 || $0 >= 500 } ?? true
            self = .connection(error.message, cause: error.cause, retryable: retryable)
        case .refused(let status, let retryAfter): self = .http(status, retryAfter: retryAfter)
        case .handshake: self = .api(error.message, retryable: false)
        }
    }

    /// Why a session ended that we did not end.
    init(_ closure: WebSocketClosure) {
        switch (closure.origin, closure.code) {
        case (.local, .abnormal), (.local, .policyViolation):
            self = .connection("the gateway stopped answering: \(closure.reason)")
        case (.local, _):
            self = .api("the gateway broke the WebSocket protocol: \(closure.reason)", retryable: false)
        case (.peer, .noStatus): self = .webSocketClosed(-1)
        case (.peer, let code): self = .webSocketClosed(Int(code.rawValue), reason: closure.reason.forLog)
        }
    }

    /// What the gateway reported.
    init(_ failure: ServerFailure, requestID: String?) {
        let retryable = [408, 429, 499].contains(failure.code) || (500...599).contains(failure.code)
        self = .status(
            failure.code, "the gateway reported an error: \(failure.message.forLog) (\(failure.code))",
            requestID: requestID, retryable: retryable)
    }
}

extension String {
    /// Text of a peer on one line, at most 200 characters of it: without control characters, line separators and
    /// marks that turn the direction of what follows.
    fileprivate var forLog: String {
        String(
            unicodeScalars.prefix(200).map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator: " "
                default: Character(scalar)
                }
            })
    }
}

extension TimeAmount {
    /// Nanoseconds, as many as fit.
    init(_ duration: Duration) {
        let limited = min(max(duration, .zero), .seconds(365 * 86_400))
        let (seconds, attoseconds) = limited.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
