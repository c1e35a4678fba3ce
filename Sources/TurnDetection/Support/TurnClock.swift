/// A clock with its type erased: what the detector and the session need of one.
public struct TurnClock: Sendable {
    private let elapsed: @Sendable () -> Duration
    private let wait: @Sendable (Duration) async throws -> Void

    /// - Parameter clock: gives the time, and wakes sleepers; tests hand in a manual one.
    public init<Base: Clock>(_ clock: Base) where Base.Duration == Duration {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        wait = { deadline in try await clock.sleep(until: start.advanced(by: deadline), tolerance: nil) }
    }

    /// The system's clock that also runs while the machine sleeps.
    public static var continuous: TurnClock { TurnClock(ContinuousClock()) }

    /// Time since this value was made.
    public var now: Duration { elapsed() }

    /// Returns when ``now`` has reached the deadline.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    public func sleep(until deadline: Duration) async throws { try await wait(deadline) }

    /// Returns when the time has passed.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    public func sleep(for duration: Duration) async throws { try await sleep(until: now + duration) }
}
