import NIOCore
import TurnCore
import TurnWebSocket
import TurnWire

/// One session: a connection that plays a recording in real time and asks at its pauses. Lives on its event loop.
final class LoadSession {
    private enum State {
        /// Connecting, then waiting for `session_created`.
        case opening
        case open
        /// Asked the gateway to close.
        case closing
        case over
    }

    /// Which place of the run this session takes.
    let index: Int
    private let worker: LoadWorker
    private let frames: [AudioMessages.Frame]
    private var position: Int
    /// When it makes place for another; nil for never.
    private let endsAt: NIODeadline?
    private var state = State.opening
    private var connection: WebSocketConnection?
    private var ledger = PredictionLedger()
    private var questionCount = 0
    /// Whether it has lived its time and waits for nothing.
    private(set) var isMakingPlace = false

    init(
        index: Int, worker: LoadWorker, frames: [AudioMessages.Frame], firstFrame: Int, endsAt: NIODeadline?
    ) {
        self.index = index
        self.worker = worker
        self.frames = frames
        self.endsAt = endsAt
        position = firstFrame
    }

    var isOver: Bool { state == .over }
    var isWaiting: Bool { ledger.isWaiting }

    func open() {
        let (loop, target) = (worker.eventLoop, worker.target)
        let headers: [(name: String, value: String)]
        do {
            headers = try target.headers()
        } catch {
            return end("token")
        }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let promise = loop.makePromise(of: WebSocketConnection.self)
        promise.completeWithTask {
            try await target.client.connect(
                to: target.url, headers: headers, timeout: .seconds(10), on: loop,
                onEvent: { bound.value.receive($0) })
        }
        promise.futureResult.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let connection):
                guard state == .opening else { return connection.abort() }
                self.connection = connection
                send(.sessionCreate(SessionSettings()))
            case .failure(let error): end(Self.kind(of: error))
            }
        }
    }

    /// Sends the next frame, and what is due behind it.
    func tick(now: NIODeadline, stamp: WireStamp) {
        guard state == .open, let connection else { return }
        let frame = frames[position]
        position = (position + 1) % frames.count
        connection.send(.binary(frame.message(at: stamp)))
        if ledger.expire(patience: worker.options.patience, now: now) { worker.report.lost() }
        switch worker.options.mode {
        case .realTime: if frame.endsPause { ask(now: now) }
        case .saturate: if !ledger.isWaiting { ask(now: now) }
        }
        isMakingPlace = endsAt.map { $0 <= now } ?? false && !ledger.isWaiting
    }

    /// Asks the gateway to close the session.
    func close() {
        if ledger.abandon() { worker.report.lost() }
        switch state {
        case .opening:
            state = .over
            connection?.abort()
        case .open:
            state = .closing
            send(.sessionClose)
        case .closing, .over: break
        }
    }

    /// Ends the session without asking.
    func abort() {
        state = .over
        connection?.abort()
    }

    private func ask(now: NIODeadline) {
        guard worker.isAsking(now) else { return }
        questionCount += 1
        let id = "turn_request_\(questionCount)"
        let isCounted = worker.isCounting(now)
        if ledger.ask(id, isCounted: isCounted, now: now) { worker.report.lost() }
        if isCounted { worker.report.asked() }
        send(.inferenceStart(requestID: id))
    }

    private func send(_ body: ClientMessage.Body) {
        let message = ClientMessage(body, createdAt: worker.target.now())
        // Only audio of 2 GB cannot be encoded.
        guard let bytes = try? message.encoded() else { return }
        connection?.send(.binary(ByteBuffer(bytes: bytes)))
    }

    // MARK: - Receiving

    private func receive(_ event: WebSocketEvent) {
        switch event {
        case .writable: break
        case .message(.text): worker.report.failed("text message")
        case .message(.binary(let payload)):
            guard let message = try? ServerMessage(decoding: Array(payload.readableBytesView)) else {
                return worker.report.failed("bad message")
            }
            receive(message)
        case .closed(let closure):
            if state == .closing { state = .over } else { end("close \(closure.code.rawValue)") }
            worker.ended(self)
        }
    }

    private func receive(_ message: ServerMessage) {
        switch message.body {
        case .sessionCreated:
            guard state == .opening else { break }
            state = .open
            worker.report.opened()
        case .prediction:
            let now = NIODeadline.now()
            guard let answer = ledger.answer(message.requestID, now: now) else { break }
            if answer.isCounted {
                worker.report.answered(after: answer.latency, limit: worker.options.answerLimit)
            }
            if worker.options.mode == .saturate, state == .open { ask(now: now) }
        case .error(let failure): worker.report.failed("error \(failure.code)")
        default: break
        }
    }

    /// Notes why the session is over.
    private func end(_ kind: String) {
        guard state != .over else { return }
        state = .over
        if ledger.abandon() { worker.report.lost() }
        worker.report.failed(kind)
    }

    private static func kind(of error: any Error) -> String {
        guard let error = error as? WebSocketConnectError else { return "connection" }
        return switch error.kind {
        case .refused(let status, _): "http \(status)"
        case .timeout: "timeout"
        case .tls: "tls"
        default: "connection"
        }
    }
}

@available(*, unavailable)
extension LoadSession: Sendable {}
