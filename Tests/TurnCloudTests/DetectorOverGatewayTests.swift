import Foundation
import NIOConcurrencyHelpers
import Testing
import TurnCloud
import TurnCore
import TurnDetection
import TurnTesting

/// A whole detector, with a local model behind the service, against a gateway that misbehaves: whatever happens, each
/// prediction is answered, and the log tells once what happened, without a secret.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(10))) struct DetectorOverGatewayTests {
    /// Always sure that the turn ended; distinct from the gateway's answer.
    private struct Local: TurnModel {
        static let probability: Float = 0.625
        let name = "local"
        let windowSampleCount = 128_000

        func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
            ModelPrediction(probability: Self.probability)
        }
    }

    private let log = CapturedLog()
    private let watch = ServiceWatch()

    private func detector(
        _ baseURL: String, secret: String = Gateway.secret, policy: FallbackPolicy = .sticky,
        fallback: Bool = true,
        retries: Int = 1, timeout: Duration = .seconds(30)
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
            maxRetry: retries, retryInterval: .milliseconds(200), timeout: timeout)
        options.logger = log.logger
        let logger = log.logger
        let watch = watch
        return try TurnDetector(
            localModel: LocalModel(Local()),
            cloud: { endpoint throws(TurnError) in
                var options = CloudTransport.Options()
                options.logger = logger
                return watch.transport(
                    try CloudTransport(
                        baseURL: endpoint.baseURL, apiKey: endpoint.apiKey, apiSecret: endpoint.apiSecret,
                        options: options))
            },
            options: options)
    }

    private func stream(_ detector: TurnDetector) throws -> TurnDetectorStream {
        try detector.stream(onChange: { [watch] change in watch.state.update { $0.changes.append(change) } })
    }

    private func push(_ seconds: Double, to stream: TurnDetectorStream) throws {
        for _ in 0..<Int(seconds * 50) {
            stream.push(try AudioFrame(.int16([Int16](repeating: 9, count: 320)), format: .mono16kHz))
        }
    }

    /// Asks as an application does: with a time-out. Where none is to run out it is a long one, so that an answer that
    /// gets lost shows, and one that a busy machine holds up does no harm.
    private func ask(
        _ stream: TurnDetectorStream, within timeout: Duration = .seconds(60)
    ) async throws -> EndOfTurnPrediction {
        try push(0.2, to: stream)
        let handle = stream.predict()
        let timer = Task {
            try await Task.sleep(for: timeout)
            stream.cancelInference(timedOut: true)
        }
        defer { timer.cancel() }
        return await handle.value
    }

    private func connected(_ count: Int = 1) async {
        await watch.state.first { $0.connectCount >= count }
    }

    private func expectCleanLog() {
        #expect(!log.all.contains { $0.contains(Gateway.secret) || $0.contains("eyJ") })
    }

    @Test func `a healthy session answers from the service, with its thresholds`() async throws {
        let gateway = try await Gateway.shared()
        let detector = try detector(gateway.baseURL("healthy/detector"))
        let stream = try stream(detector)
        await connected()
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
        let records = await gateway.records("healthy/detector") { $0.contains { $0.closed != nil } }
        #expect(records.compactMap(\.message).last == "session_close")
        #expect(records.last?.closed == 1000)
        // Everything that was pushed before a question had arrived when it came.
        #expect(records.filter { $0.request != nil }.map(\.total) == [3_200, 6_400, 9_600])
        #expect(!log.all.contains { $0.hasPrefix("warning") })
        expectCleanLog()
    }

    /// Every way in which a service can be lost, and what the log says of it: afterwards the local model answers, for
    /// good.
    @Test(arguments: [
        ("refuse/401", "Unauthorized (401)"), ("refuse/429", "Too Many Requests (429)"),
        ("refuse/503", "Service Unavailable (503)"), ("silent", "did not open in time"),
        ("close/1000/before", "code 1000: scripted"), ("close/1001/before", "code 1001: scripted"),
        ("close/1006/before", "code 1006"), ("close/1011/before", "code 1011: scripted"),
        ("close/1000/during", "code 1000: scripted"), ("close/1001/during", "code 1001: scripted"),
        ("close/1006/during", "code 1006"), ("close/1011/during", "code 1011: scripted"),
        ("close/1000/after", "code 1000: scripted"), ("close/1001/after", "code 1001: scripted"),
        ("close/1006/after", "code 1006"), ("close/1011/after", "code 1011: scripted"),
        ("junk", "bytes that are no message"), ("error/500", "an error: scripted (500)"),
        ("error/401", "an error: scripted (401)"), ("degenerate/empty", "thresholds"),
        ("degenerate/zero", "thresholds"), ("mute", "no answer came in time"),
        ("nan", "a probability that is no number"), ("stop-reading", "no answer came in time"),
        ("gone", "Connection refused"),
    ])
    func `every prediction is answered, and the log tells once of the fallback`(
        scenario: String, reason: String
    ) async throws {
        let gateway = try await Gateway.shared()
        let base = scenario == "gone" ? "http://127.0.0.1:1/v1" : gateway.baseURL("\(scenario)/detector")
        let stream = try stream(detector(base, timeout: .seconds(scenario == "silent" ? 2 : 30)))
        let timeout = reason.hasPrefix("no answer") ? stream.predictionTimeout : .seconds(60)
        var predictions: [EndOfTurnPrediction] = []
        var isLost = false
        while !isLost {
            let count = watch.state.value.connectCount
            predictions.append(try await ask(stream, within: timeout))
            // Each question leads to the loss of the connection, now or with the next attempt.
            isLost = await watch.state.first { $0.connectCount > count || $0.hasFallenBack }.hasFallenBack
            try Task.checkCancellation()
        }
        #expect(stream.isFallback)
        #expect(stream.model == "turn-detector-v1-mini")
        for _ in 0..<3 {
            let prediction = try await ask(stream)
            #expect(prediction.source == .local)
            predictions.append(prediction)
        }
        for prediction in predictions where prediction.outcome == .predicted {
            #expect(
                prediction.probability == (prediction.source == .local ? Local.probability : Float(0.9)))
        }
        // Only a time-out costs a prediction, and only once (S-03).
        let lost = predictions.map(\.outcome).filter { $0 != .predicted }
        #expect(lost == (reason.hasPrefix("no answer") ? [.timedOut] : []))
        let told = log.all.filter { $0.contains("falling back") }
        #expect(told.count == 1, "\(log.all)")
        #expect(told.first?.contains(reason) == true, "\(told)")
        expectCleanLog()
        await stream.close()
    }

    @Test(arguments: ["text", "stale", "interruption", "slow/0.3", "slow-handshake/0.5"])
    func `what is merely odd loses nothing and the service stays`(scenario: String) async throws {
        let gateway = try await Gateway.shared()
        let stream = try stream(detector(gateway.baseURL("\(scenario)/detector")))
        for _ in 0..<5 {
            let prediction = try await ask(stream)
            #expect(prediction.outcome == .predicted)
            #expect(prediction.probability == (prediction.source == .cloud ? Float(0.9) : Local.probability))
        }
        await connected()
        #expect(try await ask(stream).source == .cloud)
        #expect(!stream.isFallback)
        expectCleanLog()
        await stream.close()
    }

    @Test func `S-03 a connection that drops comes back without a lost prediction`() async throws {
        let gateway = try await Gateway.shared()
        let stream = try stream(detector(gateway.baseURL("drop-first/1/detector")))
        await connected(2)
        #expect(try await ask(stream).source == .cloud)
        #expect(!stream.isFallback)
        await stream.close()
    }

    @Test func `S-03 a 503 is tried again`() async throws {
        let gateway = try await Gateway.shared()
        let stream = try stream(detector(gateway.baseURL("refuse-first/503/1/detector")))
        await connected()
        #expect(try await ask(stream).source == .cloud)
        await stream.close()
    }

    @Test func `S-04 without fallback a prediction waits for the connection`() async throws {
        let gateway = try await Gateway.shared()
        let stream = try stream(detector(gateway.baseURL("slow-handshake/0.4/detector"), fallback: false))
        let prediction = try await ask(stream)
        #expect(prediction.outcome == .predicted)
        #expect(prediction.source == .cloud)
        await stream.close()
    }

    @Test func `with recovery a gateway that comes back is used again`() async throws {
        let first = try await Gateway()
        let port = first.port
        let detector = try detector(first.baseURL("healthy"), policy: .recover(after: .seconds(1)))
        let stream = try stream(detector)
        await connected()
        #expect(try await ask(stream).source == .cloud)
        first.kill()
        await watch.state.first { $0.hasFallenBack }
        #expect(stream.isFallback)
        let fallen = try await ask(stream)
        #expect(fallen.source == .local)
        #expect(fallen.outcome == .predicted)
        let second = try await Gateway(port: port)
        await connected(2)
        // It switches back between turns: at a flush.
        #expect(try await ask(stream).source == .local)
        stream.flush()
        #expect(watch.state.value.changes.last == .recovered)
        #expect(!stream.isFallback)
        #expect(try await ask(stream).source == .cloud)
        #expect(detector.threshold(for: "en") == 0.56)
        await stream.close()
        second.kill()
        expectCleanLog()
    }
}
