import NIOCore
import NIOWebSocket

/// RFC 6455 after the handshake, for either end, as a value: an outside event goes in, at most one action comes out.
///
/// It knows no channel and no clock; ``WebSocketHandler`` performs the actions and tells the time.
struct WebSocketStateMachine {
    enum Role: Sendable {
        case client, server
    }

    enum Action: Equatable {
        case none
        /// Hand a message to the owner.
        case deliver(WebSocketMessage)
        /// Send a ping or a pong.
        case control(WebSocketOpcode, ByteBuffer)
        /// Send a close frame; then, when `report` is set, tell the owner; then, when `thenEnd`, end the connection
        /// once the frame is written.
        case close(ByteBuffer, report: WebSocketClosure?, thenEnd: Bool)
        /// Tell the owner; the connection ends later.
        case report(WebSocketClosure)
        /// End the connection now, telling the owner when `report` is set.
        case end(report: WebSocketClosure?)
    }

    private enum State {
        /// Messages flow. `pong` is set while an answer to our ping is due.
        case open(nextPing: NIODeadline?, pong: NIODeadline?)
        /// We sent a close frame and wait for the peer's. May become: lingering, ended.
        case closing(WebSocketClosure, until: NIODeadline)
        /// The owner was told; what remains is the peer's end of the connection. May become: ended.
        case lingering(until: NIODeadline)
        case ended
    }

    private let role: Role
    private let configuration: WebSocketConfiguration
    private var state: State
    private var assembly = MessageAssembly()
    private var pingCount: UInt64 = 0

    init(role: Role, configuration: WebSocketConfiguration, now: NIODeadline) {
        self.role = role
        self.configuration = configuration
        state = .open(nextPing: configuration.pingInterval.map { now + $0 }, pong: nil)
    }

    /// Whether messages may be sent.
    var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// When ``tick(now:)`` wants to be called next; nil for never.
    var nextDeadline: NIODeadline? {
        switch state {
        case .open(let nextPing, let pong): [nextPing, pong].compactMap { $0 }.min()
        case .closing(_, let deadline), .lingering(let deadline): deadline
        case .ended: nil
        }
    }

