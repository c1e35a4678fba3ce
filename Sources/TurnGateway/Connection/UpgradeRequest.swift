import NIOHTTP1

/// The server's side of the opening handshake (RFC 6455 section 4.2).
struct UpgradeRequest {
    /// `Sec-WebSocket-Key`.
    let key: String

    /// - Throws: the answer to what is no handshake.
    init(_ head: HTTPRequestHead) throws(Refusal) {
        func has(_ name: String, _ token: String) -> Bool {
            head.headers[canonicalForm: name].contains { $0.lowercased() == token }
        }
        guard has("Upgrade", "websocket") else {
            throw Refusal(
                answer: .error(
                    .upgradeRequired,
                    "this is a WebSocket; connect with a client of the end-of-turn protocol",
                    headers: [("Upgrade", "websocket"), ("Connection", "Upgrade")]))
        }
        guard has("Connection", "upgrade"), head.version == .http1_1 else {
            throw Refusal(answer: .error(.badRequest, "the handshake has no `Connection: Upgrade`; send it"))
        }
        guard head.headers["Sec-WebSocket-Version"] == ["13"] else {
            throw Refusal(
                answer: .error(
                    .upgradeRequired, "the WebSocket version is not supported; use 13",
                    headers: [("Sec-WebSocket-Version", "13")]))
        }
        let keys = head.headers["Sec-WebSocket-Key"]
        // 16 bytes in base64.
        guard keys.count == 1, keys[0].utf8.count == 24, keys[0].hasSuffix("==") else {
            throw Refusal(
                answer: .error(
                    .badRequest,
                    "the handshake's Sec-WebSocket-Key is not 16 bytes in base64; send such a one"))
        }
        key = keys[0]
    }

    struct Refusal: Error {
        let answer: HTTPAnswer
    }
}
