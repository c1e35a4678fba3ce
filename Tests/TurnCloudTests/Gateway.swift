import Foundation
import Logging
import NIOConcurrencyHelpers
import Testing
import TurnCloud
import TurnCore
import TurnTesting

extension Tag {
    /// Opens sockets on loopback.
    @Tag static var sockets: Self
    /// Needs Python 3 and PyPI.
    @Tag static var python: Self
}

/// `gateway.py`: what it recorded, and how to reach it.
final class Gateway: Sendable {
    /// What the gateway saw, in the order it saw it.
    struct Record: Decodable, Sendable {
        var listening: Int?
        var connection: Int?
        var path: String?
        var headers: [String: String]?
        var message: String?
        var request: String?
        var sampleRate: Int?
        var encoding: Int?
        var type: String?
        var samples: Int?
        var bytes: Int?
        var total: Int?
        var createdAt: Double?
        var drainedAt: Double?
        var at: Double?
        var refused: Int?
        var closed: Int?
        var odd: String?
    }

    static let key = "devkey"
    static let secret = "a-very-secret-word"

    let port: Int
    private let peer: PythonPeer
    private let told: NIOLockedValueBox<[Record]>

    /// Starts a gateway; on a port of its own unless told one.
    init(port: Int = 0) async throws {
        peer = try PythonPeer(
            "gateway.py", arguments: ["--port", "\(port)", "--key", Self.key, "--secret", Self.secret])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var lines = peer.lines.makeAsyncIterator()
        let first = try await decoder.decode(Record.self, from: Data(#require(lines.next()).utf8))
        self.port = try #require(first.listening)
        let told = NIOLockedValueBox<[Record]>([])
        self.told = told
        let rest = peer.lines
        Task {
            for await line in rest {
                guard let record = try? decoder.decode(Record.self, from: Data(line.utf8)) else { continue }
                told.withLockedValue { $0.append(record) }
            }
        }
    }

    private static let started = Task { try await Gateway() }

    /// One for all tests that need no other.
    static func shared() async throws -> Gateway { try await started.value }

    /// Kills the gateway, as a crash would.
    func kill() { peer.stop() }

    func baseURL(_ scenario: String) -> String { "http://127.0.0.1:\(port)/\(scenario)" }

    func transport(
        _ scenario: String, secret: String = Gateway.secret, log: LogCollector = LogCollector()
    ) throws -> CloudTransport {
        var options = CloudTransport.Options()
        options.logger = log.logger
        return try CloudTransport(
            baseURL: baseURL(scenario), apiKey: Self.key, apiSecret: secret, options: options)
    }

    /// What was recorded of the connections to a scenario.
    func records(_ scenario: String) -> [Record] {
        let all = told.withLockedValue { $0 }
        let connections = Set(all.filter { $0.path == "/\(scenario)/eot" }.compactMap(\.connection))
        return all.filter { $0.connection.map(connections.contains) ?? false }
    }

    /// Waits until the records of a scenario are as wanted.
    func records(
        _ scenario: String, until isDone: ([Record]) -> Bool
    ) async throws -> [Record] {
        for _ in 0..<1_000 {
            let records = records(scenario)
            if isDone(records) { return records }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the gateway saw only \(records(scenario))")
        return records(scenario)
    }
}

/// Collects what is logged.
final class LogCollector: Sendable {
    private let lines = NIOLockedValueBox<[String]>([])

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self.lines) } }

    var all: [String] { lines.withLockedValue { $0 } }

    private struct Handler: LogHandler {
        let lines: NIOLockedValueBox<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.withLockedValue { $0.append("\(event.level): \(event.message) \(event.metadata ?? [:])") }
        }
    }
}
