import Testing
import TurnCore
import TurnWebSocket

struct WebSocketURLTests {
    @Test(arguments: [
        ("wss://agent-gateway.livekit.cloud/v1/eot", true, "agent-gateway.livekit.cloud", 443, "/v1/eot"),
        ("ws://localhost:8080//eot", false, "localhost", 8_080, "//eot"), ("ws://h", false, "h", 80, "/"),
        ("WS://h?q=1", false, "h", 80, "/?q=1"), ("wss://[::1]:9/x", true, "::1", 9, "/x"),
        ("wss://[::1]", true, "::1", 443, "/"),
    ])
    func `a URL is taken apart`(text: String, secure: Bool, host: String, port: Int, target: String) throws {
        let url = try WebSocketURL(text)
        #expect(url.isSecure == secure)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.requestTarget == target)
    }

    @Test(arguments: [
        "", "/eot", "http://h", "ftp://h", "ws://", "ws://:80", "ws://h:0", "ws://h:65536", "ws://h:x",
        "ws://h:",
        "ws://h:+1", "ws://[::1", "ws://[]", "ws://[::1]x", "ws://u:secret@h", "ws://h/a b",
        "ws://h/a\r\nX: y",
        "ws://h/#f", "ws://hö", "ws:/h",
    ])
    func `what is no WebSocket URL is refused without being repeated`(text: String) {
        let error = #expect(throws: TurnError.self) { try WebSocketURL(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("secret") == false)
    }

    @Test(arguments: [
        ("ws://h/", "h"), ("ws://h:443/", "h:443"), ("wss://h:443/", "h"), ("wss://[::1]:1/", "[::1]:1"),
    ])
    func `the host header names a port that is not the usual one`(text: String, header: String) throws {
        #expect(try WebSocketURL(text).hostHeader == header)
    }
}

struct ProxySettingsTests {
    private func proxy(_ environment: [String: String], _ url: String) throws -> String? {
        try ProxySettings(environment: environment).proxy(for: WebSocketURL(url)).map {
            "\($0.host):\($0.port)"
        }
    }

    @Test(
        arguments: [
            (["HTTPS_PROXY": "http://p:3128"], "wss://h/", "p:3128"),
            (["https_proxy": "p:1"], "wss://h/", "p:1"),
            (["https_proxy": "http://low", "HTTPS_PROXY": "http://up"], "wss://h/", "low:80"),
            (["HTTPS_PROXY": ""], "wss://h/", nil), ([:], "wss://h/", nil),
            (["HTTPS_PROXY": "http://p"], "ws://h/", nil),
            (["http_proxy": "http://u:p@[::1]:9/"], "ws://h/", "::1:9"),
            (["HTTP_PROXY": "http://p"], "ws://h/", nil),
        ] as [([String: String], String, String?)])
    func `the environment names the proxy`(environment: [String: String], url: String, expected: String?)
        throws
    {
        #expect(try proxy(environment, url) == expected)
    }

    @Test(arguments: [
        ("*", true), ("h.example", true), ("H.EXAMPLE", true), ("example", true), (".example", true),
        ("xample", false), ("a, h.example ,b", true), ("h.example:443", true), ("h.example:80", false),
        ("sub.h.example", false), ("", false),
    ])
    func `exceptions are reached directly`(exceptions: String, isDirect: Bool) throws {
        let environment = ["HTTPS_PROXY": "http://p", "NO_PROXY": exceptions]
        #expect(try (proxy(environment, "wss://h.example/") == nil) == isDirect)
    }

    @Test func `an address is an exception for itself`() throws {
        let environment = ["HTTPS_PROXY": "http://p", "no_proxy": "::1,[::2]:443,10.0.0.1"]
        #expect(try proxy(environment, "wss://[::1]/") == nil)
        #expect(try proxy(environment, "wss://[::2]/") == nil)
        #expect(try proxy(environment, "wss://[::2]:444/") == "p:80")
        #expect(try proxy(environment, "wss://10.0.0.1/") == nil)
        #expect(try proxy(environment, "wss://110.0.0.1/") == "p:80")
    }

    @Test func `a proxy prints without its credentials`() throws {
        let settings = try ProxySettings(environment: ["HTTPS_PROXY": "http://user:secret@[::1]:9"])
        #expect("\(settings) \(String(reflecting: settings))".contains("[::1]:9"))
        #expect(!"\(settings) \(String(reflecting: settings))".contains("secret"))
    }

    @Test(arguments: [
        "https://p", "socks5://secret@p", "http://", "http://p:x", "http://%ZZ@p", "http://a%4@p",
        "http://%FF@p",
    ])
    func `a proxy that is no HTTP URL is an error without the URL`(text: String) {
        let error = #expect(throws: TurnError.self) { try ProxySettings(environment: ["HTTPS_PROXY": text]) }
        #expect(error?.message.contains("secret") == false)
    }
}
