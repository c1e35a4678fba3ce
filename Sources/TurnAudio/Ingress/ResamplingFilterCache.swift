import TurnCore

/// Shares each ratio's ``ResamplingFilter`` between all resamplers of the process.
///
/// Filters in use are found again for as long as a resampler holds them; besides, the last
/// ``keptCount`` are kept, at most 4 MiB, so that streams that come one after another do not design anew.
final class ResamplingFilterCache: Sendable {
    static let shared = ResamplingFilterCache()

    private static let keptCount = 4

    private struct Ratio: Hashable {
        let upFactor: Int
        let downFactor: Int
    }

    private struct WeakFilter {
        weak var filter: ResamplingFilter?
    }

    private struct State {
        var live: [Ratio: WeakFilter] = [:]
        var kept: [ResamplingFilter] = []

        mutating func keep(_ filter: ResamplingFilter) {
            kept.removeAll { $0 === filter }
            if kept.count == keptCount { kept.removeFirst() }
            kept.append(filter)
        }
    }

    private let state = Lock(State())

    /// The filter of a ratio in lowest terms, designed on first use outside the lock.
    func filter(upFactor: Int, downFactor: Int) -> ResamplingFilter {
        let ratio = Ratio(upFactor: upFactor, downFactor: downFactor)
        let known = state.withLock { state in
            let filter = state.live[ratio]?.filter
            if let filter { state.keep(filter) }
            return filter
        }
        if let known { return known }

        let designed = ResamplingFilter(upFactor: upFactor, downFactor: downFactor)
        return state.withLock { state in
            // Another thread may have been faster; all share the first.
            let filter = state.live[ratio]?.filter ?? designed
            state.live = state.live.filter { $0.value.filter != nil }
            state.live[ratio] = WeakFilter(filter: filter)
            state.keep(filter)
            return filter
        }
    }
}
