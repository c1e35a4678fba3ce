import Foundation
import Testing
import TurnTesting

/// `eot load` against a gateway in Python that is not ours, and misbehaves on request.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(10))) struct LoadTests {
    private static let secret = "a-very-secret-word"
    /// 4.5 s of speech, with a pause inside and one at its end (scripts/make_conversations.py).
    private static let turn = "fixtures/turns/conf-errormenu.wav"

    private func load(
        _ scenario: String, _ options: [String] = [], sessions: Int = 4, seconds: Double = 3.5,
        secret: String = Self.secret
    ) async throws -> EotResult {
        let peer = try PythonPeer("gateway.py", arguments: ["--key", "devkey", "--secret", Self.secret])
        defer { peer.stop() }
        var lines = peer.lines.makeAsyncIterator()
        let line = try #require(await lines.next())
        let port = try #require(Int(line.filter(\.isNumber)))
        let result = try await Eot.run(
            [
                "load", "--json", "--cloud", "http://127.0.0.1:\(port)/\(scenario)", "--sessions",
                "\(sessions)", "--seconds", "\(seconds)", "--start-up", "0.5",
                try Repository.fetched(Self.turn),
            ] + options,
            environment: ["LIVEKIT_API_KEY": "devkey", "LIVEKIT_API_SECRET": secret])
        #expect(!result.errors.contains(Self.secret))
        return result
    }

    /// The two lines of one run.
    private func report(_ result: EotResult) throws -> (load: JSONRecord, details: JSONRecord) {
        let records = try JSONRecord.all(result.outputLines)
        try #require(records.map(\.type) == ["load", "details"], "\(result.output) \(result.errors)")
        return (records[0], records[1])
    }

    @Test(arguments: [20, 50])
    func `sessions of real speech ask at their pauses, and every question is answered`(
        frame: Int
    ) async throws {
        let result = try await load("healthy", ["--frame", "\(frame)"], seconds: 6)
        #expect(result.status == 0, "\(result.errors)")
        let (load, details) = try report(result)
        #expect(
            load.keys == [
                "type", "sessions", "seconds", "predictions", "errors", "late", "p50_ms", "p90_ms", "p99_ms",
                "max_ms",
            ])
        #expect(try load.number("sessions") == 4)
        #expect(try load.number("seconds") == 6)
        #expect(try load.number("errors") == 0)
        #expect(try details.number("opened") == 4)
        #expect(try details.number("answers") == load.number("predictions"))
        // In 6 s a session meets the two pauses of 4.5 s of audio once, and those of 1.5 s more: 2 to 4.
        #expect(try (8...16).contains(load.number("predictions")), "\(load.text)")
        let latencies = try ["p50_ms", "p90_ms", "p99_ms", "max_ms"].map { try load.number($0) }
        #expect(latencies == latencies.sorted() && latencies[0] > 0)
    }

    @Test func `audio comes at its own speed, in order and whole`() async throws {
        let peer = try PythonPeer("gateway.py", arguments: ["--key", "devkey", "--secret", Self.secret])
        var lines = peer.lines.makeAsyncIterator()
        let line = try #require(await lines.next())
        let port = try #require(Int(line.filter(\.isNumber)))
        let result = try await Eot.run(
            [
                "load", "--cloud", "http://127.0.0.1:\(port)/healthy", "--sessions", "2", "--seconds", "3",
                "--start-up", "0.2", try Repository.fetched(Self.turn),
            ], environment: ["LIVEKIT_API_KEY": "devkey", "LIVEKIT_API_SECRET": Self.secret])
        #expect(result.status == 0, "\(result.errors)")
        peer.stop()
        var messages: [Int: [String]] = [:]
        var totals: [Int: Int] = [:]
        while let line = await lines.next() {
            let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            guard let connection = record["connection"] as? Int, let message = record["message"] as? String
            else { continue }
            messages[connection, default: []].append(message)
            guard message == "input_audio" else { continue }
            totals[connection] = record["total"] as? Int
            #expect(record["samples"] as? Int == 800)
            #expect(record["bytes"] as? Int == 1_600)
        }
        #expect(messages.count == 2)
        for (connection, names) in messages {
            #expect(names.first == "session_create")
            #expect(names.last == "session_close")
            // 3.2 s less the opening, and what the drain adds: within half a second.
            let seconds = Double(totals[connection] ?? 0) / 16_000
            #expect((2.5...3.7).contains(seconds), "\(seconds)")
        }
    }

    @Test func `saturation asks again at each answer`() async throws {
        let result = try await load("healthy", ["--saturate", "--warm-up", "0"], sessions: 2, seconds: 1)
        #expect(result.status == 0, "\(result.errors)")
        // A gateway that computes nothing answers far more often than there are pauses.
        let (load, details) = try report(result)
        #expect(try load.number("predictions") > 100)
        #expect(try details.number("answers_per_second") > 100)
    }

    @Test(arguments: [("mute", "lost"), ("stale", ""), ("late/1.1", "late")])
    func `what is lost or late is counted`(scenario: String, found: String) async throws {
        let result = try await load(scenario)
        let (load, details) = try report(result)
        #expect(try load.number("predictions") > 0)
        switch found {
        case "lost":
            #expect(result.status == 1)
            #expect(result.errorLines.count == 1 && result.errors.contains("predictions lost"))
            #expect(try details.number("lost") >= load.number("predictions"))
            #expect(try load.number("errors") == details.number("lost"))
            #expect(load.isNull("p99_ms"))
        case "late":
            #expect(try load.number("late") == details.number("answers"))
            #expect(try load.number("late") > 0)
            #expect(try load.number("p50_ms") >= 1_100)
        default:
            #expect(result.status == 0)
            #expect(try load.number("errors") == 0)
        }
    }

    @Test(arguments: [
        ("close/1011/after", "close 1011"), ("close/1006/during", "close 1006"), ("error/429", "error 429"),
        ("junk", "bad message"),
    ])
    func `what fails is counted by its kind, and the status is 1`(
        scenario: String, kind: String
    ) async throws {
        let result = try await load(scenario)
        #expect(result.status == 1, "\(result.errors)")
        let (load, details) = try report(result)
        #expect(details.text.contains("\"\(kind)\":"), "\(details.text)")
        #expect(try load.number("errors") > 0)
    }

    @Test(arguments: [("refuse/503", 69), ("refuse/403", 77), ("healthy", 77)] as [(String, Int32)])
    func `a gateway that lets nobody in is an error`(scenario: String, status: Int32) async throws {
        let result = try await load(scenario, secret: scenario == "healthy" ? "wrong" : Self.secret)
        result.expectFailure(status)
        #expect(result.output.isEmpty)
    }

    @Test func `the search for the most sessions ends at the bound`() async throws {
        let result = try await load(
            "healthy", ["--ramp", "--p99", "500", "--max-sessions", "3"], sessions: 2, seconds: 3.5)
        #expect(result.status == 0, "\(result.errors)")
        let records = try JSONRecord.all(result.outputLines)
        #expect(records.map(\.type) == ["load", "details", "load", "details", "ramp"])
        #expect(try records[0].number("sessions") == 2)
        #expect(try records[2].number("sessions") == 3)
        #expect(try records[4].number("sessions") == 3)
        #expect(try records[4].number("p99_limit_ms") == 500)
    }

    @Test(
        arguments: [
            (["load"], 78), (["load", "--cloud", "ftp://host"], 78),
            (["load", "--cloud", "http://127.0.0.1:1", "--ramp", "--saturate"], 64),
            (["load", "--cloud", "http://127.0.0.1:1", "--frame", "30"], 78),
            (["load", "--cloud", "http://127.0.0.1:1", "--sessions", "0"], 78),
            (["load", "--cloud", "http://127.0.0.1:1", "--seconds", "nan"], 64),
            (["load", "--cloud", "http://127.0.0.1:1", "nonexistent.wav"], 66),
            (["load", "--cloud", "http://127.0.0.1:1", "--seconds", "0.1", "--start-up", "0"], 69),
        ] as [([String], Int32)])
    func `what cannot be is an error`(arguments: [String], status: Int32) async throws {
        let result = try await Eot.run(
            arguments, environment: ["LIVEKIT_API_KEY": "devkey", "LIVEKIT_API_SECRET": Self.secret])
        result.expectFailure(status)
    }
}
