import Logging
import NIOCore
import NIOHTTP1
import TurnCore
import TurnWebSocket
import TurnWire

/// Decides which requests go on, in this order: route, method, token, form, load, room.
struct Gate {
    /// The answer to a request that does not.
    struct Refusal: Error {
        let answer: HTTPAnswer
    }

    let core: GatewayCore

    func route(_ head: HTTPRequestHead) throws(Refusal) -> Route {
        guard let route = Route(uri: head.uri) else {
            throw Refusal(
                answer: .error(
                    .notFound, "there is nothing at this path; see docs/gateway.md for the routes",
                    closes: false))
        }
        guard head.method == route.method else {
            throw Refusal(
                answer: .error(
                    .methodNotAllowed, "the method is not allowed here; use \(route.method.rawValue)",
                    headers: [("Allow", route.method.rawValue)], closes: false))
        }
        return route
    }

    /// Whose request it is.
    func keyID(_ head: HTTPRequestHead) throws(Refusal) -> String {
        do throws(GatewayAccess.Refusal) {
            return try core.access.keyID(
                authorization: head.headers["Authorization"], now: core.clock.wall())
        } catch {
            switch error {
            case .missing:
                throw refuse(
                    .noToken, .unauthorized, "there is no token; send `Authorization: Bearer TOKEN`",
                    [("WWW-Authenticate", "Bearer realm=\"end-of-turn\"")])
            case .invalid(let reason):
                throw refuse(
                    .badToken, .unauthorized,
                    "the token is not valid (\(reason.rawValue)); check key, secret and clock",
                    [("WWW-Authenticate", "Bearer realm=\"end-of-turn\", error=\"invalid_token\"")])
            case .forbidden:
                throw refuse(
                    .noGrant, .forbidden, "the token does not allow predictions; grant inference.perform")
            }
        }
    }

    func upgrade(_ head: HTTPRequestHead) throws(Refusal) -> UpgradeRequest {
        do throws(UpgradeRequest.Refusal) {
            return try UpgradeRequest(head)
        } catch {
            core.metrics.refused(.handshake)
            throw Refusal(answer: error.answer)
        }
    }

    /// Turns work away while the gateway shuts down, or has too much already.
    func checkLoad() throws(Refusal) {
        if core.table.isDraining { throw draining() }
        guard !core.isOverloaded else {
            throw refuse(
                .overload, .serviceUnavailable, "the gateway is overloaded; try again, or elsewhere",
                [("Retry-After", "2")])
        }
    }

    /// Reserves a place for a session.
    func admit(keyID: String) throws(Refusal) {
        try checkLoad()
        do throws(SessionTable.Refusal) {
            try core.table.enter(key: keyID)
        } catch {
            switch error {
            case .draining: throw draining()
            case .total:
                throw refuse(
                    .sessionLimit, .serviceUnavailable, "all sessions are taken; try again, or elsewhere",
                    [("Retry-After", "2")])
            case .key:
                throw refuse(
                    .keyLimit, .tooManyRequests, "this key has all the sessions it may have; close some",
                    [("Retry-After", "2")])
            }
        }
    }

    func readiness() -> HTTPAnswer {
        let state = core.table.isDraining ? "draining" : core.isOverloaded ? "overloaded" : "ready"
        return .json(state == "ready" ? .ok : .serviceUnavailable, "{\"status\":\"\(state)\"}\n")
    }

    private func draining() -> Refusal {
        refuse(
            .draining, .serviceUnavailable, "the gateway shuts down; try elsewhere", [("Retry-After", "1")])
    }

    private func refuse(
        _ reason: GatewayMetrics.Refusal, _ status: HTTPResponseStatus, _ text: String,
        _ headers: [(String, String)] = []
    ) -> Refusal {
        core.metrics.refused(reason)
        core.logger.info(
            "refused", metadata: ["reason": "\(reason.rawValue)", "status": "\(status.code)"])
        return Refusal(answer: .error(status, text, headers: headers))
    }
}

extension GatewayCore {
    /// Limits and times of a session's connection.
    var webSocketConfiguration: WebSocketConfiguration {
        let limits = options.limits
        var configuration = WebSocketConfiguration()
        configuration.maximumFrameByteCount = limits.maximumMessageByteCount
        configuration.maximumMessageByteCount = limits.maximumMessageByteCount
        configuration.maximumOutboundByteCount = limits.maximumOutboundByteCount
        configuration.pingInterval = TimeAmount(limits.pingInterval)
        configuration.pongTimeout = TimeAmount(limits.pongTimeout)
        configuration.farewell = { [clock, metrics] closure in
            // Whoever does not read is told nothing.
            guard closure.code != .policyViolation else { return nil }
            metrics.failed(400)
            let message = ServerMessage(
                .error(ServerFailure(code: 400, message: closure.reason)), createdAt: clock.wall())
            return (try? message.encoded()).map { .binary(ByteBuffer(bytes: $0)) }
        }
        return configuration
    }
}
