import Dispatch

/// Where the one task that works on audio waits for more of it.
///
/// While audio flows, the task looks for it by itself when it is due, so that the thread that pushes, often one with
/// deadlines of its own, need not wake it: that would cost two allocations and more time than all the rest. The task is
/// woken for what must not wait (``take()``), at the start, after a pause of the audio, and when audio piles up.
///
/// Part of its owner's state, behind the owner's lock. Looks follow the system's time, not an injected clock: they
/// decide nothing, they only find what is there.
struct AudioWaiter {
    /// What follows from a look.
    enum Outcome {
        /// The task goes on.
        case wake(UnsafeContinuation<Void, Never>)
        /// Look again after this time.
        case lookAgain(Duration)
        /// Nobody waits, or it waits to be woken.
        case done
    }

    /// After so many looks in vain the audio has paused.
    private static let patience = 20
    /// Between looks for audio that is late.
    private static let shortWait: Duration = .milliseconds(5)
    private static let queue = DispatchQueue(label: "turn-detection.audio-looks")

    private var continuation: UnsafeContinuation<Void, Never>?
    /// Whether audio came lately.
    private var isFlowing = false
    /// Whether the task looks by itself, as opposed to waiting to be woken.
    private var isLooking = false
    private var isLookScheduled = false
    private var looksInVain = 0

    /// The task waits, for audio that is due after some time.
    ///
    /// - Parameters:
    ///   - continuation: wakes it.
    ///   - due: when enough audio is likely to be there.
    /// - Returns: when to look; nil if a look is scheduled already, or if the task waits to be woken.
    mutating func wait(_ continuation: UnsafeContinuation<Void, Never>, due: Duration) -> Duration? {
        self.continuation = continuation
        isLooking = isFlowing
        guard isLooking, !isLookScheduled else { return nil }
        isLookScheduled = true
        return max(due, Self.shortWait)
    }

    /// Audio was pushed.
    ///
    /// - Parameters:
    ///   - isEnough: whether there is something to work on.
    ///   - isPilingUp: whether there is so much that it must not wait.
    /// - Returns: the task to wake, if it has to be.
    mutating func pushed(isEnough: Bool, isPilingUp: Bool) -> UnsafeContinuation<Void, Never>? {
        looksInVain = 0
        isFlowing = true
        return isEnough && (!isLooking || isPilingUp) ? take() : nil
    }

    /// The time of a look has come.
    mutating func look(isEnough: Bool) -> Outcome {
        isLookScheduled = false
        guard continuation != nil else { return .done }
        if isEnough, let continuation = take() { return .wake(continuation) }
        looksInVain += 1
        guard looksInVain < Self.patience else {
            isFlowing = false
            isLooking = false
            return .done
        }
        isLookScheduled = true
        return .lookAgain(Self.shortWait)
    }

    /// Takes the task out, to wake it whatever there is.
    mutating func take() -> UnsafeContinuation<Void, Never>? {
        defer { continuation = nil }
        return continuation
    }

    /// Calls `body` after some time, on a queue that must not be held up.
    static func after(_ duration: Duration, _ body: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + duration.seconds, execute: body)
    }
}
