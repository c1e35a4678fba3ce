/// The last samples of a stream, in storage of a fixed size: when it is full, the newest samples win.
///
/// Nothing is allocated after ``init(capacity:)``, except that a copy of the value gets storage of its own when
/// either is written to. Not for use from two threads at once.
///
/// Source: the buffer rules of LiveKit Agents 1.8.9.
public struct SampleRing: Sendable {
    /// Samples that are kept, at most.
    public let capacity: Int
    /// Samples that are kept now.
    public private(set) var count = 0
    /// Samples that were ever appended since the start or ``removeAll()``.
    public private(set) var totalCount = 0

    private var storage: [Float]
    /// Where the next sample goes.
    private var end = 0

    /// An empty ring.
    ///
    /// - Parameter capacity: samples to keep; values below 1 count as 1.
    public init(capacity: Int) {
        self.capacity = max(1, capacity)
        storage = [Float](repeating: 0, count: self.capacity)
    }

    /// Appends samples in order; the oldest make room.
    public mutating func append(_ samples: UnsafeBufferPointer<Float>) {
        totalCount += samples.count
        let kept = UnsafeBufferPointer(rebasing: samples.suffix(capacity))
        guard !kept.isEmpty else { return }
        let first = min(kept.count, capacity - end)
        let start = end
        storage.withUnsafeMutableBufferPointer { storage in
            _ = storage[start...].update(fromContentsOf: kept[..<first])
            _ = storage.update(fromContentsOf: kept[first...])
        }
        end = (end + kept.count) % capacity
        count = min(capacity, count + kept.count)
    }

    /// ``append(_:)-(UnsafeBufferPointer<Float>)`` for an array.
    public mutating func append(_ samples: [Float]) {
        samples.withUnsafeBufferPointer { append($0) }
    }

    /// Copies the newest samples, oldest first, to the start of `target`.
    ///
    /// - Parameters:
    ///   - requested: how many; no more are copied than there are, or than `target` holds.
    ///   - target: memory of the caller; what lies beyond the copied samples stays as it is.
    /// - Returns: how many were copied.
    @discardableResult
    public func copyLast(_ requested: Int, into target: UnsafeMutableBufferPointer<Float>) -> Int {
        let copied = max(0, min(requested, count, target.count))
        guard copied > 0 else { return 0 }
        let start = (end - copied + capacity) % capacity
        let first = min(copied, capacity - start)
        storage.withUnsafeBufferPointer { storage in
            _ = target.update(fromContentsOf: storage[start..<(start + first)])
            _ = target[first...].update(fromContentsOf: storage[..<(copied - first)])
        }
        return copied
    }

    /// The newest samples, oldest first.
    ///
    /// - Parameter requested: how many.
    /// - Returns: as many, or all when there are fewer.
    public func last(_ requested: Int) -> [Float] {
        let copied = max(0, min(requested, count))
        // Made from no room, an array would write into the empty array that all threads share.
        guard copied > 0 else { return [] }
        return [Float](unsafeUninitializedCapacity: copied) { buffer, initializedCount in
            buffer.initialize(repeating: 0)
            initializedCount = copyLast(copied, into: buffer)
        }
    }

    /// Drops the oldest samples: at most as many as there are. ``totalCount`` stays.
    public mutating func removeFirst(_ dropped: Int) {
        count -= max(0, min(dropped, count))
    }

    /// Empties the ring; ``totalCount`` starts over.
    public mutating func removeAll() {
        count = 0
        totalCount = 0
        end = 0
    }
}