    /// A frame arrived, its payload still masked if it was.
    mutating func receive(_ frame: WebSocketFrame, now: NIODeadline) -> Action {
        switch state {
        case .ended: return .none
        case .lingering:
            guard frame.opcode == .connectionClose, role == .server else { return .none }
            state = .ended
            return .end(report: nil)
        case .open, .closing: break
        }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return fail(.protocolError, "reserved bits are set", now: now)
        }
        guard (frame.maskKey != nil) == (role == .server) else {
            let reason = role == .server ? "a client's frame is not masked" : "a server's frame is masked"
            return fail(.protocolError, reason, now: now)
        }
        switch frame.opcode {
        case .connectionClose: return receiveClose(frame.unmaskedData, now: now)
        case .ping:
            guard case .open = state else { return .none }
            return .control(.pong, frame.unmaskedData)
        case .pong:
            if case .open(let nextPing, _) = state { state = .open(nextPing: nextPing, pong: nil) }
            return .none
        case .text, .binary, .continuation: return receiveData(frame, now: now)
        default: return fail(.protocolError, "the opcode is reserved", now: now)
        }
    }

    /// The bytes that arrived are no frame.
    mutating func receive(_ error: NIOWebSocketError, now: NIODeadline) -> Action {
        switch error {
        case .invalidFrameLength: fail(.messageTooBig, "the frame is too large", now: now)
        case .fragmentedControlFrame: fail(.protocolError, "a control frame is fragmented", now: now)
        case .multiByteControlFrameLength: fail(.protocolError, "a control frame is too long", now: now)
        }
    }

    /// Our owner closes the session.
    mutating func close(_ code: WebSocketCloseCode, reason: String, now: NIODeadline) -> Action {
        guard case .open = state else { return .none }
        let closure = WebSocketClosure(code: code, reason: reason, origin: .local)
        state = .closing(closure, until: now + configuration.closeTimeout)
        return .close(Self.closePayload(code, reason: reason), report: nil, thenEnd: false)
    }

    /// Fails the session for a fault of the peer, or for a limit it ran into: a close frame goes out, and the owner is
    /// told without waiting for an answer.
    mutating func fail(_ code: WebSocketCloseCode, _ reason: String, now: NIODeadline) -> Action {
        switch state {
        case .open:
            state = .lingering(until: now + configuration.closeTimeout)
            let closure = WebSocketClosure(code: code, reason: reason, origin: .local)
            return .close(Self.closePayload(code, reason: reason), report: closure, thenEnd: false)
        case .closing(let closure, _):
            state = .ended
            return .end(report: closure)
        case .lingering, .ended: return .none
        }
    }

    /// The connection ended.
    mutating func connectionEnded() -> Action {
        defer { state = .ended }
        switch state {
        case .open:
            return .end(
                report: WebSocketClosure(
                    code: .abnormal, reason: "the connection ended without a close frame", origin: .peer))
        case .closing(let closure, _): return .end(report: closure)
        case .lingering: return .end(report: nil)
        case .ended: return .none
        }
    }

    /// Time has passed. To be called again until it answers `.none`.
    mutating func tick(now: NIODeadline) -> Action {
        switch state {
        case .open(let nextPing, let pong):
            if let pong, pong <= now {
                state = .ended
                return .end(
                    report: WebSocketClosure(code: .abnormal, reason: "no pong in time", origin: .local))
            }
            guard let nextPing, nextPing <= now, let interval = configuration.pingInterval else {
                return .none
            }
            state = .open(nextPing: now + interval, pong: pong ?? now + configuration.pongTimeout)
            pingCount += 1
            return .control(.ping, ByteBuffer(integer: pingCount))
        case .closing(let closure, let deadline):
            guard deadline <= now else { return .none }
            state = .ended
            return .end(report: closure)
        case .lingering(let deadline):
            guard deadline <= now else { return .none }
            state = .ended
            return .end(report: nil)
        case .ended: return .none
        }
    }

    private mutating func receiveData(_ frame: WebSocketFrame, now: NIODeadline) -> Action {
        guard case .open = state else { return .none }
        switch assembly.append(frame, maximumByteCount: configuration.maximumMessageByteCount) {
        case .success(let message): return message.map(Action.deliver) ?? .none
        case .failure(let fault): return fail(fault.code, fault.reason, now: now)
        }
    }

    private mutating func receiveClose(_ payload: ByteBuffer, now: NIODeadline) -> Action {
        var payload = payload
        let code: WebSocketCloseCode
        if payload.readableBytes == 0 {
            code = .noStatus
        } else {
            guard let number = payload.readInteger(as: UInt16.self) else {
                return fail(.protocolError, "the close frame is cut short", now: now)
            }
            code = WebSocketCloseCode(rawValue: number)
            guard code.isAllowedOnWire else {
                return fail(.protocolError, "the close code is not allowed", now: now)
            }
        }
        guard let reason = payload.validatedText else {
            return fail(.invalidPayload, "the close reason is not UTF-8", now: now)
        }
        if case .closing(let closure, _) = state {
            if role == .server {
                state = .ended
                return .end(report: closure)
            }
            // The server ends the connection; a server that does not is cut off.
            state = .lingering(until: now + configuration.closeTimeout)
            return .report(closure)
        }
        state = role == .server ? .ended : .lingering(until: now + configuration.closeTimeout)
        return .close(
            code == .noStatus ? ByteBuffer() : Self.closePayload(code, reason: ""),
            report: WebSocketClosure(code: code, reason: reason, origin: .peer), thenEnd: role == .server)
    }

    /// Code and reason of a close frame, the reason cut at 123 bytes between characters.
    private static func closePayload(_ code: WebSocketCloseCode, reason: String) -> ByteBuffer {
        guard code.isAllowedOnWire else { return ByteBuffer() }
        var payload = ByteBuffer(integer: code.rawValue)
        var room = 123
        for character in reason {
            room -= character.utf8.count
            if room < 0 { break }
            payload.writeString(String(character))
        }
        return payload
    }
}
