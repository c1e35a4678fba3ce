import Logging
import TurnCore

/// The works of a ``TurnSession``: one task owns it and feeds it what the inbox holds.
final class SessionEngine {
    private var detector: TurnDetector?
    private var stream: TurnDetectorStream?
    private let options: TurnSessionOptions
    private let inbox: SessionInbox
    private let reader: SessionReader
    private let clock: TurnClock
    private let log: Logger
    private let emit: (TurnEvent) -> Void
    private var speech: any SpeechActivityStream
    private var voiceActivity: VoiceActivityDetector
    private var machine: TurnMachine
    private var timers = TurnTimers()
    private var sleepers: [TurnMachine.Timer: Task<Void, Never>] = [:]
    private var span = TurnSpan()
    private var time: SessionTime
    private var sampleCount = 0

    init(
        _ source: SessionSource, speechModel: any SpeechActivityModel, machine: TurnMachine,
        options: TurnSessionOptions, inbox: SessionInbox, clock: TurnClock, log: Logger,
        emit: @escaping (TurnEvent) -> Void
    ) {
        detector = source.detector
        stream = source.stream
        self.options = options
        self.inbox = inbox
        self.clock = clock
        self.log = log
        self.emit = emit
        self.machine = machine
        reader = SessionReader(inbox, windowSampleCount: speechModel.windowSampleCount)
        speech = speechModel.makeStream()
        voiceActivity = VoiceActivityDetector(
            options: options.voiceActivity, windowSampleCount: speechModel.windowSampleCount)
        time = SessionTime(clock: clock)
    }

    /// Works until the end of the input, then closes the stream.
    func run() async {
        while let item = await reader.next() {
            switch item {
            case .window(let samples): await hear(samples, sampleCount: samples.count)
            case .rest(let samples):
                let padding = [Float](repeating: 0, count: voiceActivity.windowSampleCount - samples.count)
                await hear(samples + padding, sampleCount: samples.count)
            case .input(.finish, _):
                if let end = voiceActivity.finish() { await step(.voiceActivity(end), at: now(pending: 0)) }
                await step(.endOfInput, at: now(pending: 0))
                for sleeper in sleepers.values { sleeper.cancel() }
                return
            case .input(let input, let pending): await take(input, pending)
            }
        }
    }

    /// Closes the stream that is in use then.
    func close() async { await stream?.close() }

    private func take(_ input: SessionInbox.Input, _ pending: Int) async {
        switch input {
        case .turn(let input):
            let now = now(pending: pending)
            await fireTimers(until: now)
            await step(input, at: now)
        case .update(let update):
            if let voiceActivity = update.voiceActivity { self.voiceActivity.options = voiceActivity }
            if let endpointing = update.endpointing { machine.endpointing = endpointing }
            if let language = update.language { machine.language = language }
        case .handOff(let source, let endpointing):
            await handOff(to: source, now(pending: pending))
            machine.endpointing = endpointing
        case .timer(let timer, let deadline):
            if timers[timer] == deadline {
                timers.cancel(timer)
                await step(.timerFired(timer), at: time.pass(deadline))
            }
        case .service(let change): emit(.service(change))
        case .mark(let continuation): continuation.resume()
        case .finish: break
        }
    }

    /// The stream stays if the detector is the same one; what it was asked is called off either way.
    private func handOff(to source: SessionSource, _ now: Duration) async {
        let asks = source.detector != nil && options.turn.asksForPredictions
        await step(.detectorChanged(asksForPredictions: asks), at: now)
        let old = stream
        detector = source.detector
        stream = source.stream
        if let old, old !== stream { Task { await old.close() } }
    }

    /// The time, so many samples behind the last window.
    private func now(pending: Int) -> Duration {
        options.pacing == .live ? time.now() : time.pass(.samples(sampleCount + pending))
    }

    /// What is due before something else does not know it. By the clock, deadlines come by themselves.
    private func fireTimers(until now: Duration) async {
        guard options.pacing == .file else { return }
        await popTimers(until: now)
    }

