import NIOConcurrencyHelpers
import NIOCore

/// Which sessions are open, how many more may be, and how many requests are being answered.
final class SessionTable: Sendable {
    /// Why a session may not open.
    enum Refusal: Error {
        case draining, total, key
    }

    private struct State {
        var isDraining = false
        var total = 0
        var requestCount = 0
        var byKey: [String: Int] = [:]
        var sessions: [ObjectIdentifier: @Sendable () -> Void] = [:]
        var onEmpty: (@Sendable () -> Void)?

        var isEmpty: Bool { total == 0 && requestCount == 0 }

        /// What is to be called now that something ended.
        mutating func takeOnEmpty() -> (@Sendable () -> Void)? {
            guard isEmpty else { return nil }
            defer { onEmpty = nil }
            return onEmpty
        }
    }

    private let maximum: Int
    private let maximumForKey: Int
    private let state = NIOLockedValueBox(State())

    init(limits: GatewayLimits) {
        maximum = limits.maximumSessions
        maximumForKey = max(1, Int(Double(limits.maximumSessions) * limits.keyShare))
    }

    /// Sessions that are open or about to open.
    var count: Int { state.withLockedValue { $0.total } }
    var isDraining: Bool { state.withLockedValue { $0.isDraining } }

    /// Reserves a place for a key's session. To be followed by ``leave(_:key:)``.
    func enter(key: String) throws(Refusal) {
        let refusal: Refusal? = state.withLockedValue { state in
            if state.isDraining { return .draining }
            if state.total >= maximum { return .total }
            if state.byKey[key, default: 0] >= maximumForKey { return .key }
            state.total += 1
            state.byKey[key, default: 0] += 1
            return nil
        }
        if let refusal { throw refusal }
    }

    /// A session is open.
    ///
    /// - Parameters:
    ///   - session: its identity.
    ///   - drain: asks it to end; called from any thread.
    /// - Returns: whether it is to end at once, because the gateway shuts down.
    func register(_ session: AnyObject, drain: @escaping @Sendable () -> Void) -> Bool {
        let id = ObjectIdentifier(session)
        return state.withLockedValue { state in
            state.sessions[id] = drain
            return state.isDraining
        }
    }

    /// A session ended, or did not open after all.
    func leave(_ session: AnyObject?, key: String) {
        let onEmpty: (@Sendable () -> Void)? = state.withLockedValue { state in
            if let session { state.sessions[ObjectIdentifier(session)] = nil }
            state.total -= 1
            if let count = state.byKey[key] { state.byKey[key] = count > 1 ? count - 1 : nil }
            return state.takeOnEmpty()
        }
        onEmpty?()
    }

    /// A request without a session is being answered. To be followed by ``requestEnded()``.
    func requestBegan() { state.withLockedValue { $0.requestCount += 1 } }

    func requestEnded() {
        let onEmpty = state.withLockedValue { state in
            state.requestCount -= 1
            return state.takeOnEmpty()
        }
        onEmpty?()
    }

    /// Lets no more sessions in and asks all to end.
    func drain() {
        let drains = state.withLockedValue { state in
            state.isDraining = true
            return Array(state.sessions.values)
        }
        for drain in drains { drain() }
    }

    /// Calls `body` once no session is open and no request is being answered; to be called after ``drain()``, once.
    func whenEmpty(_ body: @escaping @Sendable () -> Void) {
        let isEmpty = state.withLockedValue { state in
            if !state.isEmpty { state.onEmpty = body }
            return state.isEmpty
        }
        if isEmpty { body() }
    }
}
