import Foundation

/// A clock that stands still until a test moves it.
///
/// `@unchecked Sendable`: the state is touched only while `lock` is held.
public final class ManualClock: Clock, @unchecked Sendable {
    public struct Instant: InstantProtocol {
        public let offset: Duration

        public func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        public func duration(to other: Instant) -> Duration { other.offset - offset }
        public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let lock = NSLock()
    private var time = Instant(offset: .zero)
    private var sleepers: [Int: Sleeper] = [:]
    private var cancelled: Set<Int> = []
    private var nextID = 0

    /// How many tasks sleep on it.
    public let sleeperCount = Recorder(0)

    public init() {}

    public var now: Instant { lock.withLock { time } }
    /// When those who sleep wake, the earliest first.
    public var deadlines: [Instant] { lock.withLock { sleepers.values.map(\.deadline).sorted() } }
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Moves the time on and wakes those whose time has come, the earliest first.
    public func advance(by duration: Duration) {
        let due = lock.withLock { () -> [Sleeper] in
            time = time.advanced(by: duration)
            let due = sleepers.filter { $0.value.deadline <= time }
            for key in due.keys { sleepers[key] = nil }
            return due.sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }.map(\.value)
        }
        report()
        for sleeper in due { sleeper.continuation.resume() }
    }

    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = lock.withLock { () -> Int in
            nextID += 1
            return nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = lock.withLock { () -> Result<Void, any Error>? in
                    if cancelled.remove(id) != nil || Task.isCancelled {
                        return .failure(CancellationError())
                    }
                    if deadline <= time { return .success(()) }
                    sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
                    return nil
                }
                if let isOver { continuation.resume(with: isOver) } else { report() }
            }
        } onCancel: {
            let sleeper = lock.withLock { () -> Sleeper? in
                guard let sleeper = sleepers.removeValue(forKey: id) else {
                    cancelled.insert(id)
                    return nil
                }
                return sleeper
            }
            report()
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    private func report() {
        let count = lock.withLock { sleepers.count }
        sleeperCount.update { $0 = count }
    }
}
