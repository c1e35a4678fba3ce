import Foundation
import NIOCore
import NIOHTTP1

/// Asks an HTTP proxy for a tunnel, then hands the channel over.
final class ProxyConnectHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let target: String
    private let proxy: HTTPProxy
    private let codecs: [any RemovableChannelHandler]
    private let onFailure: (WebSocketConnectError) -> Void
    private let onTunnel: () throws -> Void
    private var isDone = false

    init(
        target: String, proxy: HTTPProxy, codecs: [any RemovableChannelHandler],
        onFailure: @escaping (WebSocketConnectError) -> Void, onTunnel: @escaping () throws -> Void
    ) {
        self.target = target
        self.proxy = proxy
        self.codecs = codecs
        self.onFailure = onFailure
        self.onTunnel = onTunnel
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var headers = HTTPHeaders([("Host", target)])
        if let credentials = proxy.credentials {
            let basic = Data(credentials.utf8).base64EncodedString()
            headers.add(name: "Proxy-Authorization", value: "Basic \(basic)")
        }
        let head = HTTPRequestHead(version: .http1_1, method: .CONNECT, uri: target, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A proxy is silent until the client speaks through the tunnel, so nothing but HTTP can come here.
        guard !isDone else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard (200...299).contains(head.status.code) else {
                let status = Int(head.status.code)
                let message = "the proxy refused the connection: HTTP \(status)"
                fail(WebSocketConnectError(.proxy(status: status), message), context: context)
                return
            }
        case .body: break
        case .end: tunnel(context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let message = "the proxy ended the connection without an answer"
        fail(WebSocketConnectError(.proxy(status: nil), message), context: context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isDone else {
            context.fireErrorCaught(error)
            return
        }
        let message = "the connection to the proxy failed"
        fail(WebSocketConnectError(.proxy(status: nil), message, cause: error), context: context)
    }

    private func fail(_ error: WebSocketConnectError, context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        onFailure(error)
        context.close(promise: nil)
    }

    private func tunnel(context: ChannelHandlerContext) {
        isDone = true
        let pipeline = context.pipeline.syncOperations
        let removals = (codecs + [self]).map { pipeline.removeHandler($0) }
        let bound = NIOLoopBound((self, context.channel), eventLoop: context.eventLoop)
        EventLoopFuture.andAllSucceed(removals, on: context.eventLoop).whenComplete { _ in
            let (handler, channel) = bound.value
            do {
                try handler.onTunnel()
            } catch {
                handler.onFailure(
                    WebSocketConnectError(.network, "the connection ended during the handshake", cause: error)
                )
                channel.close(promise: nil)
            }
        }
    }
}

@available(*, unavailable)
extension ProxyConnectHandler: Sendable {}
