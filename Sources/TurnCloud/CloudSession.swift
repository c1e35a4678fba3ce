import Logging
import NIOConcurrencyHelpers
import NIOCore
import TurnCore
import TurnWebSocket
import TurnWire

/// One connection of a stream, from the first message to its end.
///
/// What the gateway says is handled on the event loop as it comes; what the stream says is sent by the task of
/// ``run(_:sessionID:)``. The little that both touch is behind a lock that is never held across other work.
final class CloudSession: Sendable {
    private struct State {
        var isWritable = true
        /// The sender, while the peer does not read.
        var writability: CheckedContinuation<Void, Never>?
        /// Set once ``TransportCommand/end`` was carried out: the peer may close.
        var isEnding = false
        var isOver = false
        /// Kinds of oddities that were warned of already.
        var warned: Set<String> = []
    }

    /// How long a gateway may take to close after it was asked to (S-24).
    static let closeTimeout = TimeAmount.seconds(1)
    /// Answers that took longer are warned of.
    static let latencyLimit = Duration.milliseconds(500)

    let eventLoop: any EventLoop
    private let connection: any TransportConnection
    private let logger: Logger
    private let now: @Sendable () -> Duration
    private let state = NIOLockedValueBox(State())
    /// Succeeds when the session ended as it should.
    private let outcome: EventLoopPromise<Void>

    init(
        _ connection: any TransportConnection, on eventLoop: any EventLoop, logger: Logger,
        now: @escaping @Sendable () -> Duration
    ) {
        self.connection = connection
        self.eventLoop = eventLoop
        self.logger = logger
        self.now = now
        outcome = eventLoop.makePromise(of: Void.self)
    }

    deinit { outcome.succeed() }

    /// Serves an open socket until the end.
    ///
    /// - Parameters:
    ///   - socket: its events come to ``receive(_:)``.
    ///   - sessionID: the id in the headers, if there was one.
    /// - Throws: ``TransportError``.
    func run(_ socket: WebSocketConnection, sessionID: String?) async throws {
        defer { socket.abort() }
        try await send(.sessionCreate(SessionSettings(sampleRate: connection.sampleRate)), to: socket)
        connection.connected(sessionID: sessionID)
        try await withThrowingTaskGroup { group in
            group.addTask { try await self.sendCommands(to: socket) }
            try await outcome.futureResult.get()
            // The sender may be waiting for a command that no longer matters.
            group.cancelAll()
        }
    }

    // MARK: - Sending

    private func sendCommands(to socket: WebSocketConnection) async throws {
        while let command = await connection.nextCommand() {
            await waitUntilWritable()
            switch command {
            case .audio(let samples):
                try await send(.inputAudio(InputAudio(samples: samples, createdAt: now())), to: socket)
            case .predict(let requestID): try await send(.inferenceStart(requestID: requestID), to: socket)
            case .flush: try await send(.sessionFlush, to: socket)
            case .end:
                state.withLockedValue { $0.isEnding = true }
                try await send(.sessionClose, to: socket)
                eventLoop.scheduleTask(in: Self.closeTimeout) { [weak self] in
                    socket.close(.normal)
                    self?.outcome.succeed()
                }
                return
            }
        }
        // Given up by the stream.
        socket.abort()
    }

    /// Returns once the event loop has taken the message, so that nothing piles up before a loop that is behind. Whether
    /// the peer still reads is known by then, too.
    private func send(_ body: ClientMessage.Body, to socket: WebSocketConnection) async throws {
        let message = ClientMessage(body, createdAt: now())
        let payload = ByteBuffer(bytes: try message.encoded())
        try await eventLoop.submit { socket.send(.binary(payload)) }.get()
    }

    private func waitUntilWritable() async {
        await withCheckedContinuation { continuation in
            let mayGoOn = state.withLockedValue { state in
                guard !state.isWritable, !state.isOver else { return true }
                state.writability = continuation
                return false
            }
            if mayGoOn { continuation.resume() }
        }
    }

