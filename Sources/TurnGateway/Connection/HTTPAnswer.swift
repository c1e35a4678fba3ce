import Foundation
import NIOCore
import NIOHTTP1

/// A whole answer over HTTP.
struct HTTPAnswer: Sendable {
    let status: HTTPResponseStatus
    let contentType: String
    let body: ByteBuffer
    var headers: [(String, String)] = []
    /// Whether the connection ends with it.
    var closes = false

    static func json(_ status: HTTPResponseStatus, _ text: String) -> HTTPAnswer {
        HTTPAnswer(status: status, contentType: "application/json", body: ByteBuffer(string: text))
    }

    /// `{"error": {"code": the status, "message": what happened; what to do}}`
    static func error(
        _ status: HTTPResponseStatus, _ message: String, headers: [(String, String)] = [], closes: Bool = true
    ) -> HTTPAnswer {
        var answer = json(
            status, "{\"error\":{\"code\":\(status.code),\"message\":\(JSONText.quoted(message))}}\n")
        answer.headers = headers
        answer.closes = closes
        return answer
    }
}

/// Values of JSON.
enum JSONText {
    static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: (try? encoder.encode(text)) ?? Data("\"\"".utf8), as: UTF8.self)
    }

    /// A number with six decimals at most; 0 if it is not finite.
    static func number(_ value: Double) -> String {
        value.isFinite ? "\((value * 1e6).rounded() / 1e6)" : "0"
    }
}
