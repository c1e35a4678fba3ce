import CoreMetrics
import Logging
import NIOCore
import TurnCore
import TurnWebSocket
import TurnWire

/// One client's session from the upgrade to its end. Not Sendable: it lives on its connection's event loop.
final class GatewaySession {
    private enum State {
        /// The first message is due.
        case new
        case open
        /// What is in flight is answered; then the session is closed with the code.
        case closing(WebSocketCloseCode)
        case over
    }

    /// Names of questions are echoed; longer ones are refused.
    private static let longestRequestID = 256

    let id: String
    private let core: GatewayCore
    private let keyID: String
    private let eventLoop: any EventLoop
    private let began: NIODeadline
    /// When `session_create` came.
    private var created: NIODeadline?
    private let logger: Logger
    private let window: SessionWindow
    /// Nil before the session is open.
    private var input: SessionAudio?
    private let place = PredictionQueue.Place()

    private var connection: WebSocketConnection?
    private var state = State.new
    private var messages: TokenBucket
    private var audio: TokenBucket
    private var lastMessage: NIODeadline
    private var timer: Scheduled<Void>?
    /// The last question, unless it was answered or taken back: it waits, or is being computed.
    private var waiting: Question?
    private var questionCount = 0
    /// Questions that are waiting or being computed.
    private var inFlightCount = 0
    private var answeredCount = 0
    /// Questions that reached a worker.
    private var computedCount = 0
    private var audioDuration = 0.0

    init(core: GatewayCore, id: String, keyID: String, eventLoop: any EventLoop) {
        self.core = core
        self.id = id
        self.keyID = keyID
        self.eventLoop = eventLoop
        began = eventLoop.now
        lastMessage = began
        let limits = core.options.limits
        messages = TokenBucket(
            rate: Double(limits.messagesPerSecond), capacity: Double(limits.messagesPerSecond), now: began)
        audio = TokenBucket(rate: limits.audioSpeed, capacity: limits.audioBurst, now: began)
        window = SessionWindow(windowSampleCount: core.model.windowSampleCount)
        var logger = core.logger
        logger[metadataKey: "session"] = "\(id)"
        logger[metadataKey: "key"] = "\(keyID)"
        self.logger = logger
    }

    /// Starts the session on an open connection.
    func start(on connection: WebSocketConnection) {
        guard case .new = state else { return }
        self.connection = connection
        core.metrics.sessions.increment()
        core.metrics.sessionsOpened.increment()
        logger.info("session opened")
        schedule(in: TimeAmount(core.options.limits.firstMessageTimeout))
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let eventLoop = eventLoop
        let mustEnd = core.table.register(self) { eventLoop.execute { bound.value.drain() } }
        if mustEnd { drain() }
    }

    /// What the connection tells, on the event loop.
    func receive(_ event: WebSocketEvent) {
        switch event {
        case .message(let message): receive(message)
        case .writable: break
        case .closed(let closure): end(closure)
        }
    }

    /// The gateway shuts down: answers what is in flight, then ends.
    func drain() {
        switch state {
        case .new: finish(.goingAway, "the gateway shuts down")
        case .open: beginClosing(.goingAway)
        case .closing, .over: break
        }
    }

    // MARK: - Messages

    private func receive(_ message: WebSocketMessage) {
        switch state {
        case .closing, .over: return
        case .new, .open: break
        }
        let now = eventLoop.now
        lastMessage = now
        core.metrics.messages.increment()
        guard messages.take(1, now: now) else {
            core.metrics.hit(.messageRate)
            return fail(
                429,
                "more than \(core.options.limits.messagesPerSecond) messages a second; send larger pieces",
                .policyViolation)
        }
        guard case .binary(let payload) = message else {
            return fail(400, "a text frame is no message; send binary frames", .unsupportedData)
        }
        let decoded: ClientMessage
        do throws(TurnError) {
            decoded = try ClientMessage(decoding: [UInt8](payload.readableBytesView))
        } catch {
            return fail(400, "the bytes are no message of the end-of-turn protocol", .invalidPayload)
        }
        receive(decoded, now: now)
    }

    private func receive(_ message: ClientMessage, now: NIODeadline) {
        guard case .open = state else { return open(message) }
        switch message.body {
        case .sessionCreate: report(409, "the session was created before", answering: message)
        case .inputAudio(let audio): receive(audio, message, now: now)
        case .inferenceStart(let requestID): startInference(requestID, message, now: now)
        case .inferenceStop(let requestID): stopInference(requestID, message)
        case .sessionFlush: input?.flush()
        case .sessionClose: beginClosing(.normal)
        case .bufferStart, .bufferStop, .chatContext, nil: break
        }
    }

