import Foundation
import NIOConcurrencyHelpers
import Testing
import TurnCloud
import TurnCore
import TurnDetection
import TurnTesting

/// A whole detector, with a local model behind the service, against a gateway that misbehaves: whatever happens, each
/// prediction is answered, and the log tells once what happened, without a secret.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(5))) struct DetectorOverGatewayTests {
    /// Always sure that the turn ended; distinct from the gateway's answer.
    private struct Local: TurnModel {
        static let probability: Float = 0.625
        let name = "local"
        let windowSampleCount = 128_000

        func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
            ModelPrediction(probability: Self.probability)
        }
    }

    private let log = LogCollector()

    private func detector(
        _ baseURL: String, secret: String = Gateway.secret, policy: FallbackPolicy = .sticky,
        fallback: Bool = true,
        retries: Int = 1
    ) throws -> TurnDetector {
        var options = TurnDetectorOptions()
        options.version = .v1
        options.baseURL = baseURL
        options.apiKey = Gateway.key
        options.apiSecret = secret
        options.environment = [:]
        options.localFallback = fallback
        options.fallbackPolicy = policy
        options.connectionOptions = try ConnectionOptions(
            maxRetry: retries, retryInterval: .milliseconds(200), timeout: .seconds(2))
        options.logger = log.logger
        let logger = log.logger
        return try TurnDetector(
            localModel: LocalModel(Local()),
            cloud: { endpoint throws(TurnError) in
                var options = CloudTransport.Options()
                options.logger = logger
                return try CloudTransport(
                    baseURL: endpoint.baseURL, apiKey: endpoint.apiKey, apiSecret: endpoint.apiSecret,
                    options: options)
            },
            options: options)
    }

    private func push(_ seconds: Double, to stream: TurnDetectorStream) throws {
        for _ in 0..<Int(seconds * 50) {
            stream.push(try AudioFrame(.int16([Int16](repeating: 9, count: 320)), format: .mono16kHz))
        }
    }

    /// Asks as an application does: with the time-out of predictions.
    private func ask(_ stream: TurnDetectorStream) async throws -> EndOfTurnPrediction {
        try push(0.2, to: stream)
        let handle = stream.predict()
        let timer = Task {
            try await Task.sleep(for: stream.predictionTimeout)
            stream.cancelInference(timedOut: true)
        }
        defer { timer.cancel() }
        return await handle.value
    }

    private func connected(_ stream: TurnDetectorStream, _ count: Int = 1) async throws {
        for _ in 0..<500 where stream.statistics.connectCount < count {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(stream.statistics.connectCount >= count)
    }

    private func expectCleanLog() {
        #expect(!log.all.contains { $0.contains(Gateway.secret) || $0.contains("eyJ") })
    }

    @Test func `a healthy session answers from the service, with its thresholds`() async throws {
        let gateway = try await Gateway.shared()
        let detector = try detector(gateway.baseURL("healthy/detector"))
        let stream = try detector.stream()
        try await connected(stream)
        for _ in 0..<3 {
            let prediction = try await ask(stream)
            #expect(prediction.source == .cloud)
            #expect(prediction.outcome == .predicted)
            #expect(prediction.probability == Float(0.9))
            stream.flush()
        }
        #expect(detector.threshold(for: "en") == 0.56)
        #expect(detector.threshold(for: "de") == 0.5)
        await stream.close()
        let records = try await gateway.records("healthy/detector") { $0.contains { $0.closed != nil } }
        #expect(records.compactMap(\.message).last == "session_close")
        #expect(records.last?.closed == 1000)
        // Everything that was pushed before a question had arrived when it came.
        #expect(records.filter { $0.request != nil }.map(\.total) == [3_200, 6_400, 9_600])
        #expect(!log.all.contains { $0.hasPrefix("warning") })
        expectCleanLog()
    }

    /// Every way in which a service can be lost: afterwards the local model answers, for good.
    @Test(arguments: [
        "refuse/401", "refuse/429", "refuse/503", "silent", "close/1000/before", "close/1001/before",
        "close/1006/before", "close/1011/before", "close/1000/during", "close/1001/during",
        "close/1006/during",
        "close/1011/during", "close/1000/after", "close/1001/after", "close/1006/after", "close/1011/after",
        "junk",
        "error/500", "error/401", "degenerate/empty", "degenerate/zero", "mute", "nan", "stop-reading",
        "gone",
    ])
    func `every prediction is answered, and the log tells once of the fallback`(scenario: String) async throws
    {
        let gateway = try await Gateway.shared()
        let base = scenario == "gone" ? "http://127.0.0.1:1/v1" : gateway.baseURL("\(scenario)/detector")
        let detector = try detector(base)
        let stream = try detector.stream()
        var outcomes: [PredictionOutcome] = []
        let start = ContinuousClock.now
        while outcomes.count < 4 || !stream.isFallback, ContinuousClock.now - start < .seconds(20) {
            let prediction = try await ask(stream)
            outcomes.append(prediction.outcome)
            if prediction.outcome == .predicted, prediction.source == .local {
                #expect(prediction.probability == Local.probability)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(stream.isFallback)
        #expect(stream.model == "turn-detector-v1-mini")
        // Only a time-out costs a prediction, and only once (S-03).
        let lost = outcomes.filter { $0 != .predicted }
        #expect(lost == [] || lost == [.timedOut])
        #expect(try await ask(stream).source == .local)
        #expect(log.all.filter { $0.contains("falling back") }.count == 1, "\(log.all)")
        expectCleanLog()
        await stream.close()
    }

    @Test(arguments: ["text", "stale", "interruption", "slow/0.3", "slow-handshake/0.5"])
    func `what is merely odd loses nothing and the service stays`(scenario: String) async throws {
        let gateway = try await Gateway.shared()
        let stream = try detector(gateway.baseURL("\(scenario)/detector")).stream()
        for _ in 0..<5 {
            let prediction = try await ask(stream)
            #expect(prediction.outcome == .predicted)
            #expect(prediction.probability == (prediction.source == .cloud ? Float(0.9) : Local.probability))
        }
        try await connected(stream)
        #expect(try await ask(stream).source == .cloud)
        #expect(!stream.isFallback)
        expectCleanLog()
        await stream.close()
    }

    @Test func `S-03 a connection that drops comes back without a lost prediction`() async throws {
        let gateway = try await Gateway.shared()
        let stream = try detector(gateway.baseURL("drop-first/1/detector")).stream()
        try await connected(stream, 2)
        #expect(try await ask(stream).source == .cloud)
        #expect(!stream.isFallback)
        await stream.close()
    }

    @Test func `S-03 a 503 is tried again`() async throws {
        let gateway = try await Gateway.shared()
        let stream = try detector(gateway.baseURL("refuse-first/503/1/detector")).stream()
        try await connected(stream)
        #expect(try await ask(stream).source == .cloud)
        await stream.close()
    }

    @Test func `S-04 without fallback a prediction waits for the connection`() async throws {
        let gateway = try await Gateway.shared()
        let stream = try detector(gateway.baseURL("slow-handshake/0.4/detector"), fallback: false).stream()
        let prediction = try await ask(stream)
        #expect(prediction.outcome == .predicted)
        #expect(prediction.source == .cloud)
        await stream.close()
    }

    @Test func `with recovery a gateway that comes back is used again`() async throws {
        let first = try await Gateway()
        let port = first.port
        let detector = try detector(first.baseURL("healthy"), policy: .recover(after: .seconds(1)))
        let stream = try detector.stream()
        try await connected(stream)
        #expect(try await ask(stream).source == .cloud)
        first.kill()
        for _ in 0..<300 where !stream.isFallback { try await Task.sleep(for: .milliseconds(20)) }
        #expect(stream.isFallback)
        let fallen = try await ask(stream)
        #expect(fallen.source == .local)
        #expect(fallen.outcome == .predicted)
        let second = try await Gateway(port: port)
        // It switches back between turns: at a flush.
        for _ in 0..<100 where stream.isFallback {
            try await Task.sleep(for: .milliseconds(50))
            stream.flush()
        }
        #expect(!stream.isFallback)
        #expect(try await ask(stream).source == .cloud)
        #expect(detector.threshold(for: "en") == 0.56)
        await stream.close()
        second.kill()
        expectCleanLog()
    }
}
