import Foundation
import NIOCore
import NIOPosix
import Testing
import TurnCloud
import TurnCore
import TurnTesting
import TurnWebSocket

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
        var authority: String?
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
    /// Trusts its certificate; nil without TLS.
    private let tls: WebSocketTLS?
    private let peer: PythonPeer
    private let told = Recorder<[Record]>([])

    /// Starts a gateway; on a port of its own unless told one.
    init(port: Int = 0, tls: Bool = false) async throws {
        peer = try PythonPeer(
            "gateway.py",
            arguments: ["--port", "\(port)", "--key", Self.key, "--secret", Self.secret]
                + (tls ? ["--tls"] : []))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var lines = peer.lines.makeAsyncIterator()
        let first = try await decoder.decode(Record.self, from: Data(#require(lines.next()).utf8))
        self.port = try #require(first.listening)
        self.tls = try first.authority.map { file throws(TurnError) in
            defer { try? FileManager.default.removeItem(atPath: file) }
            return try WebSocketTLS(certificateAuthorities: file)
        }
        let rest = peer.lines
        Task { [told] in
            for await line in rest {
                guard let record = try? decoder.decode(Record.self, from: Data(line.utf8)) else { continue }
                told.update { $0.append(record) }
            }
        }
    }

    private static let started = Task { try await Gateway() }
    private static let startedWithTLS = Task { try await Gateway(tls: true) }

    /// One for all tests that need no other.
    static func shared(tls: Bool = false) async throws -> Gateway {
        try await (tls ? startedWithTLS : started).value
    }

    /// Kills the gateway, as a crash would.
    func kill() { peer.stop() }

    func baseURL(_ scenario: String) -> String {
        tls == nil
            ? "http://127.0.0.1:\(port)/\(scenario)" : "https://localhost:\(port)/\(scenario)"
    }

    func transport(
        _ scenario: String, secret: String = Gateway.secret, log: CapturedLog = CapturedLog(),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws -> CloudTransport {
        var options = CloudTransport.Options()
        options.eventLoopGroup = group
        options.logger = log.logger
        options.tls = tls
        return try CloudTransport(
            baseURL: baseURL(scenario), apiKey: Self.key, apiSecret: secret, options: options)
    }

    /// What was recorded of the connections to a scenario, once it is as wanted.
    func records(
        _ scenario: String, until isDone: @escaping @Sendable ([Record]) -> Bool
    ) async -> [Record] {
        let path = "/\(scenario)/eot"
        let all = await told.first { isDone(Self.records($0, of: path)) }
        return Self.records(all, of: path)
    }

    private static func records(_ all: [Record], of path: String) -> [Record] {
        let connections = Set(all.filter { $0.path == path }.compactMap(\.connection))
        return all.filter { $0.connection.map(connections.contains) ?? false }
    }
}
