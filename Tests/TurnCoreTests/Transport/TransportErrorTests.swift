import Testing
import TurnCore

@Suite struct TransportErrorTests {
    private struct Cause: CausedError, CustomStringConvertible {
        let description: String
        var next: Box?
        var cause: (any Error)? { next?.error }
    }

    private struct Box: Sendable {
        let error: any Error
        init(_ error: any Error) { self.error = error }
    }

    private struct Wrapped: CausedError, CustomStringConvertible {
        let depth: Int
        var description: String { "cause \(depth)" }
        var cause: (any Error)? { depth < 20 ? Wrapped(depth: depth + 1) : nil }
    }

    private final class Ring: CausedError, CustomStringConvertible, @unchecked Sendable {
        // Written before the error is thrown, read-only afterwards.
        var other: Ring?
        let description: String
        init(_ description: String) { self.description = description }
        var cause: (any Error)? { other }
    }

    @Test func `R-119 text of a connection error`() {
        #expect(TransportError.connection().description == "Connection error.")
        let cause = TurnError(.inputOutput, "refused")
        #expect(
            TransportError.connection(cause: cause).description == "Connection error. (TurnError: refused)")
        let chain = Cause(description: "outer", next: .init(Cause(description: "inner", next: nil)))
        #expect(TransportError.connection(cause: chain).description == "Connection error. (Cause: inner)")
        let nested = TransportError.connection("no route", cause: TransportError.timeout())
        #expect(nested.description == "no route (TransportError: Request timed out.)")
    }

    @Test func `R-119 cycles end, and so do long chains`() {
        let alone = Ring("alone")
        alone.other = alone
        #expect(TransportError.connection(cause: alone).description == "Connection error. (Ring: alone)")
        let first = Ring("first")
        let second = Ring("second")
        first.other = second
        second.other = first
        #expect(TransportError.connection(cause: first).description == "Connection error. (Ring: second)")
        let long = TransportError.connection(cause: Wrapped(depth: 1))
        #expect(long.description == "Connection error. (Wrapped: cause 10)")
        first.other = nil
        alone.other = nil
    }

    @Test func `a refusal tells for how long the service wants to be left alone`() {
        #expect(TransportError.http(503, retryAfter: .seconds(7)).retryAfter == .seconds(7))
        #expect(TransportError.http(503).retryAfter == nil)
    }

    @Test(arguments: [
        (400, false), (401, false), (403, false), (404, false), (408, true), (429, true), (499, true),
        (500, true), (503, true), (-1, true),
    ])
    func `S-03 status errors know whether to try again`(code: Int, retryable: Bool) {
        #expect(TransportError.status(code, "no", retryable: true).isRetryable == retryable)
        #expect(!TransportError.status(code, "no", retryable: false).isRetryable)
        #expect(TransportError.status(code, "no").statusCode == code)
    }

    @Test(arguments: [
        (1000, false), (1001, true), (1002, false), (1003, false), (1006, true), (1007, false), (1008, false),
        (1009, false), (1011, true), (1012, true), (1013, true), (1014, true), (1015, false), (4000, false),
    ])
    func `S-03 close codes know whether to try again`(code: Int, retryable: Bool) {
        #expect(TransportError.webSocketClosed(code).isRetryable == retryable)
    }

    @Test(arguments: [
        (401, "", "Unauthorized (401)"), (401, "unauthorized", "Unauthorized (401)"),
        (401, "bad token", "bad token (401 Unauthorized)"), (599, "", "HTTP 599 (599)"),
        (503, "Service Unavailable", "Service Unavailable (503)"), (599, "odd", "odd (599 HTTP 599)"),
    ])
    func `text of an HTTP answer`(code: Int, message: String, text: String) {
        #expect(TransportError.http(code, message).description == text)
    }

    @Test func `connection options are checked`() throws {
        #expect(throws: TurnError.self) { try ConnectionOptions(maxRetry: -1) }
        #expect(throws: TurnError.self) { try ConnectionOptions(retryInterval: .milliseconds(-1)) }
        #expect(throws: TurnError.self) { try ConnectionOptions(timeout: .milliseconds(-1)) }
        let options = ConnectionOptions.default
        #expect(
            (0...2).map(options.interval(beforeRetry:)) == [.milliseconds(100), .seconds(2), .seconds(2)])
    }
}
