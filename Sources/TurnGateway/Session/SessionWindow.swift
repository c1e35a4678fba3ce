import NIOConcurrencyHelpers
import NIOCore

/// The last audio of a session as 16-bit samples at 16 kHz, and what questions see of it.
///
/// A question sees the samples up to the moment it came, however late a worker takes it: what it may see is pinned. The
/// ring is a second longer than the window, so that audio in real time overwrites nothing pinned while a question
/// waits; audio that comes faster makes a copy first. The ring consists of pieces of a second, 32 KB each, which are
/// reserved as audio comes: 288 KB for a window of 8 s.
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
    /// Samples of one piece of the ring.
    private static let pieceCount = 16_000

    private let windowSampleCount: Int
    private let capacity: Int
    private let lock = NIOLock()
    /// The ring's pieces; empty until audio comes to them.
    private var pieces: [[Int16]]
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
        let count = (windowSampleCount + Self.pieceCount - 1) / Self.pieceCount + 1
        capacity = count * Self.pieceCount
        pieces = Array(repeating: [], count: count)
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
                let (index, offset) = (end % capacity).quotientAndRemainder(dividingBy: Self.pieceCount)
                let count = min(rest.count, Self.pieceCount - offset)
                savePins(before: end + count - capacity)
                if pieces[index].isEmpty { pieces[index] = [Int16](repeating: 0, count: Self.pieceCount) }
                pieces[index].withUnsafeMutableBufferPointer { piece in
                    _ = piece[offset...].update(fromContentsOf: rest.prefix(count))
                }
                end += count
                rest = UnsafeBufferPointer(rebasing: rest.dropFirst(count))
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
        var count = 0
        forEachPart(of: pin.range) { count += Self.convert($0, to: target, at: count) }
        return count
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

    /// Copies pinned samples before a position, which are about to be overwritten.
    private func savePins(before position: Int) {
        for index in pins.indices where pins[index].copy == nil && pins[index].range.lowerBound < position {
            var copy: [Int16] = []
            copy.reserveCapacity(pins[index].range.count)
            forEachPart(of: pins[index].range) { copy += $0 }
            pins[index].copy = copy
        }
    }

    /// Calls `body` with the samples at a range of positions, piece by piece.
    private func forEachPart(of range: Range<Int>, _ body: (ArraySlice<Int16>) -> Void) {
        var position = range.lowerBound
        while position < range.upperBound {
            let (index, offset) = (position % capacity).quotientAndRemainder(dividingBy: Self.pieceCount)
            let count = min(range.upperBound - position, Self.pieceCount - offset)
            body(pieces[index][offset..<(offset + count)])
            position += count
        }
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
