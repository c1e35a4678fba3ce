import Testing
import TurnAudio

@Suite struct SampleRingTests {
    /// A ring whose next sample goes to slot `start`, and the next value to append.
    static func ring(capacity: Int, start: Int) -> (SampleRing, [Float]) {
        var ring = SampleRing(capacity: capacity)
        let values = (0..<start).map { Float($0) }
        ring.append(values)
        return (ring, values)
    }

    @Test(arguments: 1...9)
    func `R-109 newest samples win, from every slot, for every length`(capacity: Int) {
        for start in 0..<(2 * capacity) {
            for length in 0...(2 * capacity + 1) {
                var (ring, values) = Self.ring(capacity: capacity, start: start)
                let added = (0..<length).map { Float(100 + $0) }
                ring.append(added)
                values += added
                let trace = "capacity \(capacity), start \(start), length \(length)"
                let kept = Array(values.suffix(capacity))
                #expect(ring.count == kept.count, "\(trace)")
                #expect(ring.totalCount == values.count, "\(trace)")
                for requested in -1...(capacity + 1) {
                    let expected = Array(kept.suffix(max(0, requested)))
                    #expect(ring.last(requested) == expected, "\(trace), requested \(requested)")

                    var target = [Float](repeating: -7, count: capacity + 2)
                    let copied = target.withUnsafeMutableBufferPointer { ring.copyLast(requested, into: $0) }
                    #expect(copied == expected.count, "\(trace), requested \(requested)")
                    #expect(Array(target[..<copied]) == expected, "\(trace), requested \(requested)")
                    #expect(target[copied...].allSatisfy { $0 == -7 }, "\(trace), requested \(requested)")
                }
            }
        }
    }

    @Test(arguments: 1...9)
    func `R-112 the oldest can be dropped, more than there are too`(capacity: Int) {
        for start in 0..<(2 * capacity) {
            for dropped in -1...(capacity + 2) {
                var (ring, values) = Self.ring(capacity: capacity, start: start)
                ring.removeFirst(dropped)
                let kept = values.suffix(capacity).dropFirst(max(0, dropped))
                #expect(ring.last(capacity) == Array(kept), "start \(start), dropped \(dropped)")
                #expect(ring.totalCount == start)
                ring.append([50, 51])
                #expect(ring.last(capacity) == Array((kept + [50, 51]).suffix(capacity)))
            }
        }
    }

    @Test func `R-109 acceptance rows`() {
        func newest(capacity: Int, _ pushes: [[Float]]) -> [Float] {
            var ring = SampleRing(capacity: capacity)
            for push in pushes { ring.append(push) }
            return ring.last(capacity)
        }
        #expect(newest(capacity: 6, [[1, 2, 3, 4], [5, 6, 7]]) == [2, 3, 4, 5, 6, 7])
        #expect(newest(capacity: 4, [[1, 2, 3, 4], [5, 6]]) == [3, 4, 5, 6])
        #expect(newest(capacity: 3, (1...10).map { [Float($0)] }) == [8, 9, 10])
    }

    @Test func `R-113 what was read, and copies, do not follow the ring`() {
        var ring = SampleRing(capacity: 3)
        ring.append([1, 2, 3])
        var read = ring.last(3)
        read[0] = 9
        var copy = ring
        copy.append([4])
        #expect(ring.last(3) == [1, 2, 3])
        #expect(copy.last(3) == [2, 3, 4])
    }

    @Test func `a smaller target takes the newest`() {
        var ring = SampleRing(capacity: 5)
        ring.append([1, 2, 3, 4, 5, 6])
        var target = [Float](repeating: 0, count: 2)
        #expect(target.withUnsafeMutableBufferPointer { ring.copyLast(5, into: $0) } == 2)
        #expect(target == [5, 6])
    }

    @Test func `removeAll starts over`() {
        var ring = SampleRing(capacity: 4)
        ring.append([1, 2, 3, 4, 5])
        ring.removeAll()
        #expect(ring.count == 0 && ring.totalCount == 0 && ring.last(4).isEmpty)
        ring.append([6])
        #expect(ring.last(4) == [6])
    }

    @Test(arguments: [0, -5]) func `a capacity below 1 counts as 1`(capacity: Int) {
        var ring = SampleRing(capacity: capacity)
        ring.append([1, 2])
        #expect(ring.last(2) == [2])
    }
}
