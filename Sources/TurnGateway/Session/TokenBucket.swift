import NIOCore

/// Bounds a rate: so much may come at once, and so much more a second.
struct TokenBucket {
    private let rate: Double
    private let capacity: Double
    private var level: Double
    private var time: NIODeadline

    /// - Parameters:
    ///   - rate: a second.
    ///   - capacity: at once.
    ///   - now: the time; the bucket is full.
    init(rate: Double, capacity: Double, now: NIODeadline) {
        self.rate = rate
        self.capacity = capacity
        level = capacity
        time = now
    }

    /// Takes an amount, if it is there.
    mutating func take(_ amount: Double, now: NIODeadline) -> Bool {
        level = min(capacity, level + rate * Double((now - time).nanoseconds) * 1e-9)
        time = now
        guard amount <= level else { return false }
        level -= amount
        return true
    }
}
