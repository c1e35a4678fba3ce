import Logging
import NIOCore
import NIOPosix
import TurnCore
import TurnWebSocket
import TurnWire

/// Predictions by a gateway that speaks LiveKit's end-of-turn protocol over a WebSocket.
///
/// Hand it to a `TurnDetector`: one value serves all its streams, whose connections share one event-loop group.
/// Everything but the connection itself is the stream's: queue, retries, fallback, time-out of predictions. While the
/// peer does not read as fast as audio comes, the transport takes nothing from the stream's bounded queue.
///
/// Source: LiveKit Agents 1.8.9, with true retryability (S-03), nothing sent on cancel (S-06) and a close that waits a
/// second at most (S-24).
///
/// It prints without its credentials.
public struct CloudTransport: TurnDetectionTransport, CustomStringConvertible {
    /// How a transport reaches the gateway. Everything has a default.
    public struct Options: Sendable {
        /// Whom to trust; nil for the system's certificate authorities.
        public var tls: WebSocketTLS?
        /// Which connections go through an HTTP proxy. Default none; see ``ProxySettings/init(environment:)``.
        public var proxies = ProxySettings.none
        /// What a hosting platform tells about the job; nil outside one.
        public var job: ConnectionHeaders.Job?
        /// Where connections live; SwiftNIO's shared group by default.
        public var eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
        /// Limits and times of the WebSocket sessions.
        public var webSocket = WebSocketConfiguration()
        /// Where warnings go. No token and no secret is ever in them.
        public var logger = Logger(label: "turn-cloud")
        /// The wall clock, since the Unix epoch; stamps messages and tokens, and reads the dates of `Retry-After`.
        public var now: @Sendable () -> Duration = WallClock.now

        /// All defaults.
        public init() {}
    }

    private let url: WebSocketURL
    private let apiKey: String
    private let apiSecret: String
    private let options: Options
    private let client: WebSocketClient

    /// - Parameters:
    ///   - baseURL: such as `https://agent-gateway.livekit.cloud/v1`; `/eot` is appended.
    ///   - apiKey: names the account.
    ///   - apiSecret: signs a fresh token for every connection.
    ///   - options: how to get there.
    /// - Throws: ``TurnError`` `.invalidArgument` when the URL cannot be used or a credential is empty, `.inputOutput`
    ///   when the certificate authorities cannot be loaded.
    public init(
        baseURL: String, apiKey: String, apiSecret: String, options: Options = Options()
    ) throws(TurnError) {
        guard !apiKey.isEmpty, !apiSecret.isEmpty else {
            throw TurnError(
                .invalidArgument, "the gateway needs an API key and an API secret; give both")
        }
        url = try WebSocketURL(GatewayEndpoint.webSocketURL(base: baseURL))
        self.apiKey = apiKey
        self.apiSecret = apiSecret
        self.options = options
        let tls: WebSocketTLS
        if let trusted = options.tls { tls = trusted } else { tls = try WebSocketTLS() }
        client = WebSocketClient(
            tls: tls, proxies: options.proxies, configuration: options.webSocket, now: options.now)
    }

    public var description: String { "CloudTransport(\(url.hostHeader))" }

    public func run(_ connection: any TransportConnection) async throws {
        var generator = SystemRandomNumberGenerator()
        let now = options.now
        let token = try AccessToken.mint(apiKey: apiKey, apiSecret: apiSecret, now: now())
        let headers = try ConnectionHeaders(accessToken: token, job: options.job, using: &generator)
        let session = CloudSession(
            connection, on: options.eventLoopGroup.next(), logger: options.logger, now: now)
        let socket: WebSocketConnection
        do {
            socket = try await client.connect(
                to: url, headers: headers.fields, timeout: TimeAmount(connection.options.timeout),
                on: session.eventLoop, onEvent: { session.receive($0) })
        } catch let error as WebSocketConnectError {
            throw TransportError(error)
        }
        try await withTaskCancellationHandler {
            try await session.run(socket, sessionID: headers.sessionID)
        } onCancel: {
            socket.abort()
        }
    }
}
