import Foundation
import Testing
import TurnTesting
import TurnWire

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// `eot serve`, as a process, with `eot` itself and HTTP as clients.
@Suite(.tags(.sockets), .timeLimit(.minutes(10))) struct ServeTests {
    private static let secret = "a-very-secret-word"
    private static let credentials = ["LIVEKIT_API_KEY": "devkey", "LIVEKIT_API_SECRET": secret]

    private func request(
        _ server: EotServer, _ path: String, body: Data? = nil, key: String = "devkey",
        secret: String = secret
    ) async throws -> (status: Int, body: Data) {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(server.port)\(path)")))
        request.timeoutInterval = 20
        request.httpMethod = body == nil ? "GET" : "POST"
        request.httpBody = body
        let token = try AccessToken.mint(
            apiKey: key, apiSecret: secret, now: .seconds(Date().timeIntervalSince1970))
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        let (data, response) = try await URLSession.shared.data(for: request)
        return (try #require(response as? HTTPURLResponse).statusCode, data)
    }

    @Test func `it serves what eot asks, and ends cleanly`() async throws {
        let server = try await EotServer([], environment: Self.credentials)
        let result = try await Eot.run(
            ["detect", "--json", "--cloud", "http://127.0.0.1:\(server.port)", try Repository.sample()],
            environment: Self.credentials)
        let predictions = try result.records("prediction")
        #expect(!predictions.isEmpty)
        for prediction in predictions {
            #expect(try prediction.string("model") == "turn-detector-v1")
            #expect(try abs(prediction.number("threshold") - 0.21) < 1e-6)
        }
        try await server.waitForLog("event=\"session closed\"")
        server.signal(SIGTERM)
        #expect(try await server.waitForExit() == 0)
        let log = server.log
        #expect(log.contains("event=\"session opened\" key=devkey session="))
        #expect(log.contains("code=1000"))
        #expect(!log.contains(Self.secret))
        for line in log.split(separator: "\n") where line.contains("event=") {
            #expect(
                line.wholeMatch(of: /time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=\w+ event=.+/) != nil,
                "\(line)")
        }
    }

    @Test func `a request is answered like eot predict`() async throws {
        let server = try await EotServer(["--preset", "livekit"], environment: Self.credentials)
        let file = try Data(contentsOf: URL(fileURLWithPath: Repository.sample()))
        let (status, body) = try await request(server, "/v1/predict", body: file)
        #expect(status == 200)
        let answer = try #require(JSONSerialization.jsonObject(with: body) as? [String: Any])
        let expected = try await Eot.run(["predict", "--json", Repository.sample()]).records("prediction")
        let probability = try #require(expected.first).number("probability")
        #expect(abs(try #require(answer["probability"] as? Double) - probability) < 2e-6)
        #expect(answer["prediction"] as? Int == (probability >= 0.5 ? 1 : 0))
        #expect(answer["model"] as? String == "smart-turn-v3.2")
        #expect(try await request(server, "/raw", body: file, secret: "wrong").status == 401)
        let metrics = try await request(server, "/metrics").body
        #expect(
            String(decoding: metrics, as: UTF8.self).contains("eot_predictions_total{outcome=\"answered\"} 1")
        )
        server.signal(SIGINT)
        #expect(try await server.waitForExit() == 0)
    }

    @Test func `SIGHUP reads the key file again`() async throws {
        let scratch = try Scratch()
        let path = try scratch.path("keys", Array("one: first-secret\n".utf8))
        let server = try await EotServer(["--key-file", path])
        let body = Data("x".utf8)
        #expect(
            try await request(server, "/raw", body: body, key: "one", secret: "first-secret").status == 400)
        try Data("two: second-secret\n".utf8).write(to: URL(fileURLWithPath: path))
        server.signal(SIGHUP)
        try await server.waitForLog("event=\"keys reloaded\"")
        #expect(
            try await request(server, "/raw", body: body, key: "one", secret: "first-secret").status == 401)
        #expect(
            try await request(server, "/raw", body: body, key: "two", secret: "second-secret").status == 400)
        // A file that cannot be used changes nothing.
        try Data("two second-secret\n".utf8).write(to: URL(fileURLWithPath: path))
        server.signal(SIGHUP)
        try await server.waitForLog("event=\"keys not reloaded\"")
        #expect(
            try await request(server, "/raw", body: body, key: "two", secret: "second-secret").status == 400)
        #expect(!server.log.contains("second-secret"))
        server.signal(SIGTERM)
        #expect(try await server.waitForExit() == 0)
    }

    @Test(
        arguments: [
            ([], 78), (["--no-auth", "--host", "0.0.0.0"], 78), (["--no-auth", "--api-key", "k"], 64),
            (["--no-auth", "--tls-cert", "x.pem"], 64),
            (["--no-auth", "--tls-cert", "x", "--tls-key", "y"], 66),
            (["--no-auth", "--port", "70000"], 78), (["--no-auth", "--workers", "0"], 78),
            (["--no-auth", "--preset", "bold"], 78), (["--key-file", "/nonexistent"], 66),
            (["--no-auth", "--max-sessions", "0"], 78), (["--no-auth", "--drain=-1"], 78),
            (["--no-auth", "--model", "/nonexistent.onnx"], 78), (["--no-auth", "--port", "x"], 78),
        ] as [([String], Int32)])
    func `what cannot be served is an error on one line`(options: [String], status: Int32) async throws {
        let result = try await Eot.run(["serve"] + options, timeLimit: .seconds(20))
        result.expectFailure(status)
        if options.isEmpty {
            #expect(result.errors.contains("--key-file") && result.errors.contains("LIVEKIT_API_KEY"))
        }
    }

    @Test func `its help explains every option`() async throws {
        let help = try await Eot.run(["serve", "--help"])
        #expect(help.status == 0)
        for option in [
            "--host", "--key-file", "--no-auth", "--tls-cert", "--workers", "--max-queue-wait", "--drain",
        ] {
            #expect(help.output.contains(option))
        }
        #expect(help.output.contains("listening {"))
    }
}
