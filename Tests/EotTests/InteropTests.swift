import Foundation
import Testing
import TurnTesting

/// The official clients, unmodified, against `eot serve`: livekit-agents 1.8.9 and pipecat-ai 1.14.0.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(10))) struct InteropTests {
    /// As float32 on the wire, and features of samples that went through 16 bits.
    private static let tolerance = 0.002

    private func clients(_ mode: String, _ gateway: GatewayProcess, _ arguments: [String] = []) async throws
        -> [[String: Any]]
    {
        let lines = try await PythonPeer.run(
            "clients.py",
            arguments: [mode, gateway.url, GatewayProcess.key, GatewayProcess.secret] + arguments,
            in: .interop)
        return try lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    /// What `eot predict` says for each moment of the sample.
    private func expected(_ moments: [String]) async throws -> [Double] {
        let arguments = ["predict", "--json"] + moments.flatMap { ["--at", $0] }
        return try await Eot.run(arguments + [Repository.sample()]).records("prediction").map {
            try $0.number("probability")
        }
    }

    @Test func `livekit-agents asks at any moment and gets what eot predict says`() async throws {
        // The way of eot-bench: audio up to a moment, a question, its answer, more audio. Every half second and at
        // moments that end within a frame.
        let moments = (1...59).map { String(Double($0) / 2) } + ["29.6371", "29.7"]
        let gateway = try await GatewayProcess(["--preset", "patient"])
        let records = try await clients("livekit", gateway, [Repository.sample()] + moments)

        let adopted = try #require(records.first { $0["kind"] as? String == "adopted" })
        for language in ["en", "de", "pt-BR", "xx"] {
            // The preset's threshold, rounded to four places by the client.
            #expect(adopted[language] as? Double == 0.09, "\(language)")
        }
        let predictions = records.filter { $0["kind"] as? String == "prediction" }
        #expect(predictions.map { $0["at"] as? Double } == moments.map { Double($0) })
        let reference = try await expected(moments)
        for (prediction, probability) in zip(predictions, reference) {
            let found = try #require(prediction["probability"] as? Double)
            #expect(abs(found - probability) <= Self.tolerance, "\(prediction) \(probability)")
        }
        // The speech varies, so the answers do.
        #expect(reference.min()! < 0.2 && reference.max()! > 0.8)

        let metrics = records.filter { $0["kind"] as? String == "metrics" }
        #expect(metrics.count == moments.count)
        for metric in metrics {
            #expect(metric["requests"] as? Int == 1)
            #expect(metric["model"] as? String == "turn-detector-v1")
            // The server's time, the time since the last audio on both clocks: above zero, below the client's time-out.
            for name in ["prediction_duration", "total_duration", "delay"] {
                let value = try #require(metric[name] as? Double)
                #expect(value >= 0 && value < 1, "\(name) \(value)")
            }
            #expect(try #require(metric["prediction_duration"] as? Double) > 0)
        }
        let end = try #require(records.first { $0["kind"] as? String == "end" })
        #expect(end["model"] as? String == "turn-detector-v1")
        #expect(end["is_fallback"] as? Bool == false)
        #expect(end["is_degraded"] as? Bool == false)
    }

    @Test func `livekit-agents with a wrong secret is refused`() async throws {
        let gateway = try await GatewayProcess()
        let lines = try await PythonPeer.run(
            "clients.py", arguments: ["refused", gateway.url, GatewayProcess.key, "wrong"], in: .interop)
        let line = try #require(lines.last)
        let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(record?["ended"] as? Bool == true)
        #expect(record?["threshold"] is NSNull)
        // What the client answers by itself when there is nobody to ask.
        #expect(record?["probability"] as? Double == 1)
    }

    @Test func `pipecat-ai posts audio and gets what eot predict says`() async throws {
        // Less than the model's window, and more; whole frames of 20 ms.
        let moments = ["0.5", "3.24", "8", "17.5", "29.9"]
        let gateway = try await GatewayProcess()
        let records = try await clients("pipecat", gateway, [Repository.sample()] + moments)
        let answers = records.filter { $0["kind"] as? String == "answer" }
        let pipelines = records.filter { $0["kind"] as? String == "pipeline" }
        #expect(answers.count == moments.count && pipelines.count == moments.count, "\(records)")
        for (index, probability) in try await expected(moments).enumerated() {
            let answer = answers[index]
            let found = try #require(answer["probability"] as? Double)
            #expect(abs(found - probability) <= Self.tolerance, "\(answer) \(probability)")
            // The threshold of the gateway's preset, balanced.
            #expect(answer["prediction"] as? Int == (found >= 0.21 ? 1 : 0))
            let metrics = try #require(answer["metrics"] as? [String: Double])
            let inference = try #require(metrics["inference_time"])
            let total = try #require(metrics["total_time"])
            #expect(inference > 0 && inference <= total && total < 5)
            // The whole analyzer, its way to the event loop mended.
            let pipeline = pipelines[index]
            let heard = try #require(pipeline["probability"] as? Double)
            #expect(abs(heard - probability) <= Self.tolerance, "\(pipeline) \(probability)")
            #expect(pipeline["state"] as? String == (heard >= 0.21 ? "COMPLETE" : "INCOMPLETE"))
        }
    }

    @Test func `pipecat-ai with a wrong secret is refused`() async throws {
        let gateway = try await GatewayProcess()
        let lines = try await PythonPeer.run(
            "clients.py",
            arguments: ["pipecat", gateway.url, GatewayProcess.key, "wrong", Repository.sample(), "1"],
            in: .interop)
        #expect(lines.count == 1)
        #expect(lines.first?.contains("\"refused\"") == true, "\(lines)")
    }
}
