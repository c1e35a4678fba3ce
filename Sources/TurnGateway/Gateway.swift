import Dispatch
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOPosix
public import ServiceLifecycle
public import TurnCore

/// A server of LiveKit's end-of-turn protocol: clients stream audio and ask whether the turn has ended.
///
/// One model answers all sessions; nothing is kept between them, and no audio is written anywhere. Use it once:
/// ``start()`` and then ``shutDown()``, or ``run()`` within a `ServiceGroup`.
public final class Gateway: Service {
    /// Where a gateway listens.
    public struct Address: Sendable, Hashable {
        public let host: String
        public let port: Int
    }

    private struct Running {
        let group: MultiThreadedEventLoopGroup
        let listener: any Channel
    }

    let core: GatewayCore
    private let connections: ConnectionCount
    private let onListening: @Sendable (Address) -> Void
    private let running = NIOLockedValueBox<Running?>(nil)
    /// Threads that have not ended.
    private let workers = DispatchGroup()

    /// - Parameters:
    ///   - model: answers; shared by all workers.
    ///   - access: who may use the gateway.
    ///   - options: how it works.
    ///   - version: what the metrics call this build.
    ///   - kernels: what the metrics say computes.
    ///   - logger: is told one event a line: sessions with their id and key, never a token, a secret or audio.
    ///   - clock: the time.
    ///   - onListening: is told where the gateway listens, once it accepts connections.
    /// - Throws: ``TurnError`` `.invalidArgument` for options out of range, or open access elsewhere than on loopback.
    public init(
        model: any TurnModel, access: GatewayAccess, options: GatewayOptions = GatewayOptions(),
        version: String = "0.1.0", kernels: String = "", logger: Logger, clock: GatewayClock = .system,
        onListening: @escaping @Sendable (Address) -> Void = { _ in }
    ) throws(TurnError) {
        try options.validate()
        if case .open = access, !Self.isLoopback(options.host) {
            throw TurnError(
                .invalidArgument,
                "open access is for loopback only, not for \(options.host); give keys, or listen at 127.0.0.1"
            )
        }
        core = GatewayCore(
            model: model, access: access, options: options, version: version, kernels: kernels,
            logger: logger, clock: clock)
        connections = ConnectionCount(limit: options.limits.maximumConnections, metrics: core.metrics)
        self.onListening = onListening
    }

    /// The metrics in Prometheus' text format, as `/metrics` tells them.
    public var metricsText: String { core.metricsText }

    /// Starts the workers and begins to accept connections.
    ///
    /// - Returns: where.
    /// - Throws: ``TurnError`` `.inputOutput` when the address cannot be listened at.
    @discardableResult
    public func start() async throws(TurnError) -> Address {
        let options = core.options
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.eventLoops)
        let listener: any Channel
        do {
            listener = try await bootstrap(group).bind(host: options.host, port: options.port).get()
        } catch {
            try? await group.shutdownGracefully()
            throw TurnError(
                .inputOutput,
                "cannot listen at \(options.host):\(options.port) (\(error)); choose another host or port",
                cause: error)
        }
        running.withLockedValue { $0 = Running(group: group, listener: listener) }
        for _ in 0..<options.workers {
            workers.enter()
            WorkerThread.start { [queue = core.queue, workers] in
                queue.work()
                workers.leave()
            }
        }
        let address = Address(host: options.host, port: listener.localAddress?.port ?? options.port)
        core.logger.info("listening", metadata: ["host": "\(address.host)", "port": "\(address.port)"])
        onListening(address)
        return address
    }

    /// Serves a connection that somebody else accepted. To be called on its event loop.
    ///
    /// - Parameter channel: bytes in and out, with nothing behind what its pipeline holds; active or about to be.
    /// - Throws: what the pipeline throws.
    public func serve(_ channel: any Channel) throws { try channel.addRequestHandlers(core) }

    /// Answers the question that waits longest on the caller's thread: for programs that bring their own threads and
    /// set ``GatewayOptions/workers`` to 0.
    ///
    /// - Returns: false when none waits.
    @discardableResult
    public func answerNext() -> Bool { core.queue.performNext() }

    /// Lets no more sessions in, and asks those that are open to end: what is in flight is answered first.
    public func drain() { core.table.drain() }

    /// Stops accepting, lets sessions end, and returns when they have, or when ``GatewayOptions/drain`` is over and what
    /// was being computed is done.
    public func shutDown() async {
        core.logger.info("shutting down", metadata: ["sessions": "\(core.table.count)"])
        let running = running.withLockedValue { $0 }
        try? await running?.listener.close()
        // One that outlives the gateway's own: sessions that are cut off end while those do.
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let done = eventLoop.makePromise(of: Bool.self)
        core.table.drain()
        core.table.whenEmpty { done.succeed(true) }
        let timer = eventLoop.scheduleTask(in: TimeAmount(core.options.drain)) { done.succeed(false) }
        let isClean = try? await done.futureResult.get()
        timer.cancel()
        if isClean ?? false {
            core.logger.info("shut down")
        } else {
            core.logger.warning(
                "sessions had to be cut off", metadata: ["sessions": "\(core.table.count)"])
        }
        core.queue.stop()
        // One that still computes tells its answer to an event loop.
        await withCheckedContinuation { ended in workers.notify(queue: .global()) { ended.resume() } }
        try? await running?.group.shutdownGracefully()
    }

    /// Serves until a graceful shutdown is asked for, or the task is cancelled; then shuts down.
    public func run() async throws {
        try await start()
        try? await gracefulShutdown()
        await shutDown()
    }

    private func bootstrap(_ group: MultiThreadedEventLoopGroup) -> ServerBootstrap {
        let core = core
        let connections = connections
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                // When the system has no more descriptors it waits, instead of trying again at once.
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 16_384, high: 65_536)
            )
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4_096))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.enter(channel) else { throw ChannelError.operationUnsupported }
                    try channel.addRequestHandlers(core)
                }
            }
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" { return true }
        guard let address = try? SocketAddress(ipAddress: host, port: 0) else { return false }
        switch address {
        case .v4: return host.hasPrefix("127.")
        case .v6: return address.ipAddress == "::1"
        case .unixDomainSocket: return false
        }
    }
}
