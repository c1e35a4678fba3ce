import TurnAudio
import TurnCore

/// The audio that a prediction looks at: the open turn from half a second before its first speech, at most the last
/// samples that the model takes. What comes before is silence, and nothing of an earlier turn's speech.
struct PredictionWindow {
    /// Audio from before the first speech; voice activity needs a moment to be certain, and onsets are soft.
    static let lead: Duration = .milliseconds(500)

    private var ring: SampleRing
    private var scratch: [Float]
    /// Samples before it do not count.
    private var floor = 0

    init(sampleCount: Int) {
        ring = SampleRing(capacity: sampleCount)
        scratch = [Float](repeating: 0, count: ring.capacity)
    }

    mutating func append(_ samples: UnsafeBufferPointer<Float>) { ring.append(samples) }

    /// From now on nothing up to the last speech of the turn counts.
    mutating func turnEnded(lastSpeech: Duration) { floor = max(0, lastSpeech.sampleCount) }

    /// From now on nothing heard so far counts.
    mutating func flush() { floor = ring.totalCount }

    mutating func reset() {
        ring.removeAll()
        floor = 0
    }

    /// Hands the audio that counts to `body`.
    ///
    /// - Parameters:
    ///   - start: where the turn's first speech began; nil for all audio since the last flush.
    ///   - body: uses the samples, oldest first; they are valid during the call only.
    /// - Returns: what `body` returns.
    mutating func withAudio<Result>(
        since start: Duration?, _ body: (UnsafeBufferPointer<Float>) -> Result
    ) -> Result {
        let first = max(start.map { ($0 - Self.lead).sampleCount } ?? floor, floor)
        let count = max(0, ring.totalCount - first)
        return scratch.withUnsafeMutableBufferPointer { scratch in
            let copied = ring.copyLast(count, into: scratch)
            return body(UnsafeBufferPointer(rebasing: scratch[..<copied]))
        }
    }
}
