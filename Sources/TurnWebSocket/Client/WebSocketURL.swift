import TurnCore

/// A `ws` or `wss` URL, taken apart.
public struct WebSocketURL: Sendable, Hashable, CustomStringConvertible {
    /// The whole URL, such as `wss://agent-gateway.livekit.cloud/v1/eot`.
    public let text: String
    /// True for `wss`.
    public let isSecure: Bool
    /// Host name or address, IPv6 without its brackets.
    public let host: String
    public let port: Int
    /// Path and query for the request line; starts with a slash.
    public let requestTarget: String

    /// - Parameter text: the URL.
    /// - Throws: ``TurnError`` `.invalidArgument` when it is no WebSocket URL. The message never holds the URL, which
    ///   might hold a secret.
    public init(_ text: String) throws(TurnError) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.contains("#") else {
            throw Self.invalid("it holds spaces, control or non-ASCII characters, or a fragment")
        }
        guard let mark = text.firstRange(of: "://") else { throw Self.invalid("it has no scheme") }
        switch text[..<mark.lowerBound].lowercased() {
        case "wss": isSecure = true
        case "ws": isSecure = false
        default: throw Self.invalid("its scheme is none of http, https, ws, wss")
        }
        let rest = text[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else {
            throw Self.invalid("it holds a user name; pass credentials as options instead")
        }
        guard let (host, port) = HostAndPort.parse(authority, defaultPort: isSecure ? 443 : 80) else {
            throw Self.invalid("it has no host, or its port is no number from 1 to 65535")
        }
        self.host = host
        self.port = port
        let target = rest[authority.endIndex...]
        requestTarget = target.hasPrefix("/") ? String(target) : "/" + target
        self.text = text
    }

    private static func invalid(_ reason: String) -> TurnError {
        TurnError(.invalidArgument, "the URL cannot be used: \(reason); give one like https://HOST[:PORT]/v1")
    }

    public var description: String { text }

    /// The value of the `Host` header.
    public var hostHeader: String {
        port == (isSecure ? 443 : 80) ? HostAndPort.bracketed(host) : authority
    }

    /// Host and port, as a proxy is asked for them.
    var authority: String { "\(HostAndPort.bracketed(host)):\(port)" }
}

enum HostAndPort {
    /// Takes `host`, `host:port`, `[address]` or `[address]:port` apart; nil when it is none of them.
    static func parse(_ text: Substring, defaultPort: Int) -> (host: String, port: Int)? {
        let host: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<bracket]
            rest = text[text.index(after: bracket)...]
        } else {
            host = text.prefix { $0 != ":" }
            rest = text[host.endIndex...]
        }
        guard !host.isEmpty else { return nil }
        if rest.isEmpty { return (String(host), defaultPort) }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
            (1...65_535).contains(port)
        else { return nil }
        return (String(host), port)
    }

    static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}
