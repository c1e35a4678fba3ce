import TurnAudio
public import TurnCore

/// Turns audio into turns, synchronously and in the audio's own time.
///
/// Frames go in, events come out of the call that completes them. Time is what was pushed: a file is processed as
/// fast as the machine goes and gives exactly the events that its audio would give in real time, with one idealisation:
/// a prediction counts as answered the moment it is asked for (its true duration is in the event).
///
/// A delay ends when audio that lies beyond it was pushed, so for live audio that may pause use a session instead,
/// which keeps time by a clock. Memory is bounded: it holds the last window of the model, whatever is pushed. Not for
/// use from two threads at once.
public final class TurnPipeline {
    /// Called for each window of voice activity with its probability, before the events that follow from it. For
    /// plots and inspection.
    public var onVoiceActivity: ((VoiceActivityEvent) -> Void)?
    /// Called for what deserves a line in the log.
    public var onWarning: ((TurnMachine.Warning) -> Void)?

    private let options: TurnPipelineOptions
    private let turnModel: any TurnModel
    private var ingress = AudioIngress()
    private var voiceActivity: any SpeechActivityStream
    private var detector: VoiceActivityDetector
    private var machine: TurnMachine
    private var timers = TurnTimers()
    private var window: PredictionWindow
    private var span = TurnSpan()
    private var pending: [Float]
    private var pendingCount = 0
    private var sampleCount = 0
    private let clock = ContinuousClock()

    /// - Parameters:
    ///   - turnModel: predicts the end of a turn, such as Smart Turn.
    ///   - speechModel: tells speech from silence, such as Silero VAD.
    ///   - options: thresholds, delays and the rest.
    /// - Throws: ``TurnError`` `.invalidArgument` for options out of range, also for a minimum of silence below
    ///   250 ms: a prediction is asked for after 200 ms, and the speech segment must not have ended before.
    public init(
        turnModel: any TurnModel, speechModel: any SpeechActivityModel,
        options: TurnPipelineOptions = TurnPipelineOptions()
    ) throws(TurnError) {
        try options.validate()
        self.options = options
        self.turnModel = turnModel
        self.voiceActivity = speechModel.makeStream()
        self.detector = VoiceActivityDetector(
            options: options.voiceActivity, windowSampleCount: speechModel.windowSampleCount)
        self.machine = try options.makeMachine()
        self.window = PredictionWindow(sampleCount: turnModel.windowSampleCount)
        self.pending = [Float](repeating: 0, count: speechModel.windowSampleCount)
    }

    /// Length of the audio that was taken, at 16 kHz. With other rates a few milliseconds may still be on their way
    /// through the resampler.
    public var duration: Duration { .samples(sampleCount) }

    /// Takes audio of any length and format.
    ///
    /// - Parameters:
    ///   - frame: the audio that follows what was pushed before; its format must stay the same.
    ///   - emit: called with each event, in order.
    /// - Throws: ``TurnError`` for a format that cannot be taken; nothing of the frame was used then. A model that
    ///   fails does not throw: the prediction has the outcome `.failed`.
    public func push(_ frame: AudioFrame, _ emit: (TurnEvent) -> Void) throws(TurnError) {
        try ingress.push(frame) { samples in consume(samples, emit) }
    }

    /// Tells a transcript, the agent's speech or a command of the application, at the time of the audio so far.
    public func handle(_ input: TurnMachine.Input, _ emit: (TurnEvent) -> Void) {
        fireTimers(until: duration, emit)
        step(input, at: duration, emit)
    }

    /// Ends the audio: an open speech segment and an open turn end with it (`end_of_input`). The pipeline is then as
    /// new.
    public func finish(_ emit: (TurnEvent) -> Void) {
        ingress.flush { samples in consume(samples, emit) }
        if pendingCount > 0 {
            for index in pendingCount..<pending.count { pending[index] = 0 }
            score(emit)
        }
        if let end = detector.finish() { step(.voiceActivity(end), at: duration, emit) }
        step(.endOfInput, at: duration, emit)
        reset()
    }

    /// Forgets all audio and the open turn; time starts at zero again. Thresholds and delays are those of the start.
    public func reset() {
        ingress.reset()
        voiceActivity.reset()
        detector.flush()
        if let fresh = try? options.makeMachine() { machine = fresh }
        timers = TurnTimers()
        window.reset()
        span = TurnSpan()
        pendingCount = 0
        sampleCount = 0
    }

    private func consume(_ samples: UnsafeBufferPointer<Float>, _ emit: (TurnEvent) -> Void) {
        var rest = samples[...]
        while !rest.isEmpty {
            let count = min(rest.count, pending.count - pendingCount)
            for index in 0..<count { pending[pendingCount + index] = rest[rest.startIndex + index] }
            rest = rest.dropFirst(count)
            pendingCount += count
            sampleCount += count
            if pendingCount == pending.count { score(emit) }
        }
    }

    /// Runs the full window through voice activity and the machine.
    private func score(_ emit: (TurnEvent) -> Void) {
        let start = clock.now
        let probability = pending.withUnsafeBufferPointer { voiceActivity.probability(of: $0) }
        let result = detector.step(probability: probability, inferenceDuration: clock.now - start)
        let now = duration
        fireTimers(until: now, emit)
        pending.withUnsafeBufferPointer { window.append(UnsafeBufferPointer(rebasing: $0[..<pendingCount])) }
        pendingCount = 0
        onVoiceActivity?(result.inference)
        step(.voiceActivity(result.inference), at: now, emit)
        if let transition = result.transition { step(.voiceActivity(transition), at: now, emit) }
    }

    private func fireTimers(until now: Duration, _ emit: (TurnEvent) -> Void) {
        while let due = timers.popFirst(until: now) { step(.timerFired(due.timer), at: due.deadline, emit) }
    }

    private func step(_ input: TurnMachine.Input, at now: Duration, _ emit: (TurnEvent) -> Void) {
        var actions = machine.handle(input, at: now)
        var index = 0
        while index < actions.count {
            switch actions[index] {
            case .predict(let id, let audioStart):
                let answer = predict(since: audioStart)
                actions += machine.handle(.predictionAnswered(id: id, answer), at: now)
            case .setTimer(let timer, let deadline): timers.set(timer, deadline)
            case .cancelTimer(let timer): timers.cancel(timer)
            case .emit(let event):
                if case .turnEnded(let turn) = event { span.turnEnded(lastSpeech: turn.speechEnd ?? now) }
                emit(event)
            case .flush: span.flush(at: now)
            case .warn(let warning): onWarning?(warning)
            case .cancelPrediction: break  // It was answered when it was asked for.
            }
            index += 1
        }
    }

    private func predict(since audioStart: Duration?) -> EndOfTurnPrediction {
        window.withAudio(since: span.audioStart(audioStart)) { audio in
            do throws(TurnError) {
                return EndOfTurnPrediction(try turnModel.predict(audio), model: turnModel.name)
            } catch {
                return .unanswered(.failed, failure: error.message)
            }
        }
    }
}
