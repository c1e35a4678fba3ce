import TurnAudio
import TurnCore

/// Audio that waits, mixed down to mono at its own rate, with marks between it. What a thread that pushes does is done
/// here: check the format, copy.
///
/// Bounded as ``MarkedQueue`` is: the newest samples win.
struct MonoQueue<Mark> {
    var queue = MarkedQueue<Float, Mark>(limit: 1, reserve: 1, filler: 0)
    /// Of the audio; nil before the first frame and after ``unlatch()``.
    private(set) var format: AudioFormat?
    private let capacity: Duration

    /// - Parameter capacity: audio that may wait.
    init(capacity: Duration) { self.capacity = capacity }

    /// Of what waits.
    var sampleRate: Int { format?.sampleRate ?? 16_000 }

    /// Takes a frame of any length.
    ///
    /// - Throws: ``TurnError`` `.invalidAudio` for a format other than the first frame's; the frame is dropped.
    mutating func push(_ frame: AudioFrame) throws(TurnError) {
        if format != frame.format { try latch(frame.format) }
        queue.append(count: frame.sampleCount) { target, first in
            MixDown.mix(frame, from: first, into: target)
        }
    }

    /// Another format may follow; for a queue that holds no audio.
    mutating func unlatch() { format = nil }

    private mutating func latch(_ new: AudioFormat) throws(TurnError) {
        if let format { throw format.refusal(of: new) }
        queue.setLimit(
            Int(capacity.seconds * Double(new.sampleRate)), reserve: Int(0.25 * Double(new.sampleRate)))
        format = new
    }
}
