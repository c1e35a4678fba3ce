import Logging
public import TurnCore

/// One conversation: audio in, turns out.
///
/// Push the user's audio as it comes and read ``events``. With a speech recogniser, push its transcripts too: a turn
/// then ends only with something said. Tell when the agent speaks, so that learnt delays know. All methods may be
/// called from any thread and return at once, but for those that are `async`.
///
/// Times in events are the audio's own; where audio fails to come for a while, delays go on by the clock, and the stall
/// counts. What waits to be worked on is bounded: of audio the newest 10 s win (``droppedSampleCount``), of transcripts
/// and commands the newest 1024, interim transcripts being the first to go (``droppedInputCount``). Of a turn's
/// transcript the newest 64 KiB are kept.
public final class TurnSession: Sendable {
    /// What happened, in order, for one reader. Ends with the session. Of events that are not read the last 4096 are
    /// kept.
    public let events: AsyncStream<TurnEvent>

    private let inbox: SessionInbox
    private let source: Lock<SessionSource>
    private let connectionOptions: ConnectionOptions?
    private let endpointing: Endpointing
    private let predictionSilence: Duration
    private let worker: Task<Void, Never>
    private let log: Logger

    /// A session that is ready for audio.
    ///
    /// - Parameters:
    ///   - detector: predicts the end of turns; its thresholds count. Nil: voice activity alone ends them, after the
    ///     shorter delay.
    ///   - speechModel: tells speech from silence, such as Silero VAD.
    ///   - options: delays and the rest.
    /// - Throws: ``TurnError`` `.invalidArgument` for options out of range.
    public init(
        detector: TurnDetector?, speechModel: any SpeechActivityModel,
        options: TurnSessionOptions = TurnSessionOptions()
    ) throws(TurnError) {
        try options.validate()
        var turn = options.turn
        if detector == nil { turn.asksForPredictions = false }
        let machine = try TurnMachine(
            options: turn, endpointing: options.endpointing,
            thresholds: detector?.thresholds.endOfTurn ?? ThresholdTable(default: nil),
            language: options.language)
        let inbox = SessionInbox()
        let source = try SessionSource(detector, options.connectionOptions, inbox)
        let (events, continuation) = AsyncStream.makeStream(
            of: TurnEvent.self, bufferingPolicy: .bufferingNewest(4_096))
        self.events = events
        self.inbox = inbox
        self.source = Lock(source)
        connectionOptions = options.connectionOptions
        endpointing = options.endpointing
        predictionSilence = options.turn.predictionSilence
        let log = options.logger ?? detector?.options.logger ?? Logger(label: "turn-detection")
        let clock = options.clock ?? detector?.options.clock ?? .continuous
        self.log = log
        worker = Task {
            let engine = SessionEngine(
                source, speechModel: speechModel, machine: machine, options: options, inbox: inbox,
                clock: clock, log: log,
                emit: { event in
                    options.onEvent?(event)
                    continuation.yield(event)
                })
            await engine.run()
            continuation.finish()
            await engine.close()
        }
    }

    /// A session with a detector of defaults.
    ///
    /// - Parameters:
    ///   - localModel: the model on this device.
    ///   - speechModel: tells speech from silence, such as Silero VAD.
    ///   - options: delays and the rest.
    /// - Throws: as the other initialiser.
    public convenience init(
        localModel: LocalModel, speechModel: any SpeechActivityModel,
        options: TurnSessionOptions = TurnSessionOptions()
    ) throws(TurnError) {
        try self.init(
            detector: try TurnDetector(localModel: localModel), speechModel: speechModel, options: options)
    }

    deinit { inbox.put(.finish) }

    /// Samples at 16 kHz that were dropped because the session was too slow for the audio.
    public var droppedSampleCount: Int { inbox.droppedCount }

    /// Transcripts and commands that were dropped because the session was too slow for them.
    public var droppedInputCount: Int { inbox.droppedInputCount }

    /// The detector in use; nil if voice activity alone ends turns.
    public var detector: TurnDetector? { source.withLock { $0.detector } }

    /// The slot that answers: `turn-detector-v1` or `turn-detector-v1-mini`; nil without a detector.
    public var model: String? { source.withLock { $0.stream }?.model }

    /// Whether the local model took over from the service.
    public var isFallback: Bool { source.withLock { $0.stream }?.isFallback ?? false }

    /// Whether nobody answers any more.
    public var isDegraded: Bool { source.withLock { $0.stream }?.isDegraded ?? false }

    /// Takes audio of any length and format: copies it, and leaves the rest to the session's task. Waits for no work,
    /// allocates nothing in steady state.
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

    /// Changes options, behind the audio so far: all that are given or, if one is out of range, none.
    ///
    /// - Parameters:
    ///   - voiceActivity: thresholds and durations of voice activity; the minimum of silence must be at least 250 ms.
    ///   - endpointing: the delays; what was learnt about them is forgotten.
    ///   - language: the language that is spoken.
    /// - Throws: ``TurnError`` `.invalidArgument` naming the option that is out of range; nothing changes then.
    public func update(
        voiceActivity: VoiceActivityOptions? = nil, endpointing: Endpointing? = nil,
        language: LanguageCode? = nil
    ) throws(TurnError) {
        try voiceActivity?.validateForTurns(predictionSilence: predictionSilence)
        inbox.put(
            .update(SessionUpdate(voiceActivity: voiceActivity, endpointing: endpointing, language: language))
        )
    }

    /// Another agent takes the conversation over, behind the audio so far.
    ///
    /// The stream of the detector goes on if both agents use the same instance; otherwise it is closed and a fresh one
    /// opened, which hears what comes from now on. What was asked is called off.
    ///
    /// - Parameters:
    ///   - detector: the agent's; nil if voice activity alone is to end turns.
    ///   - endpointing: the agent's delays. Default nil: those of the session's options, and 0.5 s and 3 s without a
    ///     detector. What was learnt is forgotten.
    /// - Throws: ``TurnError`` when no stream can be set up; nothing changes then.
    public func handOff(
        to detector: TurnDetector?, endpointing: Endpointing? = nil
    ) throws(TurnError) {
        let old = source.withLock { $0 }
        let isSame = detector != nil && detector === old.detector
        let new = isSame ? old : try SessionSource(detector, connectionOptions, inbox)
        let own = try detector == nil ? EndpointingOptions().make(for: .voiceActivity) : self.endpointing
        source.withLock { source in
            source = new
            inbox.put(.handOff(new, endpointing ?? own))
        }
    }

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