    private func popTimers(until now: Duration) async {
        while let due = timers.popFirst(until: now) {
            sleepers.removeValue(forKey: due.timer)?.cancel()
            await step(.timerFired(due.timer), at: due.deadline)
        }
    }

    private func hear(_ samples: [Float], sampleCount count: Int) async {
        let now = time.window(endingAt: .samples(sampleCount + count))
        let start = clock.now
        let probability = samples.withUnsafeBufferPointer { speech.probability(of: $0) }
        let result = voiceActivity.step(probability: probability, inferenceDuration: clock.now - start)
        // What was due before the window's end does not know the window.
        await popTimers(until: now)
        sampleCount += count
        if let stream, let frame = try? AudioFrame(.float32(Array(samples.prefix(count))), format: .mono16kHz)
        {
            stream.push(frame)
        }
        options.onVoiceActivity?(result.inference)
        await step(.voiceActivity(result.inference), at: now)
        if let transition = result.transition { await step(.voiceActivity(transition), at: now) }
    }

    private func step(_ input: TurnMachine.Input, at now: Duration) async {
        refreshThresholds()
        var actions = machine.handle(input, at: now)
        var index = 0
        while index < actions.count {
            switch actions[index] {
            case .predict(let id, let audioStart):
                let start = span.audioStart(audioStart)
                guard let stream else { break }
                let first = time.audio(at: start).sampleCount
                let handle = stream.predict(lookback: .samples(sampleCount - first))
                if options.pacing == .live {
                    handle.whenAnswered { [inbox] in inbox.put(.turn(.predictionAnswered(id: id, $0))) }
                } else {
                    let answer = await self.answer(of: handle, stream)
                    refreshThresholds()
                    actions += machine.handle(.predictionAnswered(id: id, answer), at: now)
                }
            case .cancelPrediction(_, let timedOut): stream?.cancelInference(timedOut: timedOut)
            case .setTimer(let timer, let deadline): set(timer, deadline)
            case .cancelTimer(let timer):
                timers.cancel(timer)
                sleepers.removeValue(forKey: timer)?.cancel()
            case .flush:
                span.flush(at: now)
                stream?.flush()
            case .emit(let event):
                if case .turnEnded(let turn) = event { span.turnEnded(lastSpeech: turn.speechEnd ?? now) }
                emit(event)
            case .warn(let warning): warn(warning)
            }
            index += 1
        }
    }

    /// The answer while the audio's time stands still. A service is given the prediction time-out by the clock; the
    /// local model is waited for, so that a slow machine gives the same events.
    private func answer(
        of handle: PredictionHandle, _ stream: TurnDetectorStream
    ) async -> EndOfTurnPrediction {
        let timeout = Task { [clock, limit = options.turn.predictionTimeout] in
            guard (try? await clock.sleep(for: limit)) != nil else { return }
            stream.giveUpService()
        }
        defer { timeout.cancel() }
        return await handle.value
    }

    private func set(_ timer: TurnMachine.Timer, _ deadline: Duration) {
        timers.set(timer, deadline)
        sleepers.removeValue(forKey: timer)?.cancel()
        guard options.pacing == .live else { return }
        sleepers[timer] = Task { [clock, inbox, wake = time.clockTime(of: deadline)] in
            guard (try? await clock.sleep(until: wake)) != nil else { return }
            inbox.put(.timer(timer, deadline: deadline))
        }
    }

    private func refreshThresholds() {
        guard let thresholds = detector?.thresholds else { return }
        machine.thresholds = thresholds.endOfTurn
        machine.localThresholds = thresholds.localEndOfTurn
        machine.backchannelThresholds = thresholds.backchannel
    }

    private func warn(_ warning: TurnMachine.Warning) {
        switch warning {
        case .predictionTimedOut:
            log.warning("no prediction came in time; the turn goes on without one")
        case .lateTranscript(first: true):
            log.warning(
                "a transcript came after its turn had ended; it makes a turn of its own, without a prediction"
            )
        case .lateTranscript(first: false):
            log.debug("a transcript came after its turn had ended")
        case .transcriptTruncated:
            log.warning("a turn's transcript is longer than 64 KiB; its oldest part is dropped")
        }
    }
}
