import NIOCore
import NIOHTTP1
import NIOSSL

extension Channel {
    /// Puts what serves a connection into its pipeline: TLS, HTTP, and the handler that answers.
    func addRequestHandlers(_ core: GatewayCore) throws {
        let pipeline = pipeline.syncOperations
        if let tls = core.options.tls {
            try pipeline.addHandler(NIOSSLServerHandler(context: tls.context))
        }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = core.options.limits.maximumHeaderByteCount
        limits.maxHeaderFieldSize = core.options.limits.maximumHeaderByteCount
        limits.maxHeaderFieldCount = 100
        let encoder = HTTPResponseEncoder()
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
        try pipeline.addHandler(encoder)
        try pipeline.addHandler(decoder)
        try pipeline.addHandler(HTTPHandler(core: core, codecs: [encoder, decoder]))
    }
}
