import Logging
public import TurnCore

/// One conversation: audio in, turns out.
///
/// Push the user's audio as it comes and read ``events``. With a speech recogniser, push its transcripts too: a turn
/// then ends only with something said. Tell when the agent speaks, so that learnt delays know. All methods may be
/// called from any thread and return at once, but for those that are `async`.
///
/// Times in events are the audio's own; where audio fails to come for a while, delays go on by the clock, and the stall
/// counts. At most 10 s of audio wait to be worked on, the newest winning (``droppedSampleCount``).
public final class TurnSession: Sendable {
    /// What happened, in order, for one reader. Ends with the session. Of events that are not read the last 4096 are
    /// kept.
    public let events: AsyncStream<TurnEvent>

    private let inbox: SessionInbox
    private let stream: TurnDetectorStream
    private let worker: Task<Void, Never>
    private let log: Logger

    /// A session that is ready for audio.
    ///
    /// - Parameters:
    ///   - detector: predicts the end of turns; its thresholds count.
    ///   - speechModel: tells speech from silence, such as Silero VAD.
    ///   - options: delays and the rest.
    /// - Throws: ``TurnError`` `.invalidArgument` for options out of range.
    public init(
        detector: TurnDetector, speechModel: any SpeechActivityModel,
        options: TurnSessionOptions = TurnSessionOptions()
    ) throws(TurnError) {
        try options.validate()
        let machine = try TurnMachine(
            options: options.turn, endpointing: options.endpointing,
            thresholds: detector.thresholds.endOfTurn, language: options.language)
        let inbox = SessionInbox(windowSampleCount: speechModel.windowSampleCount)
        let stream = try detector.stream(connectionOptions: options.connectionOptions) {
            [weak inbox] change in
            inbox?.put(.service(change))
        }
        let (events, continuation) = AsyncStream.makeStream(
            of: TurnEvent.self, bufferingPolicy: .bufferingNewest(4_096))
        self.events = events
        self.inbox = inbox
        self.stream = stream
        log = detector.options.logger
        worker = Task {
            let engine = SessionEngine(
                detector: detector, stream: stream, speechModel: speechModel, machine: machine,
                options: options,
                inbox: inbox, emit: { continuation.yield($0) })
            await engine.run()
            continuation.finish()
            await stream.close()
        }
    }

    deinit { inbox.put(.finish) }

    /// Samples at 16 kHz that were dropped because the session was too slow for the audio.
    public var droppedSampleCount: Int { inbox.droppedCount }

    /// The slot that answers: `turn-detector-v1` or `turn-detector-v1-mini`.
    public var model: String { stream.model }

    /// Whether the local model took over from the service.
    public var isFallback: Bool { stream.isFallback }

    /// Whether nobody answers any more.
    public var isDegraded: Bool { stream.isDegraded }

    /// Takes audio of any length and format. Never blocks, allocates nothing in steady state.
    ///
    /// Frames in another format than the first one are dropped with an error in the log.
    public func push(_ frame: AudioFrame) {
        do throws(TurnError) {
            try inbox.push(frame)
        } catch {
            log.error("audio was dropped: \(error)")
        }
    }

    /// Takes a transcript of what was pushed. From the first one on a turn needs a final transcript to end.
    public func push(_ transcript: Transcript) { inbox.put(.turn(.transcript(transcript))) }

    /// The agent began to speak.
    public func agentSpeechStarted() { inbox.put(.turn(.agentSpeechStarted)) }

    /// The agent fell silent.
    public func agentSpeechEnded() { inbox.put(.turn(.agentSpeechEnded)) }

    /// The user's speech over the agent's was judged an interruption, or not; learnt delays take it into account.
    public func judgeInterruption(_ isInterruption: Bool) {
        inbox.put(.turn(.interruptionJudged(isInterruption)))
    }

    /// Ends the turn, when the shorter delay after the last speech has passed, so that a last transcript finds in.
    public func commitTurn() { inbox.put(.turn(.commitTurn)) }

    /// Drops what was heard and said of the turn.
    public func clearTurn() { inbox.put(.turn(.clearTurn)) }

    /// Turns end by ``commitTurn()`` alone, or by voice again.
    public func setManualMode(_ isManual: Bool) { inbox.put(.turn(.manualMode(isManual))) }

    /// Returns when all that was pushed before has been worked through.
    public func processed() async {
        await withUnsafeContinuation { continuation in
            if !inbox.put(.mark(continuation)) { continuation.resume() }
        }
    }

    /// Ends the audio: an open speech segment and an open turn end with it, then the events end and the stream is
    /// closed. Returns when all that is done; may be called again.
    public func finish() async {
        inbox.put(.finish)
        await worker.value
    }
}
