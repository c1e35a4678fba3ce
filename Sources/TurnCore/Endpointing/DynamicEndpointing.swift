/// Delays whose shorter one is learnt from the pauses of a conversation.
///
/// Pauses within the user's turns, and interruptions of the agent that follow one closely, move the shorter delay by
/// exponential smoothing; the longer one stays. A pure value. Source: LiveKit Agents 1.8.9 (R-083...R-102).
public struct DynamicEndpointing: Sendable, Hashable {
    /// Overlapping speech that begins this close to the agent's start counts as simultaneous, not as a comment on
    /// what the agent says.
    static let grace: Duration = .milliseconds(250)

    /// The longer delay.
    public private(set) var maxDelay: Duration
    /// Whether the user's open segment overlaps the agent's speech.
    public private(set) var isOverlapping = false
    /// Start of the latest user segment.
    public private(set) var userStart: Duration?
    /// End of the latest user segment.
    public private(set) var userEnd: Duration?
    /// Start of the agent's latest speech.
    public private(set) var agentStart: Duration?
    /// End of the agent's latest speech; nil while it speaks.
    public private(set) var agentEnd: Duration?

    private var lowerBound: Duration
    private var filter: ExponentialFilter
    private var isUserSpeaking = false
    private var isAgentSpeaking = false

    /// - Parameters:
    ///   - min: the shorter delay to start with, and the least that can be learnt.
    ///   - max: the longer delay, and the most that can be learnt. Below `min` it wins.
    ///   - alpha: share of the old value that a pause leaves, above 0 and at most 1. Default 0.9.
    /// - Throws: ``TurnError`` `.invalidArgument` for values out of range.
    public init(min: Duration, max: Duration, alpha: Double = 0.9) throws(TurnError) {
        for delay in [min, max] { try delay.checkOption("an endpointing delay") }
        lowerBound = min
        maxDelay = max
        filter = try ExponentialFilter(alpha: alpha, initial: min.inSeconds)
        updateBounds()
    }

    /// The share of the old value that a pause leaves.
    public var alpha: Double { filter.alpha }

    /// The delays as of now.
    public var delays: EndpointingDelays { EndpointingDelays(unchecked: minDelay, maxDelay) }

    /// The shorter delay as of now, to the microsecond.
    public var minDelay: Duration {
        let learnt = filter.value.map { Duration.microseconds(Int(($0 * 1_000_000).rounded())) }
        return min(learnt ?? lowerBound, maxDelay)
    }

    /// From the end of the user's last segment to the start of the latest; zero if unknown.
    public var pause: Duration { gap(from: userEnd, to: userStart) }

    /// From the end of the user's last segment to the agent's start; zero if unknown.
    public var turnGap: Duration { gap(from: userEnd, to: agentStart) }

    /// Between the agent's start and the user's; zero if unknown.
    public var interruptionGap: Duration {
        guard userStart != nil, agentStart != nil else { return .zero }
        let difference = pause - turnGap
        return max(difference, .zero - difference)
    }

    /// Changes options; what is nil stays, and so does what was learnt unless `min` is given.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` for values out of range; nothing is changed then.
    public mutating func update(
        min: Duration? = nil, max: Duration? = nil, alpha: Double? = nil
    ) throws(TurnError) {
        _ = try DynamicEndpointing(
            min: min ?? lowerBound, max: max ?? maxDelay, alpha: alpha ?? filter.alpha)
        if let alpha { filter.update(alpha: alpha) }
        if let min {
            lowerBound = min
            filter.update(value: min.inSeconds)
        }
        if let max { maxDelay = max }
        updateBounds()
    }

    /// The agent began to speak.
    public mutating func agentSpeechStarted(at time: Duration) {
        if !isAgentSpeaking, isUserSpeaking, let userStart, let userEnd, userEnd < userStart {
            self.userEnd = time - .milliseconds(1)
        }
        agentStart = time
        agentEnd = nil
        isAgentSpeaking = true
        isOverlapping = isUserSpeaking
    }

    /// The agent fell silent.
    public mutating func agentSpeechEnded(at time: Duration) {
        if isAgentSpeaking { agentEnd = time }
        isAgentSpeaking = false
        isOverlapping = false
    }

    /// The user began to speak.
    public mutating func userSpeechStarted(at time: Duration, overlapping: Bool = false) {
        guard !isOverlapping else { return }
        userStart = time
        isOverlapping = overlapping
        isUserSpeaking = true
    }

    /// The user fell silent.
    ///
    /// - Parameters:
    ///   - time: when.
    ///   - interruption: whether overlapping speech was judged an interruption of the agent, if it was judged.
    public mutating func userSpeechEnded(at time: Duration, interruption: Bool? = nil) {
        defer {
            isOverlapping = false
            isUserSpeaking = false
        }
        if isOverlapping, interruption == false, !isSimultaneous {
            userStart = nil
            userEnd = nil
            return
        }
        if isOverlapping || (agentStart != nil && agentEnd == nil) {
            if interruptionGap > .zero, interruptionGap <= minDelay, turnGap > .zero, turnGap <= maxDelay,
                pause > .zero
            {
                learn(pause)
            }
        } else if pause > .zero, agentStart == nil, agentEnd == nil {
            learn(pause)
        }
        userEnd = time
        if !isAgentSpeaking {
            agentStart = nil
            agentEnd = nil
        }
    }

    private var isSimultaneous: Bool {
        guard let userStart, let agentStart else { return false }
        return max(userStart - agentStart, agentStart - userStart) < Self.grace
    }

    private mutating func learn(_ pause: Duration) { filter.apply(pause.inSeconds) }

    private mutating func updateBounds() {
        let upper = maxDelay.inSeconds
        filter.update(bounds: min(lowerBound.inSeconds, upper)...upper)
    }

    private func gap(from start: Duration?, to end: Duration?) -> Duration {
        guard let start, let end else { return .zero }
        return max(.zero, end - start)
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
