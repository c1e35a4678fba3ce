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
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(10))) struct CloudTests {
    private static let secret = "a-very-secret-word"

    private func gateway() async throws -> (peer: PythonPeer, port: Int) {
        let peer = try PythonPeer("gateway.py", arguments: ["--key", "devkey", "--secret", Self.secret])
        var lines = peer.lines.makeAsyncIterator()
        let line = try #require(await lines.next())
        return (peer, try #require(Int(line.filter(\.isNumber))))
    }

    /// What `detect` needs for a file; without one, what goes with `listen`.
    private func arguments(_ url: String, file: String?) -> [String] {
        let gateway = ["--cloud", url, "--api-key", "devkey", "--api-secret", Self.secret]
        return file.map { ["detect", "--json"] + gateway + [$0] } ?? gateway
    }

    /// Speech and turns as lines, without what depends on the model.
    private func speech(_ result: EotResult) throws -> [String] {
        try result.records().filter { $0.type.hasPrefix("speech") }.map(\.text)
    }

    @Test func `every prediction comes from the gateway, which hears the whole file`() async throws {
        let (peer, port) = try await gateway()
        let result = try await Eot.run(
            arguments("http://127.0.0.1:\(port)/healthy", file: Repository.sample()))
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

    /// A warning of an answer that took over half a second.
    private func isSlowAnswer(_ line: String) -> Bool {
        let match = line.firstMatch(of: /the gateway answers slowly: ([0-9]+) ms/)
        return match.flatMap { Int($0.1) }.map { $0 >= 500 } ?? false
    }

    /// How a gateway can be, and what the log says of it; nil for nothing.
    private static let scenarios: [(String, String?)] = [
        ("healthy", nil), ("slow/0.3", nil), ("stale", nil), ("text", "text frame, which is ignored"),
        ("gone", "Connection refused"), ("refuse/401", "Unauthorized (401)"),
        ("refuse/429", "Too Many Requests (429)"), ("refuse/503", "Service Unavailable (503)"),
        ("silent", "did not open in time"), ("close/1000/before", "code 1000: scripted"),
        ("close/1001/before", "code 1001: scripted"), ("close/1006/before", "code 1006"),
        ("close/1011/before", "code 1011: scripted"), ("close/1000/during", "code 1000: scripted"),
        ("close/1001/during", "code 1001: scripted"), ("close/1006/during", "code 1006"),
        ("close/1011/during", "code 1011: scripted"), ("close/1000/after", "code 1000: scripted"),
        ("close/1001/after", "code 1001: scripted"), ("close/1006/after", "code 1006"),
        ("close/1011/after", "code 1011: scripted"), ("junk", "bytes that are no message"),
        ("error/500", "an error: scripted (500)"), ("degenerate/empty", "no usable thresholds"),
        ("mute", "no answer came in time"), ("stop-reading", "no answer came in time"),
    ]

    /// Recorded speech with three pauses: each is asked for, each question is answered, all speech is in one turn or
    /// another, and the log says what happened: a loss once, an attempt that failed once.
    @Test(arguments: scenarios)
    func `whatever the gateway does, every question is answered and every turn ends`(
        scenario: String, reason: String?
    ) async throws {
        let (peer, port) = try await gateway()
        let url = scenario == "gone" ? "http://127.0.0.1:1" : "http://127.0.0.1:\(port)/\(scenario)"
        let file = try Repository.fetched("fixtures/turns/vm-forward-multiple.wav")
        // A question that times out is answered so, and makes no event; it happens once, then the device answers.
        // Elsewhere a question has ten seconds: a machine that stalls costs none, and one whose answer gets lost shows.
        let timeouts = reason == "no answer came in time" ? 1 : 0
        let limit = timeouts == 0 ? ["--prediction-timeout", "10"] : []
        let result = try await Eot.run(arguments(url, file: file) + limit)
        let alone = try await Eot.run(["detect", "--json", file])
        #expect(try speech(result) == speech(alone))

        let predictions = try result.records("prediction")
        #expect(try predictions.count == alone.records("prediction").count - timeouts)
        let unanswered = predictions.filter { $0.isNull("probability") }
        #expect(unanswered.isEmpty, "\(unanswered.map(\.text))")

        let turns = try result.records("turn_ended")
        let calledOff = try turns.filter { try $0.string("reason") == "no_prediction" }
        #expect(calledOff.count == timeouts, "\(turns.map(\.text))")
        let starts = try result.records("speech_started").map { try $0.number("time") }
        let ends = try result.records("speech_ended").map { try $0.number("time") }
        #expect(starts.count == ends.count)
        for (start, end) in zip(starts, ends) {
            let owners = try turns.filter {
                try $0.number("speech_start") <= start + 0.001 && $0.number("speech_end") >= end - 0.001
            }
            #expect(owners.count == 1, "speech from \(start) to \(end): \(turns.map(\.text))")
        }

        #expect(result.errorLines.filter { $0.contains("falling back") }.count <= 1, "\(result.errors)")
        // A gateway that the machine holds up answers slowly.
        let log = result.errorLines.filter { !isSlowAnswer($0) }
        if let reason {
            let told = log.filter { $0.contains(reason) }
            // Three attempts more, then the loss.
            #expect((1...4).contains(told.count), "\(result.errors)")
            #expect(told.count == log.count, "\(result.errors)")
        } else {
            #expect(log.isEmpty)
        }
        #expect(!result.errors.contains(Self.secret) && !result.errors.contains("eyJ"))
        peer.stop()
    }

    @Test func `eot listen asks the gateway while the audio goes on`() async throws {
        let (peer, port) = try await gateway()
        let samples = try WAV.samples(ofFileAt: try Repository.sample())
        let run = try LiveEot(
            ["--json", "--raw", "s16le", "--rate", "16000"]
                + arguments("http://127.0.0.1:\(port)/healthy", file: nil))
        // Live audio does not wait for a gateway, so the test does: the device would answer.
        var lines = peer.lines.makeAsyncIterator()
        while let line = await lines.next(), !line.contains("session_create") {}
        // A word of the conversation and as much silence as leads to a question, no more: a burst of audio would run ahead
        // of the clock that bounds the answer. The delays pass without audio; no end of input follows.
        let audio =
            Array(samples[(6 * 16_000)..<(16_000 * 72 / 10)]) + [Int16](repeating: 0, count: 16_000 * 4 / 10)
        try run.push(audio)
        let records = try run.records(until: "turn_ended")
        #expect(
            records.map(\.type) == ["speech_started", "speech_ended", "prediction", "turn_ended"],
            "\(records.map(\.text))")
        let prediction = try #require(records.first { $0.type == "prediction" })
        #expect(try prediction.string("model") == "turn-detector-v1")
        #expect(try abs(prediction.number("probability") - 0.9) < 1e-6)
        #expect(try records.last?.string("reason") == "model")
        #expect(run.process.isRunning)
        let (rest, errors) = try run.finish()
        #expect(rest.map(\.type) == ["summary"])
        #expect(errors.isEmpty)

        var messages: [String] = []
        var total = 0
        while let line = await lines.next() {
            let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            if let message = record?["message"] as? String { messages.append(message) }
            total = record?["total"] as? Int ?? total
            if record?["closed"] != nil { break }
        }
        #expect(messages.last == "session_close")
        #expect(messages.filter { $0 == "inference_start" }.count == 1)
        #expect(total == audio.count)
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
