import TurnCore

/// What waits to be sent to a service, in order: audio, and between it requests, flushes and the end.
///
/// Bounded: of audio beyond the limit the newest samples win, of requests the latest sixteen.
struct OutboundQueue {
    enum Mark: Equatable {
        case predict(String)
        case flush
        case end
    }

    /// Requests that may wait; a service answers the last one only.
    static let requestLimit = 16

    private var queue: MarkedQueue<Int16, Mark>

    /// - Parameters:
    ///   - limit: samples that may wait.
    ///   - reserve: samples to have room for from the start.
    init(limit: Int, reserve: Int) {
        queue = MarkedQueue(limit: limit, reserve: reserve, filler: 0)
    }

    var isEmpty: Bool { queue.isEmpty }
    var sampleCount: Int { queue.sampleCount }
    /// Samples that were dropped because nobody took them in time.
    var droppedCount: Int { queue.droppedCount }

    mutating func append(_ samples: UnsafeBufferPointer<Float>) {
        queue.append(count: samples.count) { target, first in
            for index in target.indices { target[index] = Self.sample(samples[first + index]) }
        }
        // Flushes that have lost the audio between them say the same thing twice.
        while queue.marks.count > 1, queue.marks[0].mark == .flush, queue.marks[1].mark == .flush,
            queue.distance(to: 1) == 0
        {
            queue.removeMark(at: 0)
        }
    }

    mutating func append(_ mark: Mark) {
        if mark == .flush, queue.endsWithMark, queue.marks.last?.mark == .flush { return }
        if case .predict = mark {
            let waiting = queue.marks.indices.filter { queue.marks[$0].mark.isRequest }
            if waiting.count >= Self.requestLimit { queue.removeMark(at: waiting[0]) }
        }
        queue.append(mark: mark)
    }

    /// Takes a request back that was not sent yet.
    mutating func remove(requestID: String) { queue.removeMarks { $0 == .predict(requestID) } }

    /// Drops everything; the count of what was lost goes on.
    mutating func removeAll() { queue.removeAll() }

    /// Takes the next thing to send.
    ///
    /// - Parameter sampleLimit: samples in one piece of audio, at most.
    /// - Returns: nil if there is nothing.
    mutating func popFirst(sampleLimit: Int) -> TransportCommand? {
        let distance = queue.distance(to: 0)
        if distance == 0 {
            switch queue.popMark() {
            case .predict(let requestID): return .predict(requestID: requestID)
            case .flush: return .flush
            case .end: return .end
            case nil: return nil
            }
        }
        let count = min(sampleLimit, distance ?? queue.sampleCount)
        return count > 0 ? .audio(queue.pop(count)) : nil
    }

    /// Rounds to the nearest integer: a number below 2^22 has no fraction left beside 1.5 * 2^23.
    @inline(__always)
    private static func sample(_ value: Float) -> Int16 {
        let magic: Float = 12_582_912
        let scaled = value == value ? min(max(value * 32_768, -32_768), 32_767) : 0
        return Int16((scaled + magic) - magic)
    }
}

extension OutboundQueue.Mark {
    fileprivate var isRequest: Bool { if case .predict = self { true } else { false } }
}
