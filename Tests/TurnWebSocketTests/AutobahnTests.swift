import CTurnTestSupport
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing
import TurnCore
import TurnTesting
import TurnWebSocket

/// The Autobahn test suite's own cases, run by `kosoku`: its runner for today's Python.
///
/// All sections but 12 and 13, which are about compression: it is not offered, and none is accepted.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(10))) struct AutobahnTests {
    /// How a case went. `passed` also counts what Autobahn calls non-strict (a text that is not UTF-8 is found at its
    /// end) and informational (what RFC 6455 leaves open).
    private struct Case: Decodable {
        let `case`: String
        let passed: Bool
        let behavior: String
        let close: String
        let result: String
        let resultClose: String
    }

    /// Section 9, about large messages and speed, runs out of its time under a sanitizer.
    private static let sections =
        ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"] + (turn_is_sanitized() ? [] : ["9.*"])
    /// How many cases these sections have, so that none is left out unseen.
    private static let count = turn_is_sanitized() ? 247 : 301

    /// Section 9 sends messages of up to 16 MiB.
    private static var configuration: WebSocketConfiguration {
        var configuration = WebSocketConfiguration()
        configuration.maximumFrameByteCount = 1 << 24
        configuration.maximumMessageByteCount = 1 << 24
        configuration.maximumOutboundByteCount = 1 << 26
        return configuration
    }

    private static func expectAllPass(_ lines: [String]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let cases = try lines.map { try decoder.decode(Case.self, from: Data($0.utf8)) }
        #expect(cases.count == count)
        for result in cases { #expect(result.passed, "\(result)") }
    }

    @Test func `our server passes Autobahn's cases`() async throws {
        let server = try await startEchoServer(Self.configuration)
        let port = try #require(server.localAddress?.port)
        let lines = try await PythonPeer.run("autobahn.py", arguments: ["server", "\(port)"] + Self.sections)
        try Self.expectAllPass(lines)
        try await server.close()
    }

    @Test func `our client passes Autobahn's cases`() async throws {
        let peer = try PythonPeer("autobahn.py", arguments: ["client"] + Self.sections)
        var lines = peer.lines.makeAsyncIterator()
        let first = try #require(await lines.next())
        let port = try #require(JSONDecoder().decode([String: Int].self, from: Data(first.utf8))["listening"])
        let client = WebSocketClient(tls: try WebSocketTLS(), configuration: Self.configuration)
        func session(_ path: String) async throws -> [WebSocketMessage] {
            try await Echo.run(client, WebSocketURL("ws://127.0.0.1:\(port)\(path)"))
        }
        for number in 1...Self.count {
            _ = try await session("/runCase?case=\(number)&agent=swift")
        }
        _ = try await session("/updateReports?agent=swift")
        var rest: [String] = []
        while let line = await lines.next() { rest.append(line) }
        try Self.expectAllPass(rest)
    }

    /// A session that sends every message back at once, on the event loop, until the peer closes.
    private final class Echo: Sendable {
        private struct State {
            var connection: WebSocketConnection?
            var messages: [WebSocketMessage] = []
        }

        private let state = NIOLockedValueBox(State())
        private let end = AsyncStream.makeStream(of: Void.self)

        /// All messages that came.
        static func run(_ client: WebSocketClient, _ url: WebSocketURL) async throws -> [WebSocketMessage] {
            let echo = Echo()
            let connection = try await client.connect(
                to: url, headers: [], timeout: .seconds(5), on: MultiThreadedEventLoopGroup.singleton.next()
            ) { echo.receive($0) }
            connection.eventLoop.execute { echo.start(connection) }
            for await _ in echo.end.stream {}
            return echo.state.withLockedValue { $0.messages }
        }

        /// Sends back what came before the connection was known here.
        private func start(_ connection: WebSocketConnection) {
            let early = state.withLockedValue { state in
                state.connection = connection
                return state.messages
            }
            for message in early { connection.send(message) }
        }

        private func receive(_ event: WebSocketEvent) {
            switch event {
            case .message(let message):
                let connection = state.withLockedValue { state in
                    state.messages.append(message)
                    return state.connection
                }
                connection?.send(message)
            case .writable: break
            case .closed: end.continuation.finish()
            }
        }
    }
}
