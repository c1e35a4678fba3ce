/// The delays of a conversation: constant, or learnt from its pauses.
///
/// A pure value: it is told who speaks when, and gives the delays as of now.
public enum Endpointing: Sendable, Hashable {
    /// Constant delays.
    case fixed(EndpointingDelays)
    /// The shorter delay is learnt.
    case dynamic(DynamicEndpointing)

    /// The shorter and the longer delay as of now.
    public var delays: EndpointingDelays {
        switch self {
        case .fixed(let delays): delays
        case .dynamic(let learner): learner.delays
        }
    }

    /// Does `body` to the learner; constant delays learn nothing.
    mutating func learn(_ body: (inout DynamicEndpointing) -> Void) {
        guard case .dynamic(var learner) = self else { return }
        body(&learner)
        self = .dynamic(learner)
    }
}

/// How an ``Endpointing`` is made; what is nil takes its default.
///
/// Source: LiveKit Agents 1.8.9, the endpointing options.
public struct EndpointingOptions: Sendable, Hashable {
    /// Whether the shorter delay is learnt.
    public enum Mode: String, Sendable, Hashable {
        case fixed
        case dynamic
    }

    /// What ends turns.
    public enum Detection: Sendable, Hashable {
        /// A detector of the end of turns: defaults of 0.3 s and 2.5 s.
        case detector
        /// Voice activity alone: defaults of 0.5 s and 3 s.
        case voiceActivity
    }

    public var mode: Mode
    /// The shorter delay.
    public var minDelay: Duration?
    /// The longer delay.
    public var maxDelay: Duration?
    /// Share of the old value that a pause leaves, in the dynamic mode. Default 0.9.
    public var alpha: Double?

    public init(
        mode: Mode = .fixed, minDelay: Duration? = nil, maxDelay: Duration? = nil, alpha: Double? = nil
    ) {
        self.mode = mode
        self.minDelay = minDelay
        self.maxDelay = maxDelay
        self.alpha = alpha
    }

    /// These options where they are set, else `base`'s: an agent's before its session's. The mode is this one's.
    public func over(_ base: EndpointingOptions) -> EndpointingOptions {
        EndpointingOptions(
            mode: mode, minDelay: minDelay ?? base.minDelay, maxDelay: maxDelay ?? base.maxDelay,
            alpha: alpha ?? base.alpha)
    }

    /// A fresh endpointing by these options.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` for values out of range.
    public func make(for detection: Detection) throws(TurnError) -> Endpointing {
        let min = minDelay ?? (detection == .detector ? .milliseconds(300) : .milliseconds(500))
        let max = maxDelay ?? (detection == .detector ? .milliseconds(2_500) : .seconds(3))
        switch mode {
        case .fixed: return .fixed(try EndpointingDelays(min: min, max: max))
        case .dynamic: return .dynamic(try DynamicEndpointing(min: min, max: max, alpha: alpha ?? 0.9))
        }
    }
}