    /// The first message.
    private func open(_ message: ClientMessage) {
        guard case .sessionCreate(let announced) = message.body else {
            return fail(400, "the first message is no session_create", .policyViolation, answering: message)
        }
        let settings = announced ?? SessionSettings(sampleRate: 0)
        guard settings.encoding == .pcmS16LE else {
            return fail(
                415, "the encoding is not supported; send signed 16-bit samples", .policyViolation,
                answering: message)
        }
        guard settings.detection != .interruption else {
            return fail(
                501, "interruptions are another service; ask for the end of turns", .policyViolation,
                answering: message)
        }
        do throws(TurnError) {
            input = try SessionAudio(sampleRate: settings.sampleRate, window: window)
        } catch {
            return fail(400, error.message, .policyViolation, answering: message)
        }
        state = .open
        let now = eventLoop.now
        created = now
        core.monitor.note { $0.sessionOpened(now: now) }
        timer?.cancel()
        schedule(in: TimeAmount(core.options.limits.idleTimeout))
        send(.sessionCreated(core.defaults), answering: message)
    }

    private func receive(_ piece: InputAudio, _ message: ClientMessage, now: NIODeadline) {
        let channelCount: Int
        do {
            channelCount = try SessionAudio.channelCount(
                byteCount: piece.audio.count, sampleCount: piece.sampleCount)
        } catch {
            return report(
                400,
                "\(piece.audio.count) bytes are not 2 x \(piece.sampleCount) samples x 1 to 8 channels; correct num_samples",
                answering: message)
        }
        let duration = Double(piece.sampleCount) / Double(input?.sampleRate ?? 1)
        guard audio.take(duration, now: now) else {
            core.metrics.hit(.audioRate)
            return fail(
                429,
                "audio comes at more than \(core.options.limits.audioSpeed) times its own speed; send it more slowly",
                .policyViolation)
        }
        audioDuration += duration
        core.metrics.audioSeconds.increment(by: duration)
        piece.audio.withUnsafeBytes {
            input?.append($0, channelCount: channelCount, createdAt: piece.createdAt)
        }
    }

    // MARK: - Predictions

    private func startInference(_ requestID: String, _ message: ClientMessage, now: NIODeadline) {
        guard !requestID.isEmpty, requestID.utf8.count <= Self.longestRequestID else {
            return report(
                400,
                "a request's id is empty, or longer than \(Self.longestRequestID) bytes; give a short one",
                answering: message)
        }
        send(.inferenceStarted, requestID: requestID, answering: message)
        let view = window.pin()
        questionCount += 1
        let question = Question(
            number: questionCount, requestID: requestID, arrival: now, clientCreatedAt: message.createdAt,
            view: view)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let job = PredictionQueue.Job(arrival: now) { [window] target in
            window.take(view, into: target)
        } finish: { [eventLoop, core] outcome in
            core.note(outcome)
            eventLoop.execute { bound.value.answer(question, outcome) }
        }
        if core.queue.submit(job, at: place) {
            if let waiting { window.release(waiting.view) }
            core.metrics.predicted(.superseded)
        } else {
            inFlightCount += 1
        }
        waiting = question
    }

    private func stopInference(_ requestID: String, _ message: ClientMessage) {
        if waiting?.requestID == requestID, withdraw() { core.metrics.predicted(.stopped) }
        send(.inferenceStopped, requestID: requestID, answering: message)
    }

    /// Takes back the question that waits; false when none does.
    private func withdraw() -> Bool {
        guard let waiting, core.queue.withdraw(place) else { return false }
        window.release(waiting.view)
        self.waiting = nil
        inFlightCount -= 1
        return true
    }

    private func answer(_ question: Question, _ outcome: PredictionQueue.Outcome) {
        inFlightCount -= 1
        if waiting?.number == question.number { waiting = nil }
        if case .over = state {
            core.metrics.predicted(.abandoned)
            return
        }
        computedCount += 1
        core.monitor.note { $0.asked() }
        switch outcome {
        case .predicted(let prediction, _):
            answeredCount += 1
            core.metrics.predicted(.answered)
            let latency = eventLoop.now - question.arrival
            core.metrics.serverLatency.recordNanoseconds(latency.nanoseconds)
            let stats = question.stats(prediction, latency: Duration(latency), now: core.clock.wall())
            send(
                .prediction(RemotePrediction(probability: prediction.probability, stats: stats)),
                requestID: question.requestID, clientCreatedAt: question.clientCreatedAt)
        case .late(let wait):
            window.release(question.view)
            core.metrics.predicted(.late)
            logger.debug("question dropped", metadata: ["waited_ms": "\(wait.nanoseconds / 1_000_000)"])
        case .failed(let error):
            core.metrics.predicted(.failed)
            logger.error("prediction failed", metadata: ["error": "\(error.message)"])
            report(
                500, "the prediction failed", requestID: question.requestID,
                clientCreatedAt: question.clientCreatedAt)
        }
        closeIfDone()
    }

