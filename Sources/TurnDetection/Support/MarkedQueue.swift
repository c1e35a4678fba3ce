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
    private let limit: Int
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

    mutating func append(_ samples: some Collection<Sample>) {
        let kept = samples.suffix(limit)
        droppedCount += samples.count - kept.count
        let overflow = sampleCount + kept.count - limit
        if overflow > 0 {
            start += overflow
            droppedCount += overflow
        }
        reserve(sampleCount + kept.count)
        for sample in kept {
            storage[end % storage.count] = sample
            end += 1
        }
    }

    mutating func append(mark: Mark) { marks.append((end, mark)) }

    mutating func popMark() -> Mark? { marks.isEmpty ? nil : marks.removeFirst().mark }

    mutating func removeMark(at index: Int) { marks.remove(at: index) }

    mutating func removeMarks(where condition: (Mark) -> Bool) { marks.removeAll { condition($0.mark) } }

    /// Takes the oldest samples, at most as many as there are.
    mutating func pop(_ count: Int) -> [Sample] {
        let taken = max(0, min(count, sampleCount))
        defer { start += taken }
        return [Sample](unsafeUninitializedCapacity: taken) { buffer, initializedCount in
            for index in 0..<taken {
                buffer.initializeElement(at: index, to: storage[(start + index) % storage.count])
            }
            initializedCount = taken
        }
    }

    /// Drops everything; the count of what was lost goes on.
    mutating func removeAll() {
        start = end
        marks = []
    }

    private mutating func reserve(_ count: Int) {
        guard count > storage.count else { return }
        let grown = min(limit, max(count, storage.count * 2))
        var target = [Sample](repeating: filler, count: grown)
        for position in start..<end { target[position % grown] = storage[position % storage.count] }
        storage = target
    }
}
