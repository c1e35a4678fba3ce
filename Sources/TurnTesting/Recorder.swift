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
    private var waiters: [Waiter] = []

    public init(_ value: Value) { stored = value }

    public var value: Value { lock.withLock { stored } }

    public func update(_ change: (inout Value) -> Void) {
        let (met, value) = lock.withLock { () -> ([Waiter], Value) in
            change(&stored)
            let met = waiters.filter { $0.condition(stored) }
            waiters.removeAll { $0.condition(stored) }
            return (met, stored)
        }
        for waiter in met { waiter.continuation.resume(returning: value) }
    }

    /// The value once it meets the condition.
    @discardableResult
    public func first(where condition: @escaping @Sendable (Value) -> Bool) async -> Value {
        await withCheckedContinuation { continuation in
            let now = lock.withLock { () -> Value? in
                if condition(stored) { return stored }
                waiters.append(Waiter(condition: condition, continuation: continuation))
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }
}
