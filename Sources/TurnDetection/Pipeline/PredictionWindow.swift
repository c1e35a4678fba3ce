import TurnAudio
import TurnCore

/// Which audio a prediction looks at: the open turn from half a second before its first speech, and nothing of an
/// earlier turn's speech.
struct TurnSpan {
    /// Audio from before the first speech; voice activity needs a moment to be certain, and onsets are soft.
    static let lead: Duration = .milliseconds(500)

    /// Audio before it does not count.
    private var floor: Duration = .zero

    /// From now on nothing up to the last speech of the turn counts.
    mutating func turnEnded(lastSpeech: Duration) { floor = max(.zero, lastSpeech) }

    /// From now on nothing heard so far counts.
    mutating func flush(at now: Duration) { floor = now }

    /// - Parameter start: where the turn's first speech began; nil for all audio since the last flush.
    /// - Returns: where the audio that counts begins.
    func audioStart(_ start: Duration?) -> Duration { max(start.map { $0 - Self.lead } ?? floor, floor) }
}

/// The last audio of a stream, at most as much as the model takes.
struct PredictionWindow {
    private var ring: SampleRing

    init(sampleCount: Int) { ring = SampleRing(capacity: sampleCount) }

    mutating func append(_ samples: UnsafeBufferPointer<Float>) { ring.append(samples) }

    mutating func reset() { ring.removeAll() }

    /// Hands the audio that counts to `body`, in memory that lives as long as the call: predictions are rare, streams may
    /// be many.
    ///
    /// - Parameters:
    ///   - start: where it begins.
    ///   - body: uses the samples, oldest first; they are valid during the call only.
    /// - Returns: what `body` returns.
    func withAudio<Result>(since start: Duration, _ body: (UnsafeBufferPointer<Float>) -> Result) -> Result {
        ring.last(max(0, ring.totalCount - start.sampleCount)).withUnsafeBufferPointer(body)
    }
}
