import Foundation

/// A value that tests change and wait for: no sleeping, no polling.
///
/// `@unchecked Sendable`: the state is touched only while `lock` is held.
public final class Recorder<Value: Sendable>: @unchecked Sendable {
    private struct Waiter {
        let condition: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Value, Never>
    }

    private let lock = NSLock()
    private var stored: Value
    private var waiters: [Int: Waiter] = [:]
    private var nextID = 0

    public init(_ value: Value) { stored = value }

    public var value: Value { lock.withLock { stored } }

    public func update(_ change: (inout Value) -> Void) {
        let (met, value) = lock.withLock { () -> ([Waiter], Value) in
            change(&stored)
            let met = waiters.filter { $0.value.condition(stored) }
            for id in met.keys { waiters[id] = nil }
            return (met.sorted { $0.key < $1.key }.map(\.value), stored)
        }
        for waiter in met { waiter.continuation.resume(returning: value) }
    }

    /// The value once it meets the condition; as it is then when the task is cancelled, as that of a test over its
    /// time limit is.
    @discardableResult
    public func first(where condition: @escaping @Sendable (Value) -> Bool) async -> Value {
        let id = lock.withLock { () -> Int in
            nextID += 1
            return nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = lock.withLock { () -> Value? in
                    if condition(stored) || Task.isCancelled { return stored }
                    waiters[id] = Waiter(condition: condition, continuation: continuation)
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let (waiter, value) = lock.withLock { (waiters.removeValue(forKey: id), stored) }
            waiter?.continuation.resume(returning: value)
        }
    }
}
