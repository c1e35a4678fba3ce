import NIOConcurrencyHelpers
import NIOCore
import TurnCore

/// Tells when there is too much to do: when questions wait too long for a worker, or will once all open sessions talk.
///
/// The first figure is the time that nine in ten questions of the last ``period`` did not exceed; so one slow answer
/// does not turn sessions away, and ``period`` after the load is gone all is forgotten. When the question that waits
/// longest has waited a second, the workers are stuck and that counts as well. The second is ``LoadForecast``.
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
        var forecast: LoadForecast
    }

    private let waitLimit: TimeAmount
    private let loadLimit: Double
    private let state: NIOLockedValueBox<State>

    /// - Parameters:
    ///   - waitLimit: longer is too long.
    ///   - loadLimit: more than this share of the workers' time is too much.
    ///   - workers: predictions that are computed at once.
    ///   - now: the time.
    init(waitLimit: TimeAmount, loadLimit: Double, workers: Int, now: NIODeadline) {
        self.waitLimit = waitLimit
        self.loadLimit = loadLimit
        state = NIOLockedValueBox(State(forecast: LoadForecast(workers: workers, now: now)))
    }

    /// A question reached a worker, or was given up.
    func record(_ wait: TimeAmount, now: NIODeadline) {
        state.withLockedValue { state in
            if state.waits.count == Self.capacity { state.waits.removeFirst() }
            state.waits.append((now, wait))
        }
    }

    /// Something happened that the forecast goes by.
    func note(_ change: (inout LoadForecast) -> Void) {
        state.withLockedValue { change(&$0.forecast) }
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

    /// The share of the workers' time that sessions will take, those that are open and `more`.
    func load(with more: Int = 0, now: NIODeadline) -> Double {
        state.withLockedValue { $0.forecast.load(with: more, now: now) }
    }

    /// Whether another session is too much.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - oldestArrival: when the question came that waits longest.
    /// - Returns: true while new sessions should go elsewhere.
    func isOverloaded(now: NIODeadline, oldestArrival: NIODeadline?) -> Bool {
        if let oldestArrival, now - oldestArrival > Self.stallLimit { return true }
        return recentWait(now: now) > waitLimit || load(with: 1, now: now) > loadLimit
    }
}
