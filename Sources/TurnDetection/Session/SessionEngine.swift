import Logging
import TurnCore

/// The works of a ``TurnSession``: one task owns it and feeds it what the inbox holds.
final class SessionEngine {
    private let detector: TurnDetector
    private let stream: TurnDetectorStream
    private let options: TurnSessionOptions
    private let inbox: SessionInbox
    private let emit: (TurnEvent) -> Void
    private var speech: any SpeechActivityStream
    private var voiceActivity: VoiceActivityDetector
    private var machine: TurnMachine
    private var timers = TurnTimers()
    private var sleepers: [TurnMachine.Timer: Task<Void, Never>] = [:]
    private var span = TurnSpan()
    private var time: SessionTime
    private var sampleCount = 0

    private var clock: TurnClock { detector.options.clock }
    private var log: Logger { detector.options.logger }

    init(
        detector: TurnDetector, stream: TurnDetectorStream, speechModel: any SpeechActivityModel,
        machine: TurnMachine, options: TurnSessionOptions, inbox: SessionInbox,
        emit: @escaping (TurnEvent) -> Void
    ) {
        self.detector = detector
        self.stream = stream
        self.options = options
        self.inbox = inbox
        self.emit = emit
        self.machine = machine
        speech = speechModel.makeStream()
        voiceActivity = VoiceActivityDetector(
            options: options.voiceActivity, windowSampleCount: speechModel.windowSampleCount)
        time = SessionTime(clock: detector.options.clock)
    }

    /// Works until the end of the input.
    func run() async {
        while let item = await inbox.next() {
            switch item {
            case .window(let samples): await hear(samples, sampleCount: samples.count)
            case .rest(let samples):
                let padding = [Float](repeating: 0, count: voiceActivity.windowSampleCount - samples.count)
                await hear(samples + padding, sampleCount: samples.count)
            case .input(let input):
                if await take(input) { return }
            }
        }
    }

    /// Takes an input.
    ///
    /// - Returns: whether it was the last.
    private func take(_ input: SessionInbox.Input) async -> Bool {
        switch input {
        case .turn(let input): await step(input, at: now())
        case .timer(let timer, let deadline):
            if timers[timer] == deadline {
                timers.cancel(timer)
                await step(.timerFired(timer), at: time.pass(deadline))
            }
        case .service(let change): emit(.service(change))
        case .mark(let continuation): continuation.resume()
        case .finish:
            if let end = voiceActivity.finish() { await step(.voiceActivity(end), at: now()) }
            await step(.endOfInput, at: now())
            for sleeper in sleepers.values { sleeper.cancel() }
            return true
        }
        return false
    }

    private func now() -> Duration { options.pacing == .live ? time.now() : time.last }

    private func hear(_ samples: [Float], sampleCount count: Int) async {
        let now = time.window(endingAt: .samples(sampleCount + count))
        let start = clock.now
        let probability = samples.withUnsafeBufferPointer { speech.probability(of: $0) }
        let result = voiceActivity.step(probability: probability, inferenceDuration: clock.now - start)
        // What was due before the window's end does not know the window.
        while let due = timers.popFirst(until: now) {
            sleepers.removeValue(forKey: due.timer)?.cancel()
            await step(.timerFired(due.timer), at: due.deadline)
        }
        sampleCount += count
        if let frame = try? AudioFrame(.float32(Array(samples.prefix(count))), format: .mono16kHz) {
            stream.push(frame)
        }
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
                let handle = stream.predict(lookback: .samples(sampleCount) - time.audio(at: start))
                if options.pacing == .live {
                    handle.whenAnswered { [inbox] in inbox.put(.turn(.predictionAnswered(id: id, $0))) }
                } else {
                    let answer = await self.answer(of: handle)
                    refreshThresholds()
                    actions += machine.handle(.predictionAnswered(id: id, answer), at: now)
                }
            case .cancelPrediction(_, let timedOut): stream.cancelInference(timedOut: timedOut)
            case .setTimer(let timer, let deadline): set(timer, deadline)
            case .cancelTimer(let timer):
                timers.cancel(timer)
                sleepers.removeValue(forKey: timer)?.cancel()
            case .flush:
                span.flush(at: now)
                stream.flush()
            case .emit(let event):
                if case .turnEnded(let turn) = event { span.turnEnded(lastSpeech: turn.speechEnd ?? now) }
                emit(event)
            case .warn(let warning): warn(warning)
            }
            index += 1
        }
    }

    /// The answer while the audio's time stands still; by the clock it may take the prediction time-out.
    private func answer(of handle: PredictionHandle) async -> EndOfTurnPrediction {
        let timeout = Task { [clock, stream, limit = options.turn.predictionTimeout] in
            guard (try? await clock.sleep(for: limit)) != nil else { return }
            stream.cancelInference(timedOut: true)
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
        let thresholds = detector.thresholds
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
        }
    }
}
