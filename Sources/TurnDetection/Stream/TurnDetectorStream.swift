public import TurnCore

/// One live audio session of a ``TurnDetector``.
///
/// Push audio as it comes, and ask for a prediction when the speaker pauses; one request is in flight at a time, a new
/// one takes the place of the last. All methods may be called from any thread and return at once.
///
/// Audio and requests are taken in the order of the calls: a prediction sees all audio pushed before it (S-05). What
/// is kept is bounded: the local model's window, 10 s of audio that wait for a service, and as much on its way to both
/// (or as much as the model looks at, if that is more), the newest winning.
public final class TurnDetectorStream: Sendable {
    /// How often a stream connected and what it lost.
    public struct Statistics: Sendable, Hashable {
        /// Connections that stood.
        public let connectCount: Int
        /// Attempts in a row that failed; 0 again when a connection stands.
        public let retryCount: Int
        /// Samples, at the service's rate, that were dropped because nobody took them in time.
        public let droppedSampleCount: Int
    }

    private let core: StreamCore

    init(core: StreamCore) { self.core = core }

    deinit { core.abandon() }

    /// The slot that answers: `turn-detector-v1` or `turn-detector-v1-mini`.
    public var model: String {
        let version: TurnDetectorVersion = core.state.withLock { $0.service == .cloud ? .v1 : .v1Mini }
        return version.modelName
    }

    /// `livekit`, as in the reference.
    public var provider: String { TurnDetector.provider }

    /// Whether the local model took over from the service.
    public var isFallback: Bool { core.state.withLock { $0.isFallback } }

    /// Whether nobody answers any more: the service is lost, and there is no local model to fall back to.
    public var isDegraded: Bool { core.state.withLock { $0.isDegraded } }

    /// How long an application should wait for an answer before it calls ``cancelInference(timedOut:)``: 1 s.
    public var predictionTimeout: Duration { .seconds(1) }

    /// How often it connected and what it lost.
    public var statistics: Statistics {
        core.state.withLock { state in
            state.audio.receive(toService: state.isForService)
            return Statistics(
                connectCount: state.connectCount, retryCount: state.retryCount,
                droppedSampleCount: state.audio.droppedCount)
        }
    }

    /// ``TurnDetector/threshold(for:)`` of the detector, which all its streams share (S-20).
    public func threshold(for language: LanguageCode?) -> Double? { core.detector.threshold(for: language) }

    /// ``TurnDetector/backchannelThreshold(for:)`` of the detector, which all its streams share (S-20).
    public func backchannelThreshold(for language: LanguageCode?) -> Double? {
        core.detector.backchannelThreshold(for: language)
    }

    /// Takes audio of any length and format: copies it, and leaves the rest to those who work on it. Waits for no work,
    /// allocates nothing in steady state.
    ///
    /// Frames in another format than the first one since the start or the last flush are dropped with an error in the
    /// log. After the end of the input it does nothing.
    public func push(_ frame: AudioFrame) { core.push(frame) }

    /// Asks whether the turn had ended where the audio ends now.
    ///
    /// - Parameter lookback: how much of the audio counts for the local model, at most, for callers that know where
    ///   the turn began. Default nil: all since the last flush. A service keeps a window of its own.
    /// - Returns: a handle whose value always arrives. One that was asked for before is answered as superseded. After
    ///   the end of the input it is closed at once.
    public func predict(lookback: Duration? = nil) -> PredictionHandle { core.predict(lookback: lookback) }

    /// Calls the request in flight off, if there is one: it is answered with 0.0 as cancelled or timed out.
    ///
    /// - Parameter timedOut: the answer did not come in time. A service that was asked is then given up for the local
    ///   model, if fallback is on.
    public func cancelInference(timedOut: Bool = false) { core.cancel(timedOut: timedOut) }

    /// The same as timed out, unless the local model was asked.
    func giveUpService() { core.cancel(timedOut: true, serviceOnly: true) }

    /// Drops the audio heard so far, and the request in flight. A new format may follow.
    public func flush() { core.flush() }

    /// Flushes and takes no more audio. What waits for a service is still delivered.
    public func endInput() { core.endInput() }

    /// Ends the stream. A service is told and given a second (S-24). May be called again.
    public func close() async { await core.close() }
}
