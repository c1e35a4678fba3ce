import NIOCore
import NIOWebSocket

/// Performs the actions of ``WebSocketStateMachine`` on a channel. Not Sendable: it lives on its event loop.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let role: WebSocketStateMachine.Role
    private let configuration: WebSocketConfiguration
    private var machine: WebSocketStateMachine
    private var context: ChannelHandlerContext?
    private var timer: (deadline: NIODeadline, scheduled: Scheduled<Void>)?
    /// Taken away with the last event.
    private var onEvent: (@Sendable (WebSocketEvent) -> Void)?

    init(
        role: WebSocketStateMachine.Role, configuration: WebSocketConfiguration, now: NIODeadline,
        onEvent: @escaping @Sendable (WebSocketEvent) -> Void
    ) {
        self.role = role
        self.configuration = configuration
        self.onEvent = onEvent
        machine = WebSocketStateMachine(role: role, configuration: configuration, now: now)
    }

    // MARK: - What the owner asks for

    func send(_ message: WebSocketMessage) {
        guard machine.isOpen, let context else { return }
        var payload: ByteBuffer
        var opcode: WebSocketOpcode
        switch message {
        case .text(let text): (payload, opcode) = (ByteBuffer(string: text), .text)
        case .binary(let bytes): (payload, opcode) = (bytes, .binary)
        }
        repeat {
            let length = min(payload.readableBytes, max(configuration.outboundFragmentByteCount, 1))
            // The length is at most what is readable.
            let fragment = payload.readSlice(length: length) ?? ByteBuffer()
            write(fragment, opcode, isFinal: payload.readableBytes == 0, to: context)
            opcode = .continuation
        } while payload.readableBytes > 0
        context.flush()
        checkBacklog(of: context)
    }

    func close(_ code: WebSocketCloseCode, reason: String) {
        guard let context else { return }
        perform(machine.close(code, reason: reason, now: context.eventLoop.now))
    }

    func abort() {
        guard let context else { return }
        perform(machine.connectionEnded())
        context.close(promise: nil)
    }

    // MARK: - What the channel tells

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { schedule() } else { perform(machine.connectionEnded()) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        perform(machine.connectionEnded())
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        perform(machine.receive(unwrapInboundIn(data), now: context.eventLoop.now))
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(machine.connectionEnded())
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if machine.isOpen { onEvent?(.writable(context.channel.isWritable)) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as NIOWebSocketError: perform(machine.receive(error, now: context.eventLoop.now))
        case is ByteToMessageDecoderError: break  // More bytes after what was no frame.
        default:
            perform(machine.connectionEnded())
            context.close(promise: nil)
        }
    }

    // MARK: - Actions

    private func perform(_ action: WebSocketStateMachine.Action) {
        switch action {
        case .none: break
        case .deliver(let message): onEvent?(.message(message))
        case .control(let opcode, let payload):
            guard let context else { break }
            write(payload, opcode, isFinal: true, to: context)
            context.flush()
            checkBacklog(of: context)
        case .close(let payload, let closure, let thenEnd):
            if let context {
                sayFarewell(closure, to: context)
                write(payload, .connectionClose, isFinal: true, to: context, thenEnd: thenEnd)
                context.flush()
            }
            if let closure { report(closure) }
        case .report(let closure): report(closure)
        case .end(let closure):
            context?.close(promise: nil)
            if let closure { report(closure) }
        }
        schedule()
    }

    /// Sends a last message before the close frame of a session that failed.
    private func sayFarewell(_ closure: WebSocketClosure?, to context: ChannelHandlerContext) {
        guard let closure, closure.origin == .local,
            case .binary(let message) = configuration.farewell?(closure)
        else { return }
        write(message, .binary, isFinal: true, to: context)
    }

    private func report(_ closure: WebSocketClosure) {
        let last = onEvent
        onEvent = nil
        last?(.closed(closure))
    }

    private func write(
        _ payload: ByteBuffer, _ opcode: WebSocketOpcode, isFinal: Bool, to context: ChannelHandlerContext,
        thenEnd: Bool = false
    ) {
        let frame = WebSocketFrame(
            fin: isFinal, opcode: opcode, maskKey: role == .client ? .random() : nil, data: payload)
        guard thenEnd else {
            context.write(wrapOutboundOut(frame), promise: nil)
            return
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.write(wrapOutboundOut(frame), promise: written)
    }

    /// Ends the session when a peer that does not read has let too much pile up.
    private func checkBacklog(of context: ChannelHandlerContext) {
        guard !context.channel.isWritable,
            let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes),
            waiting > configuration.maximumOutboundByteCount
        else { return }
        perform(
            machine.fail(
                .policyViolation, WebSocketConnection.unreadReason, now: context.eventLoop.now))
    }

    private func schedule() {
        guard let context, let deadline = machine.nextDeadline else {
            timer?.scheduled.cancel()
            timer = nil
            return
        }
        // A timer that fires too early finds nothing to do and is set anew.
        if let timer, timer.deadline <= deadline { return }
        timer?.scheduled.cancel()
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = (deadline, context.eventLoop.scheduleTask(deadline: deadline) { handler.value.timerFired() })
    }

    private func timerFired() {
        timer = nil
        guard let context else { return }
        perform(machine.tick(now: context.eventLoop.now))
    }
}

@available(*, unavailable)
extension WebSocketHandler: Sendable {}