    // MARK: - Sending

    private func send(_ body: ServerMessage.Body, requestID: String? = nil, answering message: ClientMessage)
    {
        send(body, requestID: requestID, clientCreatedAt: message.createdAt)
    }

    private func send(
        _ body: ServerMessage.Body, requestID: String? = nil, clientCreatedAt: Duration? = nil
    ) {
        let message = ServerMessage(
            body, requestID: requestID, createdAt: core.clock.wall(), clientCreatedAt: clientCreatedAt)
        // Only audio of over 2 GB cannot be encoded, and we send none.
        guard let bytes = try? message.encoded() else { return }
        connection?.send(.binary(ByteBuffer(bytes: bytes)))
    }

    /// Tells the client of a mistake; the session goes on.
    private func report(_ code: Int, _ text: String, answering message: ClientMessage) {
        report(code, text, clientCreatedAt: message.createdAt)
    }

    private func report(
        _ code: Int, _ text: String, requestID: String? = nil, clientCreatedAt: Duration? = nil
    ) {
        core.metrics.failed(code)
        logger.debug("error sent", metadata: ["code": "\(code)", "error": "\(text)"])
        send(
            .error(ServerFailure(code: code, message: text)), requestID: requestID,
            clientCreatedAt: clientCreatedAt)
    }

    /// Tells the client of a mistake that ends the session.
    private func fail(
        _ code: Int, _ text: String, _ closeCode: WebSocketCloseCode, answering message: ClientMessage? = nil
    ) {
        report(code, text, clientCreatedAt: message?.createdAt)
        finish(closeCode, text)
    }

    // MARK: - The end

    private func beginClosing(_ code: WebSocketCloseCode) {
        state = .closing(code)
        closeIfDone()
    }

    private func closeIfDone() {
        guard case .closing(let code) = state, inFlightCount == 0 else { return }
        send(.sessionClosed)
        finish(code, code == .goingAway ? "the gateway shuts down" : "")
    }

    private func finish(_ code: WebSocketCloseCode, _ reason: String) {
        state = .over
        connection?.close(code, reason: reason)
    }

    private func end(_ closure: WebSocketClosure) {
        state = .over
        timer?.cancel()
        timer = nil
        if withdraw() { core.metrics.predicted(.abandoned) }
        noteLimit(closure)
        core.table.leave(self, key: keyID)
        // A connection that ended before the session began.
        guard connection != nil else { return }
        connection = nil
        let lasted = eventLoop.now - began
        if let created {
            core.monitor.note { $0.sessionClosed(opened: created, questionCount: computedCount) }
        }
        core.metrics.sessions.decrement()
        core.metrics.closed(closure.code.rawValue)
        core.metrics.sessionLength.record(Duration(lasted).inSeconds)
        logger.info(
            "session closed",
            metadata: [
                "code": "\(closure.code.rawValue)", "by": closure.origin == .peer ? "peer" : "gateway",
                "reason": "\(closure.reason)", "seconds": "\(lasted.nanoseconds / 1_000_000_000)",
                "audio_seconds": "\(Int(audioDuration))", "predictions": "\(answeredCount)",
            ])
    }

    /// Limits that the connection itself holds to.
    private func noteLimit(_ closure: WebSocketClosure) {
        guard closure.origin == .local else { return }
        switch closure.code {
        case .messageTooBig: core.metrics.hit(.messageSize)
        case .policyViolation where closure.reason == WebSocketConnection.unreadReason:
            core.metrics.hit(.writeBuffer)
        case .abnormal: core.metrics.hit(.pongTime)
        default: break
        }
    }

    // MARK: - Time

    private func schedule(in time: TimeAmount) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.scheduleTask(in: time) { bound.value.timerFired() }
    }

    private func timerFired() {
        switch state {
        case .new:
            core.metrics.hit(.firstMessageTime)
            fail(408, "no session_create came in time", .policyViolation)
        case .open:
            let limit = TimeAmount(core.options.limits.idleTimeout)
            let idle = eventLoop.now - lastMessage
            guard idle >= limit else { return schedule(in: limit - idle) }
            core.metrics.hit(.idleTime)
            send(.sessionClosed)
            finish(.goingAway, "no message came for a long time")
        case .closing, .over: break
        }
    }
}

@available(*, unavailable)
extension GatewaySession: Sendable {}
