import NIOConcurrencyHelpers
import NIOCore

/// Watches how long questions wait for a worker, and tells when it is too long.
///
/// The figure is the time that nine in ten questions of the last ``period`` did not exceed; so one slow answer does
/// not turn sessions away, and ``period`` after the load is gone all is forgotten. When the question that waits
/// longest has waited a second, the workers are stuck and that counts as well.
final class LoadMonitor: Sendable {
    /// How far back it looks.
    static let period = TimeAmount.seconds(3)
    /// Waits that are kept at most; the newest win.
    private static let capacity = 1_024
    private static let stallLimit = TimeAmount.seconds(1)
    /// How long a figure is good for.
    private static let refresh = TimeAmount.milliseconds(50)

    private struct State {
        var waits = CircularBuffer<(time: NIODeadline, wait: TimeAmount)>()
        var figure = TimeAmount.zero
        var computed: NIODeadline?
    }

    private let limit: TimeAmount
    private let state = NIOLockedValueBox(State())

    /// - Parameter limit: longer is too long.
    init(limit: TimeAmount) {
        self.limit = limit
    }

    /// A question reached a worker, or was given up.
    func record(_ wait: TimeAmount, now: NIODeadline) {
        state.withLockedValue { state in
            if state.waits.count == Self.capacity { state.waits.removeFirst() }
            state.waits.append((now, wait))
        }
    }

    /// The time that nine in ten of the last questions did not exceed; zero without questions.
    func recentWait(now: NIODeadline) -> TimeAmount {
        state.withLockedValue { state in
            if let computed = state.computed, now - computed < Self.refresh { return state.figure }
            while let first = state.waits.first, now - first.time > Self.period {
                state.waits.removeFirst()
            }
            let sorted = state.waits.map(\.wait).sorted()
            state.figure = sorted.isEmpty ? .zero : sorted[sorted.count * 9 / 10]
            state.computed = now
            return state.figure
        }
    }

    /// Whether questions wait too long.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - oldestArrival: when the question came that waits longest.
    /// - Returns: true while new sessions should go elsewhere.
    func isOverloaded(now: NIODeadline, oldestArrival: NIODeadline?) -> Bool {
        if let oldestArrival, now - oldestArrival > Self.stallLimit { return true }
        return recentWait(now: now) > limit
    }
}
