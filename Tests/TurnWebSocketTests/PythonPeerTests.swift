import Foundation
import NIOCore
import Testing
import TurnCore
import TurnTesting
import TurnWebSocket

/// Our client against Python's `websockets`, and servers that misbehave.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(10))) struct ClientAgainstPythonTests {
    @Test(arguments: [false, true]) func `messages of all sizes come back`(secure: Bool) async throws {
        let server = try await PythonServer.shared()
        let url = try server.url("/echo", port: secure ? "tls" : "plain", host: "localhost", secure: secure)
        let open = try await server.connect(url)
        let sizes = [0, 1, 125, 126, 65_535, 65_536, 300_000]
        var sent: [WebSocketMessage] = []
        for size in sizes {
            sent += [.binary(ByteBuffer(repeating: UInt8(size % 251), count: size))]
            sent += [.text(String(repeating: "ü", count: size / 2))]
        }
        for message in sent { open.connection.send(message) }
        #expect(await open.messages(sent.count) == sent)
        open.connection.close(.normal, reason: "fertig")
        #expect(await open.closure() == WebSocketClosure(code: .normal, reason: "fertig", origin: .local))
    }

    @Test func `the headers arrive, with those of the handshake`() async throws {
        let server = try await PythonServer.shared()
        let open = try await server.connect(
            server.url("/headers"), headers: [("User-Agent", "us"), ("Authorization", "Bearer t")])
        guard case .text(let json) = await open.messages(1).first else {
            Issue.record("no answer")
            return
        }
        let headers = try JSONDecoder().decode([String: String].self, from: Data(json.utf8))
        #expect(headers["User-Agent"] == "us")
        #expect(headers["Authorization"] == "Bearer t")
        #expect(headers["Sec-WebSocket-Version"] == "13")
        #expect(try headers["Host"] == server.url("/").hostHeader)
        open.connection.abort()
    }

    @Test func `what the handshake says cannot be changed by headers`() async throws {
        let server = try await PythonServer.shared()
        let open = try await server.connect(
            server.url("/headers"),
            headers: [
                ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="), ("host", "other"), ("Upgrade", "h2c"),
                ("Sec-WebSocket-Extensions", "permessage-deflate"), ("X-Kept", "1"),
            ])
        guard case .text(let json) = await open.messages(1).first else {
            Issue.record("no answer")
            return
        }
        let headers = try JSONDecoder().decode([String: String].self, from: Data(json.utf8))
        #expect(headers["Sec-WebSocket-Key"] != "AAAAAAAAAAAAAAAAAAAAAA==")
        #expect(try headers["Host"] == server.url("/").hostHeader)
        #expect(headers["Upgrade"] == "websocket")
        #expect(headers["Sec-WebSocket-Extensions"] == nil)
        #expect(headers["X-Kept"] == "1")
        open.connection.abort()
    }

    @Test func `fragments of the server are joined`() async throws {
        let server = try await PythonServer.shared()
        let open = try await server.connect(server.url("/fragments"))
        let expected = ByteBuffer(bytes: [0, 1] + [UInt8](repeating: 2, count: 70_000))
        #expect(await open.messages(2) == [.text("Würfelspiel"), .binary(expected)])
        open.connection.abort()
    }

    @Test func `pings are answered`() async throws {
        let server = try await PythonServer.shared()
        let open = try await server.connect(server.url("/ping"))
        #expect(await open.messages(1) == [.text("pong came")])
        open.connection.abort()
    }

    @Test(arguments: [1000, 1001, 1011, 1013, 4000] as [UInt16]) func `the close code and reason arrive`(
        code: UInt16
    ) async throws {
        let server = try await PythonServer.shared()
        let open = try await server.connect(server.url("/close/\(code)"))
        let expected = WebSocketClosure(
            code: WebSocketCloseCode(rawValue: code), reason: "gründlich", origin: .peer)
        #expect(await open.closure() == expected)
    }

    @Test func `a connection that is dropped is abnormal`() async throws {
        let server = try await PythonServer.shared()
        let open = try await server.connect(server.url("/drop"))
        #expect(await open.closure()?.code == .abnormal)
    }

    @Test func `frames in the packet of the handshake are not lost`() async throws {
        let server = try await PythonServer.shared()
        let open = try await server.connect(server.url("/early", port: "misbehaving"))
        #expect(await open.messages(2) == [.text("early"), .binary(ByteBuffer(bytes: [0]))])
        open.connection.abort()
        let junk = try await server.connect(server.url("/early-junk", port: "misbehaving"))
        #expect(await junk.closure()?.code == .protocolError)
    }

    @Test(arguments: [
        ("/401", WebSocketConnectError.Kind.refused(status: 401, retryAfter: nil)),
        ("/429", .refused(status: 429, retryAfter: nil)),
        ("/503", .refused(status: 503, retryAfter: .seconds(7))),
        ("/503/long", .refused(status: 503, retryAfter: .seconds(86_400))),
        ("/503/minus", .refused(status: 503, retryAfter: nil)),
        ("/200", .refused(status: 200, retryAfter: nil)), ("/302", .refused(status: 302, retryAfter: nil)),
        ("/bad-accept", .handshake), ("/no-upgrade", .handshake), ("/extension", .handshake),
        ("/junk", .handshake), ("/endless", .handshake),
        ("/eof", .network),
    ])
    func `a handshake that fails says how`(path: String, kind: WebSocketConnectError.Kind) async throws {
        let server = try await PythonServer.shared()
        #expect(try await server.failure(server.url(path, port: "misbehaving")) == kind)
    }

    /// Moments that calendars make mistakes at, written by Python in the three forms of RFC 9110 section 5.6.7.
    @Test(
        arguments: ["imf", "rfc850", "asctime"],
        [
            784_111_777, 951_782_400, 1_583_020_799, 1_709_164_800, 1_798_761_599, 1_798_761_600,
            2_147_483_648,
            4_102_444_800,
        ])
    func `RFC 9110 10.2.3 Retry-After may be a date`(form: String, epoch: Int) async throws {
        let server = try await PythonServer.shared()
        let url = try server.url("/503/\(form)/\(epoch)", port: "misbehaving")
        let waits: [(Duration, Duration)] = [
            (.zero, .zero), (.milliseconds(1), .milliseconds(1)), (.seconds(40), .seconds(40)),
            (.seconds(86_400), .seconds(86_400)), (.seconds(86_401), .seconds(86_400)),
            (.seconds(-1), .zero), (.seconds(-86_400 * 365 * 49), .zero),
        ]
        for (ahead, wait) in waits {
            let kind = try await server.failure(url, now: .seconds(epoch) - ahead)
            #expect(kind == .refused(status: 503, retryAfter: wait), "\(ahead)")
        }
    }

    /// Two digits name the year that is at most 50 years ahead.
    @Test func `RFC 9110 5.6.7 a year of two digits is not far ahead`() async throws {
        let server = try await PythonServer.shared()
        // 1 January 2076, written "76": 49 years and 364 days after the first moment, 51 years after the other.
        let url = try server.url("/503/rfc850/3345062400", port: "misbehaving")
        for (now, wait) in [(1_767_312_000, Duration.seconds(86_400)), (1_735_689_600, .zero)] {
            let kind = try await server.failure(url, now: .seconds(now))
            #expect(kind == .refused(status: 503, retryAfter: wait))
        }
    }

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Abc 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 08:4937: GMT", "Sun, 06 Nov 1994 08-49-37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, 5", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT", "1994-11-06T08:49:37Z", "tomorrow", "1.5", "+1", "1e3", "٣",
    ])
    func `a Retry-After that is neither seconds nor a date is not read`(value: String) async throws {
        let server = try await PythonServer.shared()
        let bytes = value.utf8.map { String(format: "%02x", $0) }.joined()
        let url = try server.url("/503/raw/\(bytes)", port: "misbehaving")
        let kind = try await server.failure(url, now: .seconds(784_111_777 - 40))
        #expect(kind == .refused(status: 503, retryAfter: nil))
    }

    /// A leap second is no reason to forget the wait.
    @Test func `RFC 9110 5.6.7 a leap second counts as the one before`() async throws {
        let server = try await PythonServer.shared()
        let bytes = "Sat, 31 Dec 2016 23:59:60 GMT".utf8.map { String(format: "%02x", $0) }.joined()
        let url = try server.url("/503/raw/\(bytes)", port: "misbehaving")
        let kind = try await server.failure(url, now: .seconds(1_483_228_799 - 40))
        #expect(kind == .refused(status: 503, retryAfter: .seconds(40)))
    }

    @Test func `a handshake that is never answered times out`() async throws {
        let server = try await PythonServer.shared()
        let start = ContinuousClock.now
        let kind = try await server.failure(
            server.url("/silent", port: "misbehaving"), timeout: .milliseconds(300))
        #expect(kind == .timeout)
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test func `a refused connection and a name that does not exist are network errors`() async throws {
        let server = try await PythonServer.shared()
        #expect(try await server.failure(WebSocketURL("ws://127.0.0.1:1/")) == .network)
        #expect(try await server.failure(WebSocketURL("ws://no-such-host.invalid/")) == .network)
    }

    @Test func `TLS checks who signed the certificate and for which name`() async throws {
        let server = try await PythonServer.shared()
        let good = try server.url("/echo", port: "tls", host: "localhost", secure: true)
        #expect(try await server.failure(good, trusting: false) == .tls)
        let other = try server.url("/echo", port: "tls_other", host: "localhost", secure: true)
        #expect(try await server.failure(other) == .tls)
        let plain = try server.url("/echo", port: "plain", host: "localhost", secure: true)
        // A server without TLS hangs up, as one that is killed does.
        #expect(try await server.failure(plain) == .network)
        let address = try server.url("/echo", port: "tls_address", secure: true)
        try await server.connect(address).connection.abort()
        let nameOnly = try server.url("/echo", port: "tls", secure: true)
        #expect(try await server.failure(nameOnly) == .tls)
    }

    /// A server that is killed says nothing about its certificate: another attempt may help.
    @Test(arguments: ["hangs_up", "tls_hangs_up"])
    func `a connection that ends within TLS is a matter of the network`(port: String) async throws {
        let server = try await PythonServer.shared()
        let url = try server.url("/", port: port, host: "localhost", secure: true)
        #expect(try await server.failure(url) == .network)
    }

    /// The certificate would be checked for the address of the proxy.
    @Test func `TLS to an address does not go through a proxy`() async throws {
        let server = try await PythonServer.shared()
        let url = try server.url("/echo", port: "tls_address", secure: true)
        try await server.connect(url).connection.abort()
        let proxies = ProxySettings(secure: try server.proxy("proxy"), plain: nil, exceptions: [])
        #expect(try await server.failure(url, proxies: proxies) == .tls)
    }

    @Test(arguments: [false, true]) func `a proxy is asked to connect`(secure: Bool) async throws {
        let server = try await PythonServer.shared()
        let proxy = try server.proxy("proxy")
        let proxies = ProxySettings(secure: proxy, plain: proxy, exceptions: [])
        // The proxy resolves the name; with TLS the certificate must be for it.
        let url = try server.url(
            "/echo", port: secure ? "tls_other" : "plain", host: "other.example", secure: secure)
        let open = try await server.connect(url, proxies: proxies)
        open.connection.send(.text("through"))
        #expect(await open.messages(1) == [.text("through")])
        open.connection.abort()
    }

    @Test func `a proxy that wants credentials gets them`() async throws {
        let server = try await PythonServer.shared()
        let url = try server.url("/echo")
        func settings(_ credentials: String) throws -> ProxySettings {
            ProxySettings(
                secure: nil, plain: try server.proxy("closed_proxy", credentials: credentials), exceptions: []
            )
        }
        #expect(try await server.failure(url, proxies: settings("")) == .proxy(status: 407))
        #expect(try await server.failure(url, proxies: settings("k:x@")) == .proxy(status: 407))
        try await server.connect(url, proxies: settings("k%C3%A4the:geheim@")).connection.abort()
    }

    @Test func `a proxy that is not there is told from a server that is not there`() async throws {
        let server = try await PythonServer.shared()
        let gone = ProxySettings(secure: nil, plain: try HTTPProxy("127.0.0.1:1"), exceptions: [])
        #expect(try await server.failure(server.url("/echo"), proxies: gone) == .network)
        // A server that speaks first and not HTTP.
        let odd = ProxySettings(
            secure: nil, plain: try server.proxy("misbehaving"), exceptions: [])
        let kind = try await server.failure(server.url("/echo"), proxies: odd)
        #expect(kind == .proxy(status: nil))
    }
}

/// Python's `websockets` and `aiohttp`, and frames made by hand, against our server.
///
/// The hand-made cases follow sections 1 to 7 of the Autobahn test suite and compare what comes back to the byte.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(10))) struct ServerAgainstPythonTests {
    private struct Check: Decodable {
        let check: String
        let ok: Bool?
        let got: String?
        let code: Int?
    }

    @Test func `all cases pass`() async throws {
        let server = try await startEchoServer()
        let port = try #require(server.localAddress?.port)
        let checks = try await PythonPeer.run("websocket_client.py", arguments: ["\(port)"])
            .map { try JSONDecoder().decode(Check.self, from: Data($0.utf8)) }
        for check in checks where check.ok != true {
            #expect(check.check == "too big", "\(check)")
            #expect(check.code == 1009)
        }
        #expect(checks.count == 150)
        try await server.close()
    }
}
