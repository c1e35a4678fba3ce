import CoreMetrics
import NIOCore
import NIOHTTP1
import TurnWebSocket
import TurnWire

/// Answers a connection's requests, one after the other, until it becomes a session.
///
/// Sits behind HTTP codecs. A request that comes while the one before is being computed waits; nothing is read
/// meanwhile, so little can wait. Not Sendable: it lives on its event loop.
final class HTTPHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// For a request's head.
        case waiting
        /// The rest of a request whose answer is ready.
        case receiving(HTTPRequestHead, HTTPAnswer)
        case collecting(HTTPRequestHead, PredictRequest)
        /// A worker answers.
        case computing
        case upgrading(HTTPRequestHead, UpgradeRequest, keyID: String)
        /// The codecs leave; what comes now is no HTTP.
        case upgraded(early: [NIOAny])
        case done
    }

    private let core: GatewayCore
    /// To be removed for a session: the encoder first.
    private let codecs: [any RemovableChannelHandler]
    private var state = State.waiting
    private var timer: Scheduled<Void>?
    private var isFirst = true
    /// What came while a worker answers.
    private var held = CircularBuffer<HTTPServerRequestPart>(initialCapacity: 0)
    /// What came was no HTTP; no more is read of it.
    private var isBroken = false
    /// Whether the table counts a request of ours.
    private var isCounted = false
    /// Bytes that are reserved for the body.
    private var reserved = 0

    init(core: GatewayCore, codecs: [any RemovableChannelHandler]) {
        self.core = core
        self.codecs = codecs
    }

    // MARK: - What the channel tells

    func handlerAdded(context: ChannelHandlerContext) {
        schedule(TimeAmount(core.options.limits.handshakeTimeout), context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .upgraded(var early):
            early.append(data)
            state = .upgraded(early: early)
        case .done: context.fireChannelRead(data)
        case .waiting, .receiving, .collecting, .computing, .upgrading:
            receive(unwrapInboundIn(data), context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What comes behind bytes that are no HTTP is none either; the answer is on its way.
        if case .done = state { return }
        if case .computing = state, error is HTTPParserError {
            isBroken = true
            return
        }
        guard let error = error as? HTTPParserError, !isUpgraded else {
            context.close(promise: nil)
            return
        }
        giveBackPlace()
        if error == .headerOverflow {
            core.metrics.hit(.headerSize)
            let limit = core.options.limits.maximumHeaderByteCount
            write(
                .error(.requestHeaderFieldsTooLarge, "the headers hold more than \(limit) bytes; send fewer"),
                "none",
                context)
        } else {
            write(.error(.badRequest, "the bytes are no HTTP request; speak HTTP/1.1"), "none", context)
        }
    }

    // MARK: - Requests

    private func receive(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        if case .computing = state { return held.append(part) }
        switch part {
        case .head(let head): receive(head, context)
        case .body(let piece): receive(piece, context)
        case .end: receiveEnd(context)
        }
    }

    private func receive(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard case .waiting = state else { return }
        isFirst = false
        schedule(TimeAmount(core.options.limits.bodyTimeout), context)
        do throws(Gate.Refusal) {
            let gate = Gate(core: core)
            let route = try gate.route(head)
            switch route {
            case .eot:
                let keyID = try gate.keyID(head)
                let request = try gate.upgrade(head)
                try gate.admit(keyID: keyID)
                state = .upgrading(head, request, keyID: keyID)
            case .predict:
                let keyID = try gate.keyID(head)
                try gate.checkLoad()
                let request = try PredictRequest(head, keyID: keyID, limits: core.options.limits)
                if head.headers.first(name: "Expect")?.lowercased() == "100-continue" {
                    context.writeAndFlush(
                        wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))),
                        promise: nil)
                }
                state = .collecting(head, request)
            case .healthz: state = .receiving(head, .json(.ok, "{\"status\":\"ok\"}\n"))
            case .readyz: state = .receiving(head, gate.readiness())
            case .metrics:
                state = .receiving(
                    head,
                    HTTPAnswer(
                        status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8",
                        body: ByteBuffer(string: core.metricsText)))
            }
        } catch {
            let hasBody = head.headers.contains(name: "Content-Length") || head.isChunked
            var answer = error.answer
            answer.closes = answer.closes || hasBody
            // Nobody waits for the body of a request that is refused.
            if hasBody { return write(answer, head, context) }
            state = .receiving(head, answer)
        }
    }

    private func receive(_ piece: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .collecting(let head, var request) = state else { return }
        guard request.byteCount + piece.readableBytes <= core.options.limits.maximumBodyByteCount else {
            core.metrics.hit(.bodySize)
            return write(PredictRequest.tooLarge(core.options.limits), head, context)
        }
        guard core.reserveBodyMemory(piece.readableBytes) else {
            core.metrics.hit(.bodyMemory)
            return write(
                .error(
                    .serviceUnavailable, "too many requests are being received; try again",
                    headers: [("Retry-After", "1")]), head, context)
        }
        reserved += piece.readableBytes
        // The state must not hold the bytes while they grow.
        state = .computing
        request.append(piece)
        state = .collecting(head, request)
    }

    private func receiveEnd(_ context: ChannelHandlerContext) {
        switch state {
        case .receiving(let head, let answer): write(answer, head, context)
        case .collecting(let head, let request):
            state = .computing
            isCounted = true
            core.table.requestBegan()
            timer?.cancel()
            timer = nil
            try? context.channel.syncOptions?.setOption(.autoRead, value: false)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let eventLoop = context.eventLoop
            request.run(on: core, arrival: eventLoop.now) { answer in
                eventLoop.execute {
                    let (handler, context) = bound.value
                    guard case .computing = handler.state else { return }
                    handler.write(answer, head, context)
                }
            }
        case .upgrading(let head, let request, let keyID): upgrade(head, request, keyID, context)
        case .waiting, .computing, .upgraded, .done: break
        }
    }

    // MARK: - Answers

    private func write(_ answer: HTTPAnswer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var answer = answer
        // Behind a request to upgrade, HTTP is not read any more.
        answer.closes =
            answer.closes || !head.isKeepAlive || core.table.isDraining || isBroken
            || head.headers.contains(name: "Upgrade")
        write(answer, Route(uri: head.uri)?.rawValue ?? "none", context)
    }

    private func write(_ answer: HTTPAnswer, _ route: String, _ context: ChannelHandlerContext) {
        freeBody()
        core.metrics.answered(route, Int(answer.status.code))
        if answer.status.code >= 400 { core.metrics.failed(Int(answer.status.code)) }
        var headers = HTTPHeaders([
            ("Content-Type", answer.contentType), ("Content-Length", "\(answer.body.readableBytes)"),
        ])
        headers.add(contentsOf: answer.headers)
        if answer.closes { headers.replaceOrAdd(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        state = answer.closes ? .done : .waiting
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        guard answer.closes else {
            schedule(TimeAmount(core.options.limits.idleTimeout), context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            endRequest()
            return goOn(context)
        }
        timer?.cancel()
        timer = nil
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            bound.value.endRequest()
            Self.close(channel)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    /// Takes what came while the last request was answered.
    private func goOn(_ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        while let part = held.popFirst() {
            receive(part, context)
            if case .computing = state { return }
        }
    }

    /// Ends a connection so that its peer, which may still be sending, gets the answer and no reset.
    private static func close(_ channel: any Channel) {
        channel.close(mode: .output, promise: nil)
        channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }

    // MARK: - Sessions

    private func upgrade(
        _ head: HTTPRequestHead, _ request: UpgradeRequest, _ keyID: String, _ context: ChannelHandlerContext
    ) {
        timer?.cancel()
        timer = nil
        state = .upgraded(early: [])
        let removals = codecs.dropFirst().map { context.pipeline.syncOperations.removeHandler($0) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        EventLoopFuture.andAllSucceed(Array(removals), on: context.eventLoop).flatMap {
            let (handler, context) = bound.value
            let headers = HTTPHeaders([
                ("Upgrade", "websocket"), ("Connection", "Upgrade"),
                ("Sec-WebSocket-Accept", WebSocketConnection.accept(key: request.key)),
            ])
            let response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
            context.write(handler.wrapOutboundOut(.head(response)), promise: nil)
            context.writeAndFlush(handler.wrapOutboundOut(.end(nil)), promise: nil)
            return context.pipeline.syncOperations.removeHandler(handler.codecs[0])
        }.whenComplete { result in
            let (handler, context) = bound.value
            handler.finishUpgrade(result, keyID, context)
        }
    }

    private func finishUpgrade(
        _ result: Result<Void, any Error>, _ keyID: String, _ context: ChannelHandlerContext
    ) {
        guard case .upgraded(let early) = state else {
            core.table.leave(nil, key: keyID)
            return
        }
        state = .done
        core.metrics.answered(Route.eot.rawValue, 101)
        do {
            try result.get()
            try beginSession(keyID, context)
        } catch {
            core.table.leave(nil, key: keyID)
            context.close(promise: nil)
            return
        }
        for data in early { context.fireChannelRead(data) }
        if !early.isEmpty { context.fireChannelReadComplete() }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func beginSession(_ keyID: String, _ context: ChannelHandlerContext) throws {
        var generator = SystemRandomNumberGenerator()
        let session = GatewaySession(
            core: core, id: ConnectionHeaders.hexDigits(12, using: &generator), keyID: keyID,
            eventLoop: context.eventLoop)
        let bound = NIOLoopBound(session, eventLoop: context.eventLoop)
        let connection = try WebSocketConnection.attach(
            to: context.channel, role: .server, configuration: core.webSocketConfiguration
        ) { bound.value.receive($0) }
        session.start(on: connection)
    }

    // MARK: - Time and the end

    private func schedule(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) {
            let (handler, context) = bound.value
            handler.timerFired(context)
        }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        timer = nil
        switch state {
        case .waiting where isFirst:
            core.metrics.hit(.handshakeTime)
            write(.error(.requestTimeout, "no request came in time"), "none", context)
        case .waiting: context.close(promise: nil)
        case .receiving(let head, _), .collecting(let head, _), .upgrading(let head, _, _):
            core.metrics.hit(.bodyTime)
            giveBackPlace()
            write(.error(.requestTimeout, "the request did not end in time"), head, context)
        case .computing, .upgraded, .done: break
        }
    }

    /// The connection ends, or goes over to its session.
    private func leave() {
        timer?.cancel()
        timer = nil
        freeBody()
        endRequest()
        giveBackPlace()
        // An upgrade that is under way gives its place back itself.
        state = .done
    }

    /// Gives back the place of a session that does not open.
    private func giveBackPlace() {
        if case .upgrading(_, _, let keyID) = state { core.table.leave(nil, key: keyID) }
    }

    private var isUpgraded: Bool {
        if case .upgraded = state { true } else { false }
    }

    private func endRequest() {
        guard isCounted else { return }
        isCounted = false
        core.table.requestEnded()
    }

    private func freeBody() {
        core.freeBodyMemory(reserved)
        reserved = 0
    }
}

@available(*, unavailable)
extension HTTPHandler: Sendable {}

extension HTTPRequestHead {
    fileprivate var isChunked: Bool {
        headers[canonicalForm: "Transfer-Encoding"].contains { $0.lowercased() == "chunked" }
    }
}
