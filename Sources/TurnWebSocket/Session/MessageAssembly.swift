import NIOCore
import NIOWebSocket

/// Joins the fragments of one message.
struct MessageAssembly {
    /// A fault of the peer.
    struct Fault: Error, Equatable {
        let code: WebSocketCloseCode
        let reason: String
    }

    private var isText = false
    /// The fragments so far; nil between messages.
    private var payload: ByteBuffer?

    /// Takes a data frame; gives the message when the frame was its last.
    mutating func append(
        _ frame: WebSocketFrame, maximumByteCount: Int
    ) -> Result<WebSocketMessage?, Fault> {
        let isContinuation = frame.opcode == .continuation
        guard isContinuation == (payload != nil) else {
            let reason =
                isContinuation ? "a continuation continues nothing" : "the message before is unfinished"
            return .failure(Fault(code: .protocolError, reason: reason))
        }
        guard (payload?.readableBytes ?? 0) + frame.length <= maximumByteCount else {
            payload = nil
            return .failure(Fault(code: .messageTooBig, reason: "the message is too large"))
        }
        if !isContinuation { isText = frame.opcode == .text }
        var fragment = frame.unmaskedData
        let whole: ByteBuffer
        if var joined = payload {
            payload = nil
            joined.writeBuffer(&fragment)
            whole = joined
        } else {
            whole = fragment
        }
        guard frame.fin else {
            payload = whole
            return .success(nil)
        }
        guard isText else { return .success(.binary(whole)) }
        guard let text = whole.validatedText else {
            return .failure(Fault(code: .invalidPayload, reason: "the text is not UTF-8"))
        }
        return .success(.text(text))
    }
}

extension ByteBuffer {
    /// The readable bytes as text; nil when they are not UTF-8.
    var validatedText: String? {
        // Decoding repairs what is not UTF-8, which changes the bytes.
        let text = String(decoding: readableBytesView, as: UTF8.self)
        return text.utf8.elementsEqual(readableBytesView) ? text : nil
    }
}