    // MARK: - Receiving, on the event loop

    func receive(_ event: WebSocketEvent) {
        // What one read brought beside the message that ended the session no longer counts.
        if case .message = event, state.withLockedValue({ $0.isOver }) { return }
        switch event {
        case .writable(let isWritable): setWritable(isWritable)
        case .message(.text): warnOnce("text", "the gateway sent a text frame, which is ignored")
        case .message(.binary(let payload)):
            do {
                try receive(ServerMessage(decoding: [UInt8](payload.readableBytesView)))
            } catch let error as TransportError {
                end(.failure(error))
            } catch {
                end(.failure(.api("the gateway sent bytes that are no message", retryable: false)))
            }
        case .closed(let closure):
            let isEnding = state.withLockedValue { $0.isEnding }
            end(isEnding ? .success(()) : .failure(TransportError(closure)))
        }
    }

    private func receive(_ message: ServerMessage) throws {
        switch message.body {
        case .sessionCreated(let defaults):
            checkLatency(of: message)
            try connection.adopt(ServerThresholds(defaults))
        case .inferenceStarted, .inferenceStopped, .sessionClosed: checkLatency(of: message)
        case .prediction(let prediction):
            guard prediction.probability.isFinite else {
                throw TransportError.api(
                    "the gateway answered with a probability that is no number", retryable: false)
            }
            connection.answer(answer(prediction, requestID: message.requestID ?? ""))
        case .error(let failure): throw TransportError(failure, requestID: message.requestID)
        case .interruptionPrediction:
            warnOnce("interruption", "the gateway sent an interruption prediction, which is ignored")
        case nil: warnOnce("unknown", "the gateway sent a message of an unknown kind, which is ignored")
        }
    }

    private func answer(_ prediction: RemotePrediction, requestID: String) -> TransportAnswer {
        TransportAnswer(
            requestID: requestID, probability: prediction.probability,
            backchannelProbability: prediction.backchannelProbability,
            detectionDelay: prediction.stats?.latestClientCreatedAt.map { now() - $0 },
            inferenceDuration: prediction.stats?.serverLatency, totalDuration: prediction.stats?.clientLatency
        )
    }

    /// Warns when the answer to one of our messages took long.
    private func checkLatency(of message: ServerMessage) {
        guard let sent = message.clientCreatedAt, sent > .zero else { return }
        let latency = now() - sent
        guard latency > Self.latencyLimit else { return }
        let milliseconds = Int(latency / .milliseconds(1))
        warnOnce("latency", "the gateway answers slowly: \(milliseconds) ms; check the way to it")
    }

    private func warnOnce(_ kind: String, _ text: @autoclosure () -> String) {
        if state.withLockedValue({ $0.warned.insert(kind).inserted }) { logger.warning("\(text())") }
    }

    private func setWritable(_ isWritable: Bool) {
        let waiting = state.withLockedValue { state in
            state.isWritable = isWritable
            guard isWritable else { return nil as CheckedContinuation<Void, Never>? }
            defer { state.writability = nil }
            return state.writability
        }
        waiting?.resume()
    }

    private func end(_ result: Result<Void, TransportError>) {
        let waiting = state.withLockedValue { state in
            state.isOver = true
            defer { state.writability = nil }
            return state.writability
        }
        waiting?.resume()
        outcome.completeWith(result.mapError { $0 as any Error })
    }
}

extension ServerThresholds {
    /// Languages are in alphabetical order: maps have none on the wire.
    init(_ defaults: SessionDefaults) {
        func pairs(_ map: [String: Float]) -> [(language: String, value: Float)] {
            map.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        self.init(
            thresholds: pairs(defaults.thresholds), defaultThreshold: defaults.defaultThreshold,
            backchannelThresholds: pairs(defaults.backchannelThresholds),
            defaultBackchannelThreshold: defaults.defaultBackchannelThreshold)
    }
}
