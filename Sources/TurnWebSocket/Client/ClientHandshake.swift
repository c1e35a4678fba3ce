import Foundation
import NIOHTTP1

/// The client's side of the opening handshake (RFC 6455 section 4.1), as a value.
struct ClientHandshake {
    let request: HTTPRequestHead
    private let key: String
    private let now: @Sendable () -> Duration

    /// What the handshake says itself; callers' headers of these names are left out.
    private static let ownNames: Set = [
        "host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version",
        "sec-websocket-extensions", "sec-websocket-protocol", "content-length", "transfer-encoding",
    ]

    /// - Parameters:
    ///   - url: where to.
    ///   - headers: sent besides those of the handshake.
    ///   - nonce: 16 random bytes.
    ///   - now: the time since the Unix epoch.
    init(
        url: WebSocketURL, headers: [(String, String)], nonce: [UInt8],
        now: @escaping @Sendable () -> Duration
    ) {
        self.now = now
        key = Data(nonce).base64EncodedString()
        var fields = HTTPHeaders([
            ("Host", url.hostHeader), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13"),
        ])
        for (name, value) in headers where !Self.ownNames.contains(name.lowercased()) {
            fields.replaceOrAdd(name: name, value: value)
        }
        request = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.requestTarget, headers: fields)
    }

    /// Whether the server agreed.
    func check(_ response: HTTPResponseHead) throws(WebSocketConnectError) {
        guard response.status == .switchingProtocols else {
            let status = Int(response.status.code)
            let wait = response.headers.first(name: "Retry-After").flatMap { RetryAfter.wait($0, now: now()) }
            throw WebSocketConnectError(
                .refused(status: status, retryAfter: wait),
                "the server refused the connection: HTTP \(status)")
        }
        func has(_ name: String, _ token: String) -> Bool {
            response.headers[canonicalForm: name].contains { $0.lowercased() == token }
        }
        guard has("Upgrade", "websocket"), has("Connection", "upgrade") else {
            throw WebSocketConnectError(.handshake, "the server's answer does not upgrade to WebSocket")
        }
        guard response.headers["Sec-WebSocket-Accept"] == [WebSocketConnection.accept(key: key)] else {
            throw WebSocketConnectError(
                .handshake, "the server's Sec-WebSocket-Accept is not the expected one")
        }
        guard response.headers["Sec-WebSocket-Extensions"].isEmpty,
            response.headers["Sec-WebSocket-Protocol"].isEmpty
        else {
            throw WebSocketConnectError(
                .handshake, "the server chose an extension or subprotocol that was not offered")
        }
    }
}
