import Foundation
import NIOCore
import Testing
import TurnCore
import TurnGateway
import TurnTesting
import TurnWire

/// Routes, the opening handshake, access and what operators read. No sockets.
struct RouteTests {
    private func error(_ response: Response) throws -> (code: Int, message: String) {
        struct Body: Decodable {
            struct Failure: Decodable {
                let code: Int
                let message: String
            }
            let error: Failure
        }
        let failure = try JSONDecoder().decode(Body.self, from: Data(response.body)).error
        return (failure.code, failure.message)
    }

    @Test(arguments: ["/eot", "/v1/eot", "//eot", "/a/b/c/eot", "/v1/eot?room=1"])
    func `a path that ends in eot becomes a session`(path: String) throws {
        let bench = try Bench()
        let answer = try bench.connect().upgrade(path)
        #expect(answer.status == 101)
        // RFC 6455 section 1.3.
        #expect(answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(answer.headers["upgrade"] == "websocket")
        #expect(answer.headers["sec-websocket-protocol"] == nil)
        #expect(answer.headers["sec-websocket-extensions"] == nil)
    }

    @Test func `frames that come right behind the handshake are taken`() throws {
        let bench = try Bench()
        let peer = try bench.connect()
        var create = Frame(2, try ClientMessage(.sessionCreate(SessionSettings())).encoded())
        create.mask = [1, 2, 3, 4]
        try peer.send(
            Array(
                ("GET /eot HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    + "Authorization: Bearer \(Bench.token())\r\n\r\n").utf8) + create.bytes)
        #expect(try peer.takeResponse().status == 101)
        #expect(try peer.takeMessages().count == 1)
    }

    @Test(
        arguments: [
            ("GET", "/", 404, nil), ("GET", "/eot/", 404, nil), ("GET", "/v1/eots", 404, nil),
            ("POST", "/v1/predicted", 404, nil), ("POST", "/eot", 405, "GET"),
            ("GET", "/v1/predict", 405, "POST"),
            ("PUT", "/raw", 405, "POST"), ("POST", "/metrics", 405, "GET"),
            ("DELETE", "/healthz", 405, "GET"),
            ("GET", "/eot", 426, nil),
        ] as [(String, String, Int, String?)])
    func `other paths and methods are errors in JSON`(
        method: String, path: String, status: Int, allow: String?
    ) throws {
        let bench = try Bench()
        let answer = try bench.connect().authorized(method, path)
        #expect(answer.status == status)
        #expect(answer.headers["allow"] == allow)
        #expect(answer.headers["content-type"] == "application/json")
        let failure = try error(answer)
        #expect(failure.code == status)
        #expect(failure.message.contains("; "))
        #expect(bench.metric("eot_errors_total{code=\"\(status)\"}") == 1)
    }

    @Test(
        arguments: [
            (["Connection": ""], 400), (["Sec-WebSocket-Version": "8"], 426),
            (["Sec-WebSocket-Key": "short"], 400),
            (["Sec-WebSocket-Key": ""], 400), (["Upgrade": "h2c"], 426),
        ] as [([String: String], Int)])
    func `a handshake that lacks something is refused`(changes: [String: String], status: Int) throws {
        let bench = try Bench()
        var headers = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        ]
        for (name, value) in changes { headers[name] = value.isEmpty ? nil : value }
        let answer = try bench.connect().authorized(
            "GET", "/eot", headers: headers.map { ($0.key, $0.value) })
        #expect(answer.status == status)
        #expect(bench.metric("eot_sessions_refused_total{reason=\"handshake\"}") == 1)
    }

    @Test func `bytes that are no HTTP are a 400, and the connection ends`() throws {
        let bench = try Bench()
        let peer = try bench.connect()
        try peer.send("\u{16}\u{03}\u{01} this is TLS\r\n\r\n")
        #expect(try peer.takeResponse().status == 400)
        bench.advance(.seconds(1))
        #expect(!peer.isOpen)
    }

    @Test func `headers over the limit are a 431`() throws {
        let bench = try Bench()
        let good = try bench.connect().request(
            "GET", "/healthz", headers: [("X-Long", String(repeating: "x", count: 16_000))])
        #expect(good.status == 200)
        for headers in [
            [("X-Long", String(repeating: "x", count: 17_000))],
            (0..<20).map { ("X-\($0)", String(repeating: "x", count: 1_000)) },
        ] {
            let peer = try bench.connect()
            #expect(try peer.request("GET", "/healthz", headers: headers).status == 431)
        }
        #expect(bench.metric("eot_limit_hits_total{limit=\"header_size\"}") == 2)
    }

    @Test func `health, readiness and metrics need no token, and one connection serves many requests`() throws
    {
        let bench = try Bench()
        let peer = try bench.connect()
        for _ in 0..<3 {
            #expect(try peer.request("GET", "/healthz").text == "{\"status\":\"ok\"}\n")
            #expect(try peer.request("GET", "/readyz").text == "{\"status\":\"ready\"}\n")
        }
        let metrics = try peer.request("GET", "/metrics")
        #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(metrics.text.contains("# TYPE eot_sessions gauge\neot_sessions 0\n"))
        #expect(metrics.text.contains("eot_build_info{version=\"0.1.0\",model=\"probe\",kernels=\"\"} 1\n"))
        #expect(
            Metrics.value("eot_http_requests_total{route=\"healthz\",status=\"200\"}", in: metrics.text) == 3)
    }

    @Test func `draining: not ready, alive, and nobody comes in`() throws {
        let bench = try Bench()
        bench.gateway.drain()
        #expect(try bench.connect().request("GET", "/healthz").status == 200)
        #expect(try bench.connect().request("GET", "/readyz").text == "{\"status\":\"draining\"}\n")
        #expect(try bench.connect().upgrade().status == 503)
        #expect(try bench.connect().authorized("POST", "/raw", body: [1]).status == 503)
        #expect(bench.metric("eot_sessions_refused_total{reason=\"draining\"}") == 2)
    }
}

/// Who gets in.
struct AccessTests {
    enum Token: String, CaseIterable {
        case none, basic, noThreeParts, wrongSecret, unknownKey, expired, future, tooLong,
            noneAlgorithm
        case otherAlgorithm, changed, noExpiry, noGrant, twice
    }

