/// Decides when the user's turn has ended: from voice activity, predictions, transcripts and the agent's own speech.
///
/// A pure step machine. It knows no clock and does nothing itself: the owner hands in what happens and when, and
/// performs the actions that come back. Time is a `Duration` since any fixed moment and never runs backwards; a timer
/// whose deadline equals the time of another event is handed in first.
///
/// The course of a turn: speech starts; after 200 ms of silence a prediction is asked for; the end of the speech
/// segment starts a decision, which waits for the answer, compares it with the threshold, and lets the turn end when
/// the shorter or the longer delay after the last speech has passed. Speech that starts again cancels it all.
///
/// Source: LiveKit Agents 1.8.9, the turn state machine. Where it differs: an answer counts by its outcome, not by a
/// stand-in probability (S-07, S-18, S-25); a turn's start never outlives the turn; a turn that the application
/// commits is not held up by speech.
public struct TurnMachine: Sendable {
    /// May be changed at any time; the next event obeys.
    public var options: Options
    /// The delays, and what was learnt about them.
    public var endpointing: Endpointing
    /// Thresholds of the end of a turn.
    public var thresholds: ThresholdTable
    /// The same for answers of the local model, whose scale is its own while it stands in for a service; nil when
    /// ``thresholds`` are the local model's.
    public var localThresholds: ThresholdTable?
    /// Thresholds of a backchannel; values of zero and below disable it.
    public var backchannelThresholds: ThresholdTable

    /// Whether a speech segment is open.
    public internal(set) var isSpeaking = false
    /// Whether the agent speaks.
    public internal(set) var isAgentSpeaking = false
    /// When the open turn's first speech began.
    public internal(set) var turnStart: Duration?
    /// When the latest speech segment began.
    public internal(set) var speechStart: Duration?
    /// When speech was last heard.
    public internal(set) var lastSpeaking: Duration?
    /// The language that is spoken: as it was set, or as the recogniser heard it.
    public var language: LanguageCode?

    var request: Request?
    var bounce: Bounce?
    var isFlushed = false
    var nextRequest = 1
    var interruption: Bool?
    var transcripts = TurnTranscript()
    var warnedLateTranscript = false

    /// The prediction held for the current pause.
    struct Request: Sendable {
        let id: Int
        let time: Duration
        var answer: EndOfTurnPrediction?
        var isEmitted = false
    }

    /// A decision under way.
    struct Bounce: Sendable {
        enum Phase: Sendable { case awaitingAnswer, sleeping }
        let trigger: Trigger
        let lastSpeaking: Duration?
        var phase = Phase.sleeping
        var reason = TurnEvent.TurnEnded.Reason.noPrediction
        var probability: Float?
    }

    enum Trigger: Sendable { case voiceActivity, transcript, application }

    /// - Throws: ``TurnError`` `.invalidArgument` for options out of range.
    public init(
        options: Options = Options(), endpointing: Endpointing,
        thresholds: ThresholdTable, backchannelThresholds: ThresholdTable = ThresholdTable(default: nil),
        language: LanguageCode? = nil
    ) throws(TurnError) {
        try options.validate()
        self.options = options
        self.endpointing = endpointing
        self.thresholds = thresholds
        self.backchannelThresholds = backchannelThresholds
        self.language = language
    }

    /// The next step.
    ///
    /// - Parameters:
    ///   - input: what happened.
    ///   - now: when.
    /// - Returns: what to do, in this order; mostly nothing.
    public mutating func handle(_ input: Input, at now: Duration) -> [Action] {
        var actions: [Action] = []
        switch input {
        case .voiceActivity(let event):
            switch event.kind {
            case .startOfSpeech: startSpeech(event, now, &actions)
            case .inferenceDone: hear(event, now, &actions)
            case .endOfSpeech: endSpeech(event, now, &actions)
            }
        case .predictionAnswered(let id, let answer): take(answer, of: id, now, &actions)
        case .timerFired(.decision): decisionTimerFired(now, &actions)
        case .timerFired(.rescoring):
            if bounce?.phase == .sleeping, bounce?.reason == .timeout, options.asksForPredictions {
                predict(now, &actions)
            }
        case .timerFired(.maxTurnDuration):
            if turnStart != nil { endTurn(.maxTurnDuration, now, &actions) }
        case .transcript(let transcript): take(transcript, now, &actions)
        case .agentSpeechStarted:
            isAgentSpeaking = true
            endpointing.learn { $0.agentSpeechStarted(at: now) }
        case .agentSpeechEnded:
            isAgentSpeaking = false
            endpointing.learn { $0.agentSpeechEnded(at: now) }
        case .interruptionJudged(let verdict): interruption = verdict
        case .commitTurn: decide(.application, now, &actions)
        case .clearTurn: clearTurn(&actions)
        case .manualMode(let isManual):
            options.isManual = isManual
            cancelBounce(&actions)
            dropRequest(&actions)
        case .detectorChanged(let asksForPredictions):
            options.asksForPredictions = asksForPredictions
            dropRequest(&actions)
            if bounce?.phase == .awaitingAnswer { sleep(endpointing.delays.min, now, &actions) }
        case .endOfInput:
            if bounce != nil || turnStart != nil { endTurn(.endOfInput, now, &actions) }
        }
        return actions
    }

