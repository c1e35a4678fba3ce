import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Testing
import TurnTesting
import TurnWebSocket

extension Tag {
    /// Opens sockets on loopback.
    @Tag static var sockets: Self
    /// Needs Python 3 and PyPI.
    @Tag static var python: Self
}

/// `websocket_server.py`, started once for all tests.
struct PythonServer: Sendable {
    let peer: PythonPeer
    /// Trusts the server's certificates.
    let tls: WebSocketTLS
    let ports: [String: Int]

    private struct Listening: Decodable {
        let authority: String
        let ports: [String: Int]
    }

    private static let started = Task {
        let peer = try PythonPeer("websocket_server.py")
        var lines = peer.lines.makeAsyncIterator()
        let line = try #require(await lines.next())
        let listening = try JSONDecoder().decode(Listening.self, from: Data(line.utf8))
        defer { try? FileManager.default.removeItem(atPath: listening.authority) }
        return PythonServer(
            peer: peer, tls: try WebSocketTLS(certificateAuthorities: listening.authority),
            ports: listening.ports)
    }

    static func shared() async throws -> PythonServer { try await started.value }

    func url(_ path: String, port: String = "plain", host: String = "127.0.0.1", secure: Bool = false) throws
        -> WebSocketURL
    {
        try WebSocketURL("\(secure ? "wss" : "ws")://\(host):\(#require(ports[port]))\(path)")
    }

    func proxy(_ name: String, credentials: String = "") throws -> HTTPProxy {
        try HTTPProxy("http://\(credentials)127.0.0.1:\(#require(ports[name]))")
    }

    /// A connection, and what it is told.
    func connect(
        _ url: WebSocketURL, trusting: Bool = true, proxies: ProxySettings = .none,
        timeout: TimeAmount = .seconds(5),
        headers: [(name: String, value: String)] = [], now: Duration = .zero
    ) async throws -> OpenConnection {
        let (events, continuation) = AsyncStream.makeStream(of: WebSocketEvent.self)
        let tls = try trusting ? tls : WebSocketTLS()
        let connection = try await WebSocketClient(tls: tls, proxies: proxies, now: { now })
            .connect(
                to: url, headers: headers, timeout: timeout, on: MultiThreadedEventLoopGroup.singleton.next()
            ) { continuation.yield($0) }
        return OpenConnection(connection: connection, events: events)
    }

    /// The error of a connection that must not open.
    func failure(
        _ url: WebSocketURL, trusting: Bool = true, proxies: ProxySettings = .none,
        timeout: TimeAmount = .seconds(5), now: Duration = .zero
    ) async throws -> WebSocketConnectError.Kind? {
        do {
            _ = try await connect(url, trusting: trusting, proxies: proxies, timeout: timeout, now: now)
            return nil
        } catch let error as WebSocketConnectError {
            return error.kind
        }
    }
}

struct OpenConnection: Sendable {
    let connection: WebSocketConnection
    let events: AsyncStream<WebSocketEvent>

    /// The next `count` messages, fewer when the session ends.
    func messages(_ count: Int) async -> [WebSocketMessage] {
        var messages: [WebSocketMessage] = []
        for await event in events {
            if case .message(let message) = event { messages.append(message) }
            if case .closed = event { break }
            if messages.count == count { break }
        }
        return messages
    }

    func closure() async -> WebSocketClosure? {
        for await event in events {
            if case .closed(let closure) = event { return closure }
        }
        return nil
    }
}

/// A server of ours on NIO's upgrader; echoes.
func startEchoServer(
    _ configuration: WebSocketConfiguration = WebSocketConfiguration()
) async throws -> any Channel {
    try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
            let upgrader = NIOWebSocketServerUpgrader(
                maxFrameSize: configuration.maximumFrameByteCount, automaticErrorHandling: false,
                shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
                upgradePipelineHandler: { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        let echo = NIOLockedValueBox<WebSocketConnection?>(nil)
                        let connection = try WebSocketConnection.attach(
                            to: channel, role: .server, configuration: configuration, addsFrameCodec: false
                        ) { event in
                            guard case .message(let message) = event else { return }
                            echo.withLockedValue { $0 }?.send(message)
                        }
                        echo.withLockedValue { $0 = connection }
                    }
                })
            return channel.pipeline.configureHTTPServerPipeline(
                withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
        }
        .bind(host: "127.0.0.1", port: 0).get()
}
