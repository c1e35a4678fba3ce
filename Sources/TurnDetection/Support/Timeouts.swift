import TurnCore

/// Time-outs of one length, with one sleeping task for all of them.
///
/// Most are called off long before their time. That costs an entry in a table: the task sleeps on, finds nothing due when
/// it wakes, and sleeps until the earliest deadline that is left, or ends. A sleeping task for each would keep a timer
/// of the system's, and the memory behind it, until its time has come, called off or not.
final class Timeouts: Sendable {
    /// One of them, to call it off.
    struct Timeout: Sendable {
        fileprivate let owner: Timeouts
        fileprivate let id: Int

        func cancel() { _ = owner.state.withLock { $0.waiting.removeValue(forKey: id) } }
    }

    private struct State {
        /// What is to be done, by number in order of the deadlines: all are of one length.
        var waiting: [Int: (deadline: Duration, body: @Sendable () -> Void)] = [:]
        var nextID = 0
        var sleeper: Task<Void, Never>?
    }

    private let state = Lock(State())
    private let length: Duration
    private let clock: TurnClock

    init(after length: Duration, clock: TurnClock) {
        self.length = length
        self.clock = clock
    }

    deinit { state.withLock { $0.sleeper }?.cancel() }

    /// Calls `body` when the time has passed, unless it is called off before.
    func start(_ body: @escaping @Sendable () -> Void) -> Timeout {
        let deadline = clock.now + length
        return state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            state.waiting[id] = (deadline, body)
            if state.sleeper == nil {
                state.sleeper = Task { [weak self, clock] in
                    while let next = self?.next() {
                        guard (try? await clock.sleep(until: next)) != nil else { return }
                        self?.fire()
                    }
                }
            }
            return Timeout(owner: self, id: id)
        }
    }

    /// The earliest deadline; without any, the task ends.
    private func next() -> Duration? {
        state.withLock { state in
            let next = state.waiting.values.lazy.map(\.deadline).min()
            if next == nil { state.sleeper = nil }
            return next
        }
    }

    private func fire() {
        let now = clock.now
        let due = state.withLock { state in
            let due = state.waiting.filter { $0.value.deadline <= now }
            for id in due.keys { state.waiting[id] = nil }
            return due
        }
        for (_, timeout) in due.sorted(by: { $0.key < $1.key }) { timeout.body() }
    }
}
