import NIOCore
import NIOHTTP1

/// Sends the request of a ``ClientHandshake``, and hands the channel over once the server agreed.
///
/// Sits behind HTTP codecs, which it removes; bytes that came behind the answer go on to what was added meanwhile.
final class ClientHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        case waiting
        /// The head was good; what follows is no HTTP.
        case upgrading(early: [NIOAny])
        case done
    }

    private let handshake: ClientHandshake
    private let codecs: [any RemovableChannelHandler]
    private let onFailure: (WebSocketConnectError) -> Void
    /// Adds what comes after the handshake.
    private let onUpgrade: () throws -> Void
    private var state = State.waiting

    init(
        handshake: ClientHandshake, codecs: [any RemovableChannelHandler],
        onFailure: @escaping (WebSocketConnectError) -> Void, onUpgrade: @escaping () throws -> Void
    ) {
        self.handshake = handshake
        self.codecs = codecs
        self.onFailure = onFailure
        self.onUpgrade = onUpgrade
    }

    func start(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(handshake.request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context: context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .done: context.fireChannelRead(data)
        case .upgrading(var early):
            early.append(data)
            state = .upgrading(early: early)
        case .waiting:
            switch unwrapInboundIn(data) {
            case .head(let head):
                do throws(WebSocketConnectError) {
                    try handshake.check(head)
                } catch {
                    fail(error, context: context)
                }
            case .body: break
            case .end: upgrade(context: context)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(
            WebSocketConnectError(.network, "the connection ended before the server answered"),
            context: context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let failure =
            if error is HTTPParserError {
                WebSocketConnectError(.handshake, "the server's answer is not HTTP", cause: error)
            } else {
                WebSocketConnectError(
                    .network, "the connection failed before the server answered", cause: error)
            }
        fail(failure, context: context)
    }

    private func fail(_ error: WebSocketConnectError, context: ChannelHandlerContext) {
        guard case .waiting = state else { return }
        state = .done
        onFailure(error)
        context.close(promise: nil)
    }

    private func upgrade(context: ChannelHandlerContext) {
        state = .upgrading(early: [])
        let removals = codecs.map { context.pipeline.syncOperations.removeHandler($0) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        EventLoopFuture.andAllSucceed(removals, on: context.eventLoop).whenComplete { _ in
            let (handler, context) = bound.value
            handler.finish(context: context)
        }
    }

    private func finish(context: ChannelHandlerContext) {
        guard case .upgrading(let early) = state else { return }
        state = .done
        do {
            try onUpgrade()
        } catch {
            onFailure(
                WebSocketConnectError(.network, "the connection ended during the handshake", cause: error))
            context.close(promise: nil)
            return
        }
        for data in early { context.fireChannelRead(data) }
        if !early.isEmpty { context.fireChannelReadComplete() }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}

@available(*, unavailable)
extension ClientHandshakeHandler: Sendable {}
