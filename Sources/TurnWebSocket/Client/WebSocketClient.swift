import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TurnCore

/// Opens WebSocket connections. One value serves any number of them, from any thread.
public struct WebSocketClient: Sendable {
    private let tls: WebSocketTLS
    private let proxies: ProxySettings
    private let configuration: WebSocketConfiguration
    private let now: @Sendable () -> Duration

    /// - Parameters:
    ///   - tls: whom to trust.
    ///   - proxies: which connections go through a proxy.
    ///   - configuration: limits and times of the sessions.
    ///   - now: the time since the Unix epoch; what a `Retry-After` with a date is compared with.
    public init(
        tls: WebSocketTLS, proxies: ProxySettings = .none,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        now: @escaping @Sendable () -> Duration = { .seconds(Date().timeIntervalSince1970) }
    ) {
        self.tls = tls
        self.proxies = proxies
        self.configuration = configuration
        self.now = now
    }

    /// Connects: name lookup, TCP, proxy, TLS and the opening handshake.
    ///
    /// - Parameters:
    ///   - url: where to.
    ///   - headers: sent with the handshake, except names that are the handshake's own.
    ///   - timeout: for all of it.
    ///   - eventLoop: a SwiftNIO POSIX loop, where the connection will live.
    ///   - onEvent: told everything about an opened connection, see
    ///     ``WebSocketConnection/attach(to:role:configuration:addsFrameCodec:onEvent:)``. May be called before this
    ///     function returns.
    /// - Returns: the open connection.
    /// - Throws: ``WebSocketConnectError``, or `CancellationError` when the task is cancelled, which gives up at once.
    public func connect(
        to url: WebSocketURL, headers: [(name: String, value: String)], timeout: TimeAmount,
        on eventLoop: any EventLoop, onEvent: @escaping @Sendable (WebSocketEvent) -> Void
    ) async throws -> WebSocketConnection {
        let attempt = ConnectAttempt(
            url: url, headers: headers, tls: tls, proxy: proxies.proxy(for: url),
            configuration: configuration, now: now,
            promise: eventLoop.makePromise(of: WebSocketConnection.self), onEvent: onEvent)
        return try await withTaskCancellationHandler {
            try await attempt.run(timeout: timeout, on: eventLoop).get()
        } onCancel: {
            attempt.promise.fail(CancellationError())
        }
    }
}

/// One attempt to connect.
private struct ConnectAttempt: Sendable {
    let url: WebSocketURL
    let headers: [(name: String, value: String)]
    let tls: WebSocketTLS
    let proxy: HTTPProxy?
    let configuration: WebSocketConfiguration
    let now: @Sendable () -> Duration
    let promise: EventLoopPromise<WebSocketConnection>
    let onEvent: @Sendable (WebSocketEvent) -> Void

    func run(timeout: TimeAmount, on eventLoop: any EventLoop) -> EventLoopFuture<WebSocketConnection> {
        let timer = eventLoop.scheduleTask(in: timeout) {
            promise.fail(WebSocketConnectError(.timeout, "the connection did not open in time"))
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        if url.isSecure, isAddress, proxy != nil {
            promise.fail(
                WebSocketConnectError(
                    .tls,
                    "the certificate of an address cannot be checked through a proxy; give the server's name, or "
                        + "add the address to NO_PROXY"))
            return promise.futureResult
        }

        let channel = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 16_384, high: 65_536)
            )
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4_096))
            .channelInitializer { channel in
                // Whoever gave up meanwhile takes the connection along.
                promise.futureResult.whenFailure { _ in channel.close(promise: nil) }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .connect(host: proxy?.host ?? url.host, port: proxy?.port ?? url.port)
        channel.whenFailure { error in
            let isLate = if case ChannelError.connectTimeout = error { true } else { false }
            promise.fail(
                isLate
                    ? WebSocketConnectError(.timeout, "the connection did not open in time")
                    : WebSocketConnectError(.network, "the connection failed", cause: error))
        }
        channel.whenSuccess { channel in
            do {
                try begin(on: channel)
            } catch {
                fail(error)
                channel.close(promise: nil)
            }
        }
        return promise.futureResult
    }

    /// An address is no server name (RFC 6066): NIOSSL then checks the certificate for the address that the connection
    /// goes to, which would be the proxy's if there is one.
    private var isAddress: Bool { (try? SocketAddress(ipAddress: url.host, port: url.port)) != nil }

    private func begin(on channel: any Channel) throws {
        guard let proxy else {
            try secure(channel)
            return
        }
        let codecs = try addHTTPCodecs(to: channel)
        try channel.pipeline.syncOperations.addHandler(
            ProxyConnectHandler(
                target: url.authority, proxy: proxy, codecs: codecs, onFailure: { promise.fail($0) },
                onTunnel: { try secure(channel) }))
    }

    private func secure(_ channel: any Channel) throws {
        if url.isSecure {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(
                NIOSSLClientHandler(context: tls.context, serverHostname: isAddress ? nil : url.host))
            try pipeline.addHandler(TLSFailureHandler { promise.fail($0) }, name: Self.tlsFailureName)
        }
        let codecs = try addHTTPCodecs(to: channel)
        var generator = SystemRandomNumberGenerator()
        let nonce = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try channel.pipeline.syncOperations.addHandler(
            ClientHandshakeHandler(
                handshake: ClientHandshake(url: url, headers: headers, nonce: nonce, now: now),
                codecs: codecs,
                onFailure: { promise.fail($0) }, onUpgrade: { try upgrade(channel) }))
    }

    private func upgrade(_ channel: any Channel) throws {
        if url.isSecure {
            channel.pipeline.syncOperations.removeHandler(name: Self.tlsFailureName, promise: nil)
        }
        promise.succeed(
            try WebSocketConnection.attach(
                to: channel, role: .client, configuration: configuration, onEvent: onEvent))
    }

    private func addHTTPCodecs(to channel: any Channel) throws -> [any RemovableChannelHandler] {
        let encoder = HTTPRequestEncoder()
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = Self.maximumHeaderByteCount
        limits.maxHeaderListSize = Self.maximumHeaderByteCount
        let decoder = ByteToMessageHandler(
            HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
        try channel.pipeline.syncOperations.addHandlers([encoder, decoder])
        return [encoder, decoder]
    }

    private func fail(_ error: any Error) {
        promise.fail(
            error as? WebSocketConnectError
                ?? WebSocketConnectError(.network, "the connection failed", cause: error))
    }

    /// All headers of an answer together; more is no handshake.
    private static let maximumHeaderByteCount = 32 * 1024
    private static let tlsFailureName = "TLSFailureHandler"
}

/// Turns errors of the TLS handshake into the connect error they are.
private final class TLSFailureHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let onFailure: (WebSocketConnectError) -> Void

    init(onFailure: @escaping (WebSocketConnectError) -> Void) {
        self.onFailure = onFailure
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if Self.isEndOfConnection(error) {
            onFailure(
                WebSocketConnectError(
                    .network, "the connection ended before the server answered", cause: error))
        } else if error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError {
            onFailure(
                WebSocketConnectError(
                    .tls, "TLS failed, or the server's certificate is not trusted for its name", cause: error)
            )
        }
        context.fireErrorCaught(error)
    }

    /// A server that went away, in the TLS handshake or after it, says nothing about its certificate.
    private static func isEndOfConnection(_ error: any Error) -> Bool {
        guard let error = error as? NIOSSLError else { return false }
        return error == .uncleanShutdown || error == .handshakeFailed(.sslError([.eofDuringHandshake]))
    }
}

@available(*, unavailable)
extension TLSFailureHandler: Sendable {}