    private mutating func startSpeech(
        _ event: VoiceActivityEvent, _ now: Duration, _ actions: inout [Action]
    ) {
        let start = now - event.speechDuration
        if turnStart == nil { openTurn(at: start, &actions) }
        speechStart = start
        isSpeaking = true
        isFlushed = false
        if bounce?.trigger != .application { cancelBounce(&actions) }
        dropRequest(&actions)
        let overlapping = isAgentSpeaking
        endpointing.learn { $0.userSpeechStarted(at: start, overlapping: overlapping) }
        actions.append(.emit(.speechStarted(.init(time: start, detectedAt: now))))
    }

    private mutating func hear(_ event: VoiceActivityEvent, _ now: Duration, _ actions: inout [Action]) {
        if event.rawAccumulatedSpeech > .zero {
            lastSpeaking = now
            if isSpeaking { dropRequest(&actions) }
        } else if isSpeaking, request == nil, !options.isManual, options.asksForPredictions,
            event.rawAccumulatedSilence >= options.predictionSilence
        {
            predict(now, &actions)
        }
    }

    private mutating func endSpeech(
        _ event: VoiceActivityEvent, _ now: Duration, _ actions: inout [Action]
    ) {
        let end = now - event.silenceDuration
        isSpeaking = false
        lastSpeaking = end
        let verdict = interruption
        endpointing.learn { $0.userSpeechEnded(at: end, interruption: verdict) }
        interruption = nil
        actions.append(.emit(.speechEnded(.init(time: end, detectedAt: now))))
        if !options.isManual { decide(.voiceActivity, now, &actions) }
    }

    private mutating func take(
        _ transcript: Transcript, _ now: Duration, _ actions: inout [Action]
    ) {
        options.expectsTranscripts = true
        track(transcript)
        guard transcript.isFinal, !transcript.text.isEmpty else { return }
        let wasTruncated = transcripts.isTruncated
        transcripts.append(transcript, at: now)
        if transcripts.isTruncated, !wasTruncated { actions.append(.warn(.transcriptTruncated)) }
        if !isSpeaking, !options.isManual { decide(.transcript, now, &actions) }
    }

    /// The first language counts, later ones only with more than five characters of text.
    private mutating func track(_ transcript: Transcript) {
        guard let heard = transcript.language, !["", "auto", "multi"].contains(heard.language) else { return }
        if language == nil || transcript.text.count > 5 { language = heard }
    }

    private mutating func clearTurn(_ actions: inout [Action]) {
        cancelBounce(&actions)
        actions.append(.flush(.clearUserTurn))
        request = nil
        isFlushed = true
        transcripts = TurnTranscript()
        turnStart = nil
        if options.maxTurnDuration != nil { actions.append(.cancelTimer(.maxTurnDuration)) }
    }

    mutating func openTurn(at start: Duration, _ actions: inout [Action]) {
        turnStart = start
        if let bound = options.maxTurnDuration {
            actions.append(.setTimer(.maxTurnDuration, deadline: start + bound))
        }
    }

    mutating func predict(_ now: Duration, _ actions: inout [Action]) {
        let id = nextRequest
        nextRequest += 1
        request = Request(id: id, time: now)
        actions.append(.predict(id: id, audioStart: turnStart))
    }

    mutating func dropRequest(_ actions: inout [Action]) {
        guard let request else { return }
        self.request = nil
        actions.append(.cancelPrediction(id: request.id, timedOut: false))
    }
}