    /// A token by hand: what ``AccessToken`` does not make.
    private func token(header: String, payload: String, secret: String = Bench.secret) throws -> String {
        func base64URL(_ bytes: some Sequence<UInt8>) -> String {
            Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
                .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
        }
        let signed = base64URL(header.utf8) + "." + base64URL(payload.utf8)
        return signed + "." + base64URL(HMACSHA256.code(of: Array(signed.utf8), key: Array(secret.utf8)))
    }

    private func payload(_ text: String) -> String {
        "{\"iss\":\"devkey\",\"nbf\":1799999990,\(text)}"
    }

    private func headers(_ kind: Token) throws -> [(String, String)] {
        let hs256 = #"{"alg":"HS256","typ":"JWT"}"#
        let grant = #""inference":{"perform":true}"#
        let good = payload("\(grant),\"exp\":1800000600")
        let value: String
        switch kind {
        case .none: return []
        case .basic: value = "Basic ZGV2a2V5OnNlY3JldA=="
        case .noThreeParts: value = "Bearer abc.def"
        case .wrongSecret: value = "Bearer \(try Bench.token(secret: "another"))"
        case .unknownKey: value = "Bearer \(try Bench.token(key: "stranger"))"
        case .expired: value = "Bearer \(try Bench.token(now: Bench.epoch - .seconds(631)))"
        case .future: value = "Bearer \(try Bench.token(now: Bench.epoch + .seconds(31)))"
        case .tooLong: value = "Bearer " + String(repeating: "a", count: 9_000)
        case .noneAlgorithm:
            let parts = try token(header: #"{"alg":"none"}"#, payload: good).split(separator: ".")
            value = "Bearer \(parts[0]).\(parts[1])."
        case .otherAlgorithm: value = "Bearer \(try token(header: #"{"alg":"hs256"}"#, payload: good))"
        case .changed:
            let parts = try Bench.token().split(separator: ".")
            let other = try token(header: hs256, payload: payload("\(grant),\"exp\":1900000000")).split(
                separator: ".")
            value = "Bearer \(parts[0]).\(other[1]).\(parts[2])"
        case .noExpiry: value = "Bearer \(try token(header: hs256, payload: payload(grant)))"
        case .noGrant:
            value =
                "Bearer \(try token(header: hs256, payload: payload(#""inference":{"perform":false},"exp":1800000600"#)))"
        case .twice:
            let token = try Bench.token()
            return [("Authorization", "Bearer \(token)"), ("Authorization", "Bearer \(token)")]
        }
        return [("Authorization", value)]
    }

    @Test(arguments: Token.allCases, ["/v1/eot", "/v1/predict"])
    func `without a good token there is no session and no prediction`(kind: Token, path: String) throws {
        let bench = try Bench()
        let upgrade = [
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        let answer = try bench.connect().request(
            path == "/v1/eot" ? "GET" : "POST", path, headers: headers(kind) + upgrade)
        #expect(answer.status == (kind == .noGrant ? 403 : 401))
        #expect((answer.headers["www-authenticate"]?.hasPrefix("Bearer ") ?? false) == (kind != .noGrant))
        let reason =
            switch kind {
            case .none, .basic, .twice: "no_token"
            case .noGrant: "no_grant"
            default: "bad_token"
            }
        #expect(bench.metric("eot_sessions_refused_total{reason=\"\(reason)\"}") == 1)
        for line in bench.log.all + [answer.text] {
            #expect(!line.contains(Bench.secret))
            for (_, value) in try headers(kind) where value.count > 10 {
                #expect(!line.contains(value.dropFirst(8)))
            }
        }
    }

    @Test(arguments: [-629, -600, 0, 29] as [Int64])
    func `a token is good within its times, give or take 30 s`(offset: Int64) throws {
        let bench = try Bench()
        let token = try Bench.token(now: Bench.epoch + .seconds(offset))
        #expect(try bench.connect().upgrade(token: token).status == 101)
    }

    @Test func `the word Bearer may be written in any case`() throws {
        let bench = try Bench()
        let answer = try bench.connect().request(
            "POST", "/raw", headers: [("authorization", "bEARER \(Bench.token())")], body: [])
        #expect(answer.status == 400)
    }

    @Test func `open access asks for no token, and is refused elsewhere than on loopback`() throws {
        let bench = try Bench(access: .open)
        let upgrade = [
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        #expect(try bench.connect().request("GET", "/eot", headers: upgrade).status == 101)
        for host in ["0.0.0.0", "::", "192.168.1.1", "127.example.com", "example.com", ""] {
            #expect(throws: TurnError.self) { try Bench(access: .open) { $0.host = host } }
        }
        for host in ["127.0.0.1", "127.1.2.3", "::1", "localhost"] {
            _ = try Bench(access: .open) { $0.host = host }
        }
    }

    @Test func `keys can be replaced while the gateway runs`() throws {
        let keys = try GatewayKeys(["old": "secret-1"])
        let bench = try Bench(access: .keys(keys))
        let peer = try bench.connect()
        #expect(try peer.upgrade(token: Bench.token(key: "old", secret: "secret-1")).status == 101)
        try keys.replace(["new": "secret-2"])
        #expect(try bench.connect().upgrade(token: Bench.token(key: "old", secret: "secret-1")).status == 401)
        #expect(try bench.connect().upgrade(token: Bench.token(key: "new", secret: "secret-2")).status == 101)
        #expect(peer.isOpen)
        #expect(throws: TurnError.self) { try keys.replace([:]) }
        #expect(try bench.connect().upgrade(token: Bench.token(key: "new", secret: "secret-2")).status == 101)
    }

    @Test func `a key file has lines of key and secret`() throws {
        let text = "# keys of the house\n\n  one : first secret: with a colon \r\ntwo:2\n"
        #expect(try GatewayKeys.secrets(ofFile: text) == ["one": "first secret: with a colon", "two": "2"])
    }

    @Test(arguments: ["a b c", "key:", ": secret", "a: 1\na: 2"])
    func `a key file that cannot be read names the line and never the secret`(text: String) {
        #expect {
            try GatewayKeys.secrets(ofFile: text)
        } throws: { error in
            let message = (error as? TurnError)?.message ?? ""
            return message.contains("line ") && !message.contains("secret\"") && !message.contains("a b c")
        }
    }
}
