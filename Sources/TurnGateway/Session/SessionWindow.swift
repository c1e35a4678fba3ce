import NIOConcurrencyHelpers
import NIOCore

/// The last audio of a session as 16-bit samples at 16 kHz, and what questions see of it.
///
/// A question sees the samples up to the moment it came, however late a worker takes it: what it may see is pinned. The
/// ring is a second longer than the window, so that audio in real time overwrites nothing pinned while a question
/// waits; audio that comes faster makes a copy first. Memory grows with what is heard, up to 288 KB.
///
/// `@unchecked Sendable`: all variables are touched only while `lock` is held. The event loop appends, workers copy.
final class SessionWindow: @unchecked Sendable {
    /// What a question sees.
    struct View: Sendable {
        fileprivate let id: UInt64
        /// Positions since the session's start.
        let range: Range<Int>
        /// `created_at` of the oldest and the newest audio in it.
        let earliest: Duration?
        let latest: Duration?
    }

    private struct Pin {
        let id: UInt64
        let range: Range<Int>
        /// Set when the ring could no longer hold the samples.
        var copy: [Int16]?
    }

    /// Audio whose `created_at` is kept apart; shorter pieces are counted to the one before.
    private static let stampDistance = 320
    private static let smallestCapacity = 16_000

    private let windowSampleCount: Int
    private let largestCapacity: Int
    private let lock = NIOLock()
    private var ring: [Int16] = []
    /// Samples since the session's start.
    private var end = 0
    /// Where the audio after the last flush begins.
    private var start = 0
    private var stamps = CircularBuffer<(position: Int, createdAt: Duration)>()
    private var latest: Duration?
    private var pins: [Pin] = []
    private var nextID: UInt64 = 0

    /// - Parameter windowSampleCount: samples that a question sees, at most.
    init(windowSampleCount: Int) {
        self.windowSampleCount = windowSampleCount
        largestCapacity = windowSampleCount + 16_000
    }

    /// Adds samples; the oldest make room.
    ///
    /// - Parameters:
    ///   - samples: any number.
    ///   - createdAt: when their client made them.
    func append(_ samples: UnsafeBufferPointer<Int16>, createdAt: Duration?) {
        lock.withLock {
            stamp(createdAt)
            var rest = samples
            while !rest.isEmpty {
                // A piece that is no longer than the ring is overwritten by nothing but later pieces.
                let piece = UnsafeBufferPointer(rebasing: rest.prefix(largestCapacity))
                makeRoom(for: piece.count)
                let offset = end % ring.count
                let first = min(piece.count, ring.count - offset)
                ring.withUnsafeMutableBufferPointer { ring in
                    _ = ring[offset...].update(fromContentsOf: piece[..<first])
                    _ = ring.update(fromContentsOf: piece[first...])
                }
                end += piece.count
                rest = UnsafeBufferPointer(rebasing: rest[piece.count...])
            }
        }
    }

    /// Forgets the audio so far; questions that wait still see theirs.
    func flush() {
        lock.withLock {
            start = end
            stamps.removeAll()
            latest = nil
        }
    }

    /// What a question that comes now sees. To be taken or released.
    func pin() -> View {
        lock.withLock {
            nextID += 1
            let range = max(start, end - windowSampleCount)..<end
            while stamps.count > 1,
                stamps[stamps.index(after: stamps.startIndex)].position <= range.lowerBound
            {
                stamps.removeFirst()
            }
            pins.append(Pin(id: nextID, range: range))
            return View(id: nextID, range: range, earliest: stamps.first?.createdAt, latest: latest)
        }
    }

    /// Gives up a view.
    func release(_ view: View) {
        lock.withLock { pins.removeAll { $0.id == view.id } }
    }

    /// Copies a view's samples to the start of `target`, scaled to -1...1, and gives the view up.
    ///
    /// - Returns: how many samples; none when the view was given up before.
    func take(_ view: View, into target: UnsafeMutableBufferPointer<Float>) -> Int {
        lock.lock()
        guard let index = pins.firstIndex(where: { $0.id == view.id }) else {
            lock.unlock()
            return 0
        }
        let pin = pins.remove(at: index)
        if let copy = pin.copy {
            lock.unlock()
            return Self.convert(copy[...], to: target, at: 0)
        }
        defer { lock.unlock() }
        let (first, second) = segments(pin.range)
        let count = Self.convert(ring[first], to: target, at: 0)
        return count + Self.convert(ring[second], to: target, at: count)
    }

    private func stamp(_ createdAt: Duration?) {
        guard let createdAt else { return }
        latest = createdAt
        if let last = stamps.last, end - last.position < Self.stampDistance { return }
        stamps.append((end, createdAt))
        while stamps.count > 1,
            stamps[stamps.index(after: stamps.startIndex)].position <= end - windowSampleCount
        {
            stamps.removeFirst()
        }
    }

    /// Grows the ring as far as it may, and saves what questions still need from being overwritten.
    private func makeRoom(for count: Int) {
        let needed = min(largestCapacity, end - start + count)
        // Samples before the last flush stay while the ring need not grow.
        if needed > ring.count {
            var capacity = max(ring.count, Self.smallestCapacity)
            while capacity < needed { capacity *= 2 }
            grow(to: min(capacity, largestCapacity))
        }
        savePins(before: end + count - ring.count)
    }

    /// Moves what the ring holds into a larger one.
    private func grow(to capacity: Int) {
        var larger = [Int16](repeating: 0, count: capacity)
        if !ring.isEmpty {
            for position in max(0, end - ring.count)..<end {
                larger[position % capacity] = ring[position % ring.count]
            }
        }
        ring = larger
    }

    /// Copies views that begin before a position.
    private func savePins(before position: Int) {
        for index in pins.indices where pins[index].copy == nil {
            let range = pins[index].range
            guard range.lowerBound < position, !range.isEmpty else { continue }
            let (first, second) = segments(range)
            pins[index].copy = Array(ring[first]) + ring[second]
        }
    }

    /// Where in the ring a range of positions lies.
    private func segments(_ range: Range<Int>) -> (Range<Int>, Range<Int>) {
        guard !range.isEmpty else { return (0..<0, 0..<0) }
        let offset = range.lowerBound % ring.count
        let first = min(range.count, ring.count - offset)
        return (offset..<(offset + first), 0..<(range.count - first))
    }

    private static func convert(
        _ samples: ArraySlice<Int16>, to target: UnsafeMutableBufferPointer<Float>, at offset: Int
    ) -> Int {
        samples.withUnsafeBufferPointer { samples in
            for index in samples.indices { target[offset + index] = Float(samples[index]) * (1 / 32_768) }
            return samples.count
        }
    }
}
