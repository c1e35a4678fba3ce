import TurnCore

/// An HTTP proxy that is asked to connect (`CONNECT`). It prints without its credentials.
public struct HTTPProxy: Sendable, Hashable, CustomStringConvertible {
    public let host: String
    public let port: Int
    /// `user:password` for basic authentication; a secret.
    let credentials: String?

    /// - Parameter text: `http://[USER:PASSWORD@]HOST[:PORT]`; the scheme may be left out, the port is 80 then.
    /// - Throws: ``TurnError`` `.invalidArgument`; its message does not hold the text.
    public init(_ text: String) throws(TurnError) {
        var rest = text[...]
        if let mark = rest.firstRange(of: "://") {
            guard rest[..<mark.lowerBound].lowercased() == "http" else { throw Self.invalid }
            rest = rest[mark.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        if let at = rest.lastIndex(of: "@") {
            guard let decoded = Self.decoded(rest[..<at]) else { throw Self.invalid }
            credentials = decoded
            rest = rest[rest.index(after: at)...]
        } else {
            credentials = nil
        }
        guard let (host, port) = HostAndPort.parse(rest, defaultPort: 80) else { throw Self.invalid }
        self.host = host
        self.port = port
    }

    public var description: String { "HTTPProxy(\(HostAndPort.bracketed(host)):\(port))" }

    /// Text without percent encoding (RFC 3986, section 2.1); nil if it is no such text.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static var invalid: TurnError {
        TurnError(.invalidArgument, "the proxy setting is no URL like http://HOST:PORT; correct HTTPS_PROXY")
    }
}

/// Which connections go through a proxy.
public struct ProxySettings: Sendable, Hashable {
    /// For `wss`.
    public var secure: HTTPProxy?
    /// For `ws`.
    public var plain: HTTPProxy?
    /// Hosts that are reached directly: `*` for all, `name` for that host and what is under it, an address for
    /// itself; each with an optional `:port`.
    public var exceptions: [String]

    /// No proxy.
    public static let none = ProxySettings(secure: nil, plain: nil, exceptions: [])

    public init(secure: HTTPProxy?, plain: HTTPProxy?, exceptions: [String]) {
        self.secure = secure
        self.plain = plain
        self.exceptions = exceptions
    }

    /// `HTTPS_PROXY`, `http_proxy` and `NO_PROXY`, by the names curl reads: lowercase ones first, and `http_proxy` in
    /// lowercase only. Empty values count as unset.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` when a proxy is set but no URL.
    public init(environment: [String: String]) throws(TurnError) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        secure = nil
        plain = nil
        if let text = value("https_proxy", "HTTPS_PROXY") { secure = try HTTPProxy(text) }
        if let text = value("http_proxy") { plain = try HTTPProxy(text) }
        exceptions = (value("no_proxy", "NO_PROXY") ?? "")
            .split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    /// The proxy for a URL; nil for a direct connection.
    public func proxy(for url: WebSocketURL) -> HTTPProxy? {
        isException(url) ? nil : url.isSecure ? secure : plain
    }

    private func isException(_ url: WebSocketURL) -> Bool {
        let host = url.host.lowercased()
        return exceptions.contains { exception in
            if exception == "*" { return true }
            var name = exception
            // A bare IPv6 address has colons of its own.
            if exception.hasPrefix("[") || exception.filter({ $0 == ":" }).count == 1 {
                guard let parsed = HostAndPort.parse(exception[...], defaultPort: url.port) else {
                    return false
                }
                guard parsed.port == url.port else { return false }
                name = parsed.host
            }
            let suffix = name.hasPrefix(".") ? String(name.dropFirst()) : name
            return host == suffix || host.hasSuffix("." + suffix)
        }
    }
}
