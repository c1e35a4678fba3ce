import Foundation
import Testing
import TurnTesting
import TurnWire

extension Tag {
    /// Opens sockets on loopback.
    @Tag static var sockets: Self
    /// Needs Python 3 and PyPI.
    @Tag static var python: Self
}

/// `eot token`.
struct TokenTests {
    private let credentials = ["LIVEKIT_API_KEY": "devkey", "LIVEKIT_API_SECRET": "a-secret-word"]

    private func verified(_ result: EotResult) throws -> AccessToken {
        #expect(result.status == 0)
        let token = try #require(result.outputLines.first)
        return try AccessToken(verifying: token, now: .seconds(Date().timeIntervalSince1970)) {
            ["devkey": "a-secret-word", "other": "another"][$0]
        }
    }

    @Test func `a token is made of key and secret, and lives ten minutes`() async throws {
        let token = try verified(await Eot.run(["token"], environment: credentials))
        #expect(token.apiKey == "devkey")
        #expect(token.mayPerformInference)
        let life = token.expiresAt - .seconds(Date().timeIntervalSince1970)
        #expect((.seconds(590)...(.seconds(600))).contains(life))
    }

    @Test func `options go before the environment`() async throws {
        let token = try verified(
            await Eot.run(
                ["token", "--api-key", "other", "--api-secret", "another", "--ttl", "3600"],
                environment: credentials))
        #expect(token.apiKey == "other")
        #expect(token.expiresAt > .seconds(Date().timeIntervalSince1970 + 3_590))
    }

    @Test(
        arguments: [
            (["token"], [:]), (["token", "--api-key", "k"], [:]), (["token"], ["LIVEKIT_API_KEY": "k"]),
            (["token", "--ttl", "0"], ["LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "a-secret-word"]),
            (["token", "--ttl", "x"], [:]),
        ] as [([String], [String: String])])
    func `without credentials or a life there is no token`(
        arguments: [String], environment: [String: String]
    ) async throws {
        let result = try await Eot.run(arguments, environment: environment)
        result.expectFailure(78)
        #expect(result.output.isEmpty)
        #expect(!result.errors.contains("a-secret-word"))
    }
}

/// `--cloud`, against a gateway in Python.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(5))) struct CloudTests {
    private static let secret = "a-very-secret-word"

    private func gateway() async throws -> (peer: PythonPeer, port: Int) {
        let peer = try PythonPeer("gateway.py", arguments: ["--key", "devkey", "--secret", Self.secret])
        var lines = peer.lines.makeAsyncIterator()
        let line = try #require(await lines.next())
        return (peer, try #require(Int(line.filter(\.isNumber))))
    }

    private func arguments(_ url: String, secret: String = Self.secret) throws -> [String] {
        [
            "detect", "--json", "--cloud", url, "--api-key", "devkey", "--api-secret", secret,
            try Repository.sample(),
        ]
    }

    /// Speech and turns as lines, without what depends on the model.
    private func speech(_ result: EotResult) throws -> [String] {
        try result.records().filter { $0.type.hasPrefix("speech") }.map(\.text)
    }

    @Test func `every prediction comes from the gateway, which hears the whole file`() async throws {
        let (peer, port) = try await gateway()
        let result = try await Eot.run(arguments("http://127.0.0.1:\(port)/healthy"))
        let predictions = try result.records("prediction")
        #expect(!predictions.isEmpty)
        for prediction in predictions {
            #expect(try prediction.string("model") == "turn-detector-v1")
            #expect(try abs(prediction.number("probability") - 0.9) < 1e-6)
            #expect(try abs(prediction.number("threshold") - 0.56) < 1e-6)
        }
        #expect(try result.records("summary").first?.string("model") == "turn-detector-v1")
        #expect(try speech(result) == speech(await Eot.run(["detect", "--json", Repository.sample()])))
        #expect(!result.errors.contains(Self.secret))
        peer.stop()
        var messages: [String] = []
        var total = 0.0
        for await line in peer.lines {
            let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            if let message = record?["message"] as? String { messages.append(message) }
            total = record?["total"] as? Double ?? total
        }
        #expect(messages.first == "session_create")
        #expect(messages.last == "session_close")
        let duration = try #require(result.records("summary").first).number("duration")
        #expect(abs(total / 16_000 - duration) < 0.1)
    }

    @Test(arguments: ["gone", "refuse/401", "mute", "junk"])
    func `without the gateway the device answers, and one line says so`(scenario: String) async throws {
        let (peer, port) = try await gateway()
        let url = scenario == "gone" ? "http://127.0.0.1:1" : "http://127.0.0.1:\(port)/\(scenario)"
        let result = try await Eot.run(arguments(url))
        let alone = try await Eot.run(["detect", "--json", Repository.sample()])
        #expect(try speech(result) == speech(alone))
        #expect(try result.records("turn_ended").count == alone.records("turn_ended").count)
        #expect(result.errorLines.filter { $0.contains("falling back") }.count == 1, "\(result.errors)")
        #expect(!result.errors.contains(Self.secret))
        peer.stop()
    }

    @Test(
        arguments: [
            (["--cloud", "ftp://host"], 78), (["--cloud", "http://user:a-very-secret-word@host"], 78),
            (["--cloud", "http://host", "--tls-ca", "/nonexistent.pem"], 74), (["--recover", "1"], 64),
            (["--cloud", "http://host", "--recover", "0"], 64),
            (["--cloud", "http://host", "--plot", "x.svg"], 64),
        ] as [([String], Int32)])
    func `a gateway that cannot be is an error`(options: [String], status: Int32) async throws {
        let result = try await Eot.run(
            ["detect", Repository.sample()] + options,
            environment: ["LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": Self.secret])
        result.expectFailure(status)
        #expect(!result.errors.contains(Self.secret))
    }

    @Test func `a gateway without credentials is an error`() async throws {
        let result = try await Eot.run(["detect", "--cloud", "http://host", Repository.sample()])
        result.expectFailure(78)
        #expect(result.errors.contains("LIVEKIT_API_KEY"))
    }
}
