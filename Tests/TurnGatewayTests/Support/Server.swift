import CTurnTestSupport
import Foundation
import NIOConcurrencyHelpers
import Testing
import TurnCore
import TurnGateway
import TurnInference
import TurnTesting
import TurnWire

extension Tag {
    /// Opens sockets on loopback.
    @Tag static var sockets: Self
}

/// A gateway on a real socket, in this process.
final class Server: Sendable {
    let gateway: Gateway
    let port: Int
    let log: CapturedLog

    private init(_ gateway: Gateway, _ port: Int, _ log: CapturedLog) {
        self.gateway = gateway
        self.port = port
        self.log = log
    }

    static func start(
        model: any TurnModel = ProbeModel(), access: GatewayAccess? = nil,
        _ configure: (inout GatewayOptions) -> Void = { _ in }
    ) async throws -> Server {
        var options = GatewayOptions()
        options.port = 0
        options.workers = 2
        options.drain = .seconds(3)
        // The model only says how long it takes.
        options.maximumLoad = 1_000
        if turn_is_sanitized() {
            options.maximumQueueWait = .seconds(60)
            options.limits.questionTimeout = .seconds(60)
        }
        configure(&options)
        let log = CapturedLog()
        let gateway = try Gateway(
            model: model, access: access ?? .keys(GatewayKeys([Bench.key: Bench.secret])), options: options,
            logger: log.logger)
        let address = try await gateway.start()
        return Server(gateway, address.port, log)
    }

    func stop() async { await gateway.shutDown() }

    func connect(reads: Bool = true) async throws -> RawClient {
        try await .connect(port: port, reads: reads)
    }

    /// A session that was created.
    func session(reads: Bool = true) async throws -> RawClient {
        var client = try await connect()
        var answer = try await client.upgrade(token: Self.token())
        // Workers that get no time for a second are overload, too.
        for _ in 0..<100 where turn_is_sanitized() && answer.status == 503 {
            try await Task.sleep(for: .milliseconds(100))
            client = try await connect()
            answer = try await client.upgrade(token: Self.token())
        }
        guard answer.status == 101 else { throw Unexpected("HTTP \(answer.status): \(answer.text)") }
        try client.send(.sessionCreate(SessionSettings()))
        guard case .message(let message) = try await client.message(), case .sessionCreated = message.body
        else {
            throw Unexpected("no session_created")
        }
        return client
    }

    static func token(now: Duration = WallClock.now()) throws -> String { try Bench.token(now: now) }

    func metric(_ line: String) -> Double? { Metrics.value(line, in: gateway.metricsText) }

    /// Waits until a metric has a value.
    func metric(_ line: String, becomes value: Double) async throws {
        for _ in 0..<(turn_is_sanitized() ? 10_000 : 2_000) {
            if metric(line) == value { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Unexpected("\(line) is \(String(describing: metric(line))), not \(value)")
    }
}

/// Sessions that behave while others do not: each asks for a prediction again and again, over real audio pieces.
struct Bystanders {
    /// What became of all questions.
    struct Result: Sendable {
        var latencies: [Duration] = []
        var lost = 0

        func percentile(_ share: Double) -> Duration {
            let sorted = latencies.sorted()
            return sorted.isEmpty ? .zero : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }
    }

    private let task: Task<Result, any Error>
    private let isOver = NIOLockedValueBox(false)

    /// Starts them.
    init(_ count: Int, on server: Server) {
        let isOver = isOver
        task = Task {
            try await withThrowingTaskGroup(of: Result.self) { group in
                for index in 0..<count {
                    group.addTask { try await Self.talk(server, index) { isOver.withLockedValue { $0 } } }
                }
                var all = Result()
                for try await result in group {
                    all.latencies += result.latencies
                    all.lost += result.lost
                }
                return all
            }
        }
    }

    /// Lets them finish their questions.
    func stop() async throws -> Result {
        isOver.withLockedValue { $0 = true }
        return try await task.value
    }

    private static func talk(_ server: Server, _ index: Int, until isOver: () -> Bool) async throws -> Result
    {
        let client = try await server.session()
        var result = Result()
        var number = 0
        while !isOver() {
            for _ in 0..<10 {
                try client.send(
                    .inputAudio(InputAudio(samples: [Int16](repeating: Int16(100 + index), count: 800))))
                try await Task.sleep(for: .milliseconds(20))
            }
            number += 1
            let start = ContinuousClock.now
            try client.send(.inferenceStart(requestID: "\(index)-\(number)"))
            var isAnswered = false
            while !isAnswered {
                guard case .message(let message) = try await client.message() else {
                    result.lost += 1
                    return result
                }
                if case .prediction = message.body { isAnswered = message.requestID == "\(index)-\(number)" }
            }
            result.latencies.append(ContinuousClock.now - start)
        }
        try client.send(.sessionClose)
        return result
    }
}
