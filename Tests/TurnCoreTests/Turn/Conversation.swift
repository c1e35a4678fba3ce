import TurnCore

/// Plays voice activity, answers and other inputs to a ``TurnMachine`` on a manual clock.
///
/// Events are noted with the time since T0, the end of the last speech window before the mark.
struct Conversation {
    static let window: Duration = .milliseconds(32)

    var machine: TurnMachine
    /// Latency and answer of the requests to come; without one a request is never answered.
    var answers: [(latency: Duration, answer: EndOfTurnPrediction)] = []
    /// T0.
    private(set) var mark: Duration = .zero
    private(set) var log: [(time: Duration, action: TurnMachine.Action)] = []

    private var detector: VoiceActivityDetector
    private var now: Duration = .zero
    private var timers: [TurnMachine.Timer: Duration] = [:]
    private var inputs: [(time: Duration, input: TurnMachine.Input)] = []

    init(
        options: TurnMachine.Options = .init(), min: Duration = .milliseconds(300),
        max: Duration = .milliseconds(2_500), threshold: Double? = 0.5, backchannel: Double? = nil,
        voiceActivity: VoiceActivityOptions = .default
    ) throws {
        detector = VoiceActivityDetector(options: voiceActivity)
        machine = try TurnMachine(
            options: options, endpointing: .fixed(EndpointingDelays(min: min, max: max)),
            thresholds: ThresholdTable(default: threshold),
            backchannelThresholds: ThresholdTable(default: backchannel))
    }

    /// Actions that are events, timed from T0.
    var events: [(time: Duration, event: TurnEvent)] {
        log.compactMap { entry in
            if case .emit(let event) = entry.action { (entry.time - mark, event) } else { nil }
        }
    }
    var turns: [(time: Duration, turn: TurnEvent.TurnEnded)] {
        events.compactMap { if case .turnEnded(let turn) = $0.event { ($0.time, turn) } else { nil } }
    }
    var predictions: [(time: Duration, made: TurnEvent.PredictionMade)] {
        events.compactMap { if case .prediction(let made) = $0.event { ($0.time, made) } else { nil } }
    }
    var requests: [Duration] {
        log.compactMap { if case .predict = $0.action { $0.time - mark } else { nil } }
    }
    /// Whether each cancelled request was a time-out.
    var cancels: [Bool] {
        log.compactMap { if case .cancelPrediction(_, let timedOut) = $0.action { timedOut } else { nil } }
    }
    var flushes: [TurnMachine.FlushReason] {
        log.compactMap { if case .flush(let reason) = $0.action { reason } else { nil } }
    }
    var warnings: [TurnMachine.Warning] {
        log.compactMap { if case .warn(let warning) = $0.action { warning } else { nil } }
    }

    mutating func answer(_ probability: Float, after latency: Duration = .zero) {
        answers.append((latency, EndOfTurnPrediction(probability: probability)))
    }

    /// Windows of speech; the mark moves to their end.
    mutating func speak(windows count: Int = 10) {
        for _ in 0..<count { hear(0.9) }
        mark = now
    }

    /// Windows of silence that last until `offset` after the mark, or as many as fit.
    mutating func silence(until offset: Duration) {
        while now + Self.window <= mark + offset { hear(0.1) }
        run(until: mark + offset)
    }

    /// An input at `offset` after the mark; it must not lie in the past.
    mutating func schedule(_ input: TurnMachine.Input, at offset: Duration) {
        inputs.append((mark + offset, input))
    }

    /// An input now.
    mutating func send(_ input: TurnMachine.Input) { handle(input) }

    private mutating func hear(_ probability: Float) {
        run(until: now + Self.window)
        let step = detector.step(probability: probability)
        handle(.voiceActivity(step.inference))
        if let transition = step.transition { handle(.voiceActivity(transition)) }
    }

    /// Hands in what is due, timers first.
    private mutating func run(until end: Duration) {
        while true {
            let timer = timers.min { $0.value < $1.value }
            let input = inputs.indices.min { inputs[$0].time < inputs[$1].time }
            if let timer, timer.value <= end, input.map({ timer.value <= inputs[$0].time }) ?? true {
                timers[timer.key] = nil
                now = max(now, timer.value)
                handle(.timerFired(timer.key))
            } else if let input, inputs[input].time <= end {
                let next = inputs.remove(at: input)
                now = max(now, next.time)
                handle(next.input)
            } else {
                break
            }
        }
        now = end
    }

    private mutating func handle(_ input: TurnMachine.Input) {
        for action in machine.handle(input, at: now) {
            log.append((now, action))
            switch action {
            case .setTimer(let timer, let deadline): timers[timer] = deadline
            case .cancelTimer(let timer): timers[timer] = nil
            case .predict(let id, _):
                guard !answers.isEmpty else { continue }
                let next = answers.removeFirst()
                inputs.append((now + next.latency, .predictionAnswered(id: id, next.answer)))
            case .cancelPrediction, .flush, .emit, .warn: break
            }
        }
    }
}
