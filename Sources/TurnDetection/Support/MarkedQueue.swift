/// Samples that wait, in order, with marks between them.
///
/// The samples are bounded: when it is full, the newest win and the lost ones are counted; marks stay, and move to the
/// oldest sample that is left. Storage grows with a backlog up to the bound and is kept then, so that steady state
/// allocates nothing. How many marks may wait is the owner's to bound.
struct MarkedQueue<Sample, Mark> {
    /// Samples that were dropped because nobody took them in time.
    private(set) var droppedCount = 0
    /// Marks with the position that they follow.
    private(set) var marks: [(position: Int, mark: Mark)] = []
    private var limit: Int
    private let filler: Sample
    private var storage: [Sample]
    /// Position of the oldest sample since the start.
    private var start = 0
    /// Position after the newest one.
    private var end = 0

    /// - Parameters:
    ///   - limit: samples that may wait.
    ///   - reserve: samples to have room for from the start.
    ///   - filler: any sample, for room that is not in use.
    init(limit: Int, reserve: Int, filler: Sample) {
        self.limit = max(limit, 1)
        self.filler = filler
        storage = [Sample](repeating: filler, count: max(1, min(reserve, self.limit)))
    }

    var isEmpty: Bool { start == end && marks.isEmpty }
    var sampleCount: Int { end - start }
    /// Whether nothing was appended since the last mark.
    var endsWithMark: Bool { marks.last?.position == end }

    /// Samples before a mark; nil if there are not so many marks.
    func distance(to index: Int) -> Int? {
        marks.indices.contains(index) ? max(0, marks[index].position - start) : nil
    }

    /// Appends samples that `write` puts in place; the oldest make room.
    ///
    /// - Parameters:
    ///   - count: how many there are.
    ///   - write: is given a piece of storage and the index, among the samples, of its first one; called twice at most.
    mutating func append(
        count: Int, _ write: (_ target: UnsafeMutableBufferPointer<Sample>, _ first: Int) -> Void
    ) {
        let kept = min(count, limit)
        droppedCount += count - kept
        let overflow = sampleCount + kept - limit
        if overflow > 0 {
            start += overflow
            droppedCount += overflow
        }
        reserve(sampleCount + kept)
        guard kept > 0 else { return }
        let place = end % storage.count
        let first = min(kept, storage.count - place)
        storage.withUnsafeMutableBufferPointer { storage in
            write(UnsafeMutableBufferPointer(rebasing: storage[place..<(place + first)]), count - kept)
            guard first < kept else { return }
            write(UnsafeMutableBufferPointer(rebasing: storage[..<(kept - first)]), count - kept + first)
        }
        end += kept
    }

    /// Appends samples; the oldest make room.
    mutating func append(_ samples: UnsafeBufferPointer<Sample>) {
        append(count: samples.count) { target, first in
            _ = target.update(fromContentsOf: samples[first..<(first + target.count)])
        }
    }

    /// How many samples may wait from now on; for a queue that holds none.
    mutating func setLimit(_ limit: Int, reserve: Int) {
        self.limit = max(limit, 1)
        self.reserve(min(reserve, self.limit))
    }

    mutating func append(mark: Mark) { marks.append((end, mark)) }

    mutating func popMark() -> Mark? { marks.isEmpty ? nil : marks.removeFirst().mark }

    mutating func removeMark(at index: Int) { marks.remove(at: index) }

    mutating func removeMarks(where condition: (Mark) -> Bool) { marks.removeAll { condition($0.mark) } }

    /// Takes the oldest samples, at most as many as there are.
    mutating func pop(_ count: Int) -> [Sample] {
        let taken = max(0, min(count, sampleCount))
        // Made from no room, an array would write into the empty array that all threads share.
        guard taken > 0 else { return [] }
        defer { start += taken }
        return [Sample](unsafeUninitializedCapacity: taken) { buffer, initializedCount in
            let place = start % storage.count
            let first = min(taken, storage.count - place)
            storage.withUnsafeBufferPointer { storage in
                _ = buffer.initialize(fromContentsOf: storage[place..<(place + first)])
                _ = buffer[first...].initialize(fromContentsOf: storage[..<(taken - first)])
            }
            initializedCount = taken
        }
    }

    /// Copies the oldest samples to the start of `target` and takes them out: as many as it holds, or all.
    ///
    /// - Returns: how many.
    mutating func pop(into target: UnsafeMutableBufferPointer<Sample>) -> Int {
        let taken = min(target.count, sampleCount)
        let place = start % storage.count
        let first = min(taken, storage.count - place)
        storage.withUnsafeBufferPointer { storage in
            _ = target.update(fromContentsOf: storage[place..<(place + first)])
            _ = target[first...].update(fromContentsOf: storage[..<(taken - first)])
        }
        start += taken
        return taken
    }

    /// Drops everything; the count of what was lost goes on.
    mutating func removeAll() {
        start = end
        marks = []
    }

    private mutating func reserve(_ count: Int) {
        guard count > storage.count else { return }
        let grown = min(limit, max(count, storage.count * 2))
        // From the front on; positions start over with it.
        let waiting = sampleCount
        var target = [Sample](repeating: filler, count: grown)
        let base = start
        _ = target.withUnsafeMutableBufferPointer { pop(into: $0) }
        storage = target
        for index in marks.indices { marks[index].position -= base }
        start = 0
        end = waiting
    }
}
