/// What calls on an audio path cost: percentiles of time, and allocations.
public struct PushCost: Sendable {
    /// Sorted.
    public let durations: [Duration]
    /// By the calling thread, over all calls.
    public let allocationCount: UInt64

    /// Calls `body` again and again.
    ///
    /// - Parameters:
    ///   - count: calls that are measured.
    ///   - warmUp: calls before them.
    ///   - allocations: counts this thread's allocations so far.
    ///   - between: called after each of them, not measured; a pause lets other threads go to sleep again.
    ///   - body: is given the number of the call.
    /// - Returns: the measurement.
    public static func measure(
        count: Int, warmUp: Int, allocations: () -> UInt64, between: () -> Void = {},
        _ body: (Int) -> Void
    ) -> PushCost {
        for index in 0..<warmUp {
            body(index)
            between()
        }
        let clock = ContinuousClock()
        var durations = [Duration](repeating: .zero, count: count)
        var allocated: UInt64 = 0
        for index in 0..<count {
            let before = allocations()
            let start = clock.now
            body(warmUp + index)
            durations[index] = clock.now - start
            allocated += allocations() - before
            between()
        }
        return PushCost(durations: durations.sorted(), allocationCount: allocated)
    }

    /// - Parameter fraction: 0...1.
    /// - Returns: the time that this share of the calls stayed within.
    public func percentile(_ fraction: Double) -> Duration {
        durations[min(durations.count - 1, Int(Double(durations.count) * fraction))]
    }
}
