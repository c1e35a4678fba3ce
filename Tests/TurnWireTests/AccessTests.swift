import Testing
import TurnCore
import TurnTesting
import TurnWire

struct AccessTokenTests {
    static let now = Duration.seconds(1_700_000_000)

    private func mint(_ secret: String = "secret") throws -> String {
        try AccessToken.mint(apiKey: "devkey", apiSecret: secret, now: Self.now + .milliseconds(900))
    }

    private func verify(_ token: String, at time: Duration = now) throws -> AccessToken {
        try AccessToken(verifying: token, now: time) { $0 == "devkey" ? "secret" : nil }
    }

    /// The expected token was made with PyJWT 2.15.1 from the claims in the order of livekit-api 1.2.2.
    @Test func `a token is the official one to the byte`() throws {
        let claims =
            "eyJpbmZlcmVuY2UiOnsicGVyZm9ybSI6dHJ1ZX0sInN1YiI6ImFnZW50IiwiaXNzIjoiZG"
            + "V2a2V5IiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA2MDB9"
        #expect(
            try mint()
                == "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\(claims).AWXALgGDgDwII4akUS4kELYZ8Ull-o-XWXet7Qh9Bd4"
        )
    }

    @Test func `a token verifies and tells its claims`() throws {
        let token = try verify(mint())
        #expect(token.apiKey == "devkey")
        #expect(token.subject == "agent")
        #expect(token.expiresAt == Self.now + .seconds(600))
        #expect(token.mayPerformInference)
    }

    @Test(arguments: [
        (AccessToken.Refusal.expired, Duration.seconds(631)), (.notYetValid, .seconds(-31)),
    ])
    func `a token out of its time is refused beyond 30 s of leeway`(
        refusal: AccessToken.Refusal, offset: Duration
    ) throws {
        let token = try mint()
        #expect(throws: refusal) { try verify(token, at: Self.now + offset) }
        #expect(throws: Never.self) { try verify(token, at: Self.now + offset * 0.9) }
    }

    @Test func `every change of a letter is refused`() throws {
        let token = Array(try mint())
        for index in token.indices where token[index] != "." {
            var forged = token
            // A and Q differ from every other letter, and from each other, in bits that count at the end too.
            forged[index] = token[index] == "A" ? "Q" : "A"
            #expect(throws: AccessToken.Refusal.self) { try verify(String(forged)) }
        }
    }

    /// Made with PyJWT: other algorithms, "none", no exp, no grant, a critical header, another key.
    @Test(arguments: [
        (AccessToken.Refusal.algorithm, "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30."),
        (.malformed, ""), (.malformed, "a.b"), (.malformed, "a.b.c"), (.malformed, "e30.e30.e30"),
        (.malformed, "eyJhbGciOiJIUzI1NiJ9.e30.AA"), (.malformed, String(repeating: "A", count: 9_000)),
        (.algorithm, "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsieCJdfQ.e30.AA"),
    ])
    func `what is no HS256 token is refused`(refusal: AccessToken.Refusal, token: String) {
        #expect(throws: refusal) { try verify(token) }
    }

    @Test func `an unknown key and a wrong secret are refused`() throws {
        let token = try mint()
        #expect(throws: AccessToken.Refusal.unknownKey) {
            try AccessToken(verifying: token, now: Self.now) { _ in nil }
        }
        #expect(throws: AccessToken.Refusal.unknownKey) {
            try AccessToken(verifying: token, now: Self.now) { _ in "" }
        }
        #expect(throws: AccessToken.Refusal.signature) {
            try AccessToken(verifying: token, now: Self.now) { _ in "Secret" }
        }
    }

    @Test(arguments: [("", "s"), ("k", "")]) func `a token needs key and secret`(key: String, secret: String)
    {
        #expect(throws: TurnError.self) {
            try AccessToken.mint(apiKey: key, apiSecret: secret, now: Self.now)
        }
    }

    @Test func `a token cannot live for no time`() {
        #expect(throws: TurnError.self) {
            try AccessToken.mint(apiKey: "k", apiSecret: "s", now: Self.now, timeToLive: .milliseconds(999))
        }
    }
}

struct ConnectionTests {
    @Test(arguments: [
        ("https://agent-gateway.livekit.cloud/v1", "wss://agent-gateway.livekit.cloud/v1/eot"),
        ("http://localhost:8080", "ws://localhost:8080/eot"), ("http://localhost/", "ws://localhost//eot"),
        ("wss://host/v1", "wss://host/v1/eot"), ("HTTP://host", "HTTP://host/eot"), ("", "/eot"),
    ])
    func `the URL is the base with its scheme turned and eot appended`(base: String, url: String) {
        #expect(GatewayEndpoint.webSocketURL(base: base) == url)
    }

    private func headers(_ job: ConnectionHeaders.Job?, seed: UInt64 = 1) throws -> ConnectionHeaders {
        var generator = SeededGenerator(seed: seed)
        return try ConnectionHeaders(accessToken: "t", job: job, using: &generator)
    }

    @Test func `headers print without their values`() throws {
        let job = ConnectionHeaders.Job(
            roomID: "RM", workerToken: "worker-secret", headers: ["X-Other": "other-secret"])
        let headers = try headers(job)
        for text in ["\(headers) \(job)", "\(String(reflecting: headers)) \(String(reflecting: job))"] {
            #expect(text.contains("Authorization") && text.contains("X-Other"))
            #expect(!text.contains("secret") && !text.contains("Bearer"))
        }
    }

    @Test func `R-107 outside a job there is no session id`() throws {
        let headers = try headers(nil)
        #expect(headers.sessionID == nil)
        #expect(headers.fields.map(\.name) == ["User-Agent", "Authorization"])
        #expect(headers.fields[1].value == "Bearer t")
    }

    @Test func `R-107 a job cannot supply its own session id`() throws {
        let job = ConnectionHeaders.Job(
            roomID: "RM_1", jobID: "AJ_1", workerToken: "w",
            headers: [
                "x-livekit-session-id": "mine", "X-LiveKit-Inference-Priority": "low",
                "x-livekit-room-id": "RM_2",
            ])
        let first = try headers(job)
        let second = try headers(job, seed: 2)
        #expect(first.sessionID != second.sessionID)
        for headers in [first, second] {
            let id = try #require(headers.sessionID)
            #expect(id.wholeMatch(of: /inference_[0-9a-f]{12}/) != nil)
            let sent = headers.fields.filter { $0.name.lowercased() == "x-livekit-session-id" }.map(\.value)
            #expect(sent == [id])
        }
        #expect(first.fields.contains { $0 == ("x-livekit-room-id", "RM_2") })
        #expect(!first.fields.contains { $0 == ("X-LiveKit-Room-ID", "RM_1") })
        #expect(first.fields.contains { $0 == ("X-LiveKit-Inference-Priority", "low") })
        #expect(!first.fields.contains { $0.name == "X-LiveKit-Agent-ID" })
    }

    @Test(arguments: [["a b": "c"], ["a": "b\r\nEvil: 1"], ["": "x"], ["ä": "x"]])
    func `headers that HTTP does not allow are refused`(extra: [String: String]) {
        #expect(throws: TurnError.self) { try headers(ConnectionHeaders.Job(headers: extra)) }
    }
}
