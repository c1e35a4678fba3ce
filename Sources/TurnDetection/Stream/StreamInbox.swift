import TurnCore

/// Where a stream's audio enters: what a push does is done here, mix down and copy. Whoever works on the audio takes it
/// out later, at its own rate, and resamples it there.
///
/// The lock is held for the copy of one frame or of 2048 samples, never across work. Bounded: the newest 10 s win, or as
/// much as the local model looks at if that is more.
///
/// While audio flows, looks for it follow each other by the system's time (``StreamCore``), so that a push need not wake
/// anybody: that would cost two allocations and more time than all the rest. A push asks for a look at the start, after
/// a pause of the audio, and when so much waits for a service that it must not wait for the next one.
final class StreamInbox: Sendable {
    /// Without audio for so long, looks end.
    private static let patience: Duration = .milliseconds(300)

    /// What follows from a push.
    enum Look {
        case none
        /// Looks have to begin.
        case first
        /// One is needed now, besides.
        case extra
    }

    fileprivate struct State {
        var audio: MonoQueue<Never>
        var isOpen = true
        /// Whether a service waits for the audio.
        var isWanted = false
        var isLooking = false
        var isExtraUnderWay = false
        /// Whether audio came since the last look.
        var hasNew = false
        var quiet: Duration = .zero
        /// Samples lost, of which nobody was told yet.
        var toldLoss = 0
    }

    private let state: Lock<State>

    /// - Parameter capacity: audio that may wait.
    init(capacity: Duration) { state = Lock(State(audio: MonoQueue(capacity: capacity))) }

    /// Samples that wait, at their own rate.
    var sampleCount: Int { state.withLock { $0.audio.queue.sampleCount } }

    /// Takes a frame; nothing after ``close()``.
    ///
    /// - Returns: the look that it needs.
    /// - Throws: ``TurnError`` for a format other than the first frame's; the frame is dropped.
    func push(_ frame: AudioFrame) throws(TurnError) -> Look {
        let result = state.withLock { state -> Result<Look, TurnError> in
            guard state.isOpen else { return .success(.none) }
            do throws(TurnError) {
                try state.audio.push(frame)
            } catch {
                return .failure(error)
            }
            return .success(state.pushed())
        }
        return try result.get()
    }

    /// Whether a service waits for the audio: then it must not pile up.
    func want(_ isWanted: Bool) { state.withLock { $0.isWanted = isWanted } }

    func close() { state.withLock { $0.isOpen = false } }

    /// The time of a look has come; what is there is about to be taken out.
    ///
    /// - Parameter interval: time since the last one.
    /// - Returns: whether another one is to follow; without, a push will ask.
    func look(after interval: Duration) -> Bool {
        state.withLock { state in
            state.quiet = state.hasNew ? .zero : state.quiet + interval
            state.hasNew = false
            state.isLooking = state.isOpen && state.quiet < Self.patience
            return state.isLooking
        }
    }

    /// Takes the oldest samples out, and what was lost before them.
    ///
    /// - Parameter target: filled from the start, as far as there is audio.
    /// - Returns: how many samples, their rate, and how many were lost since the last call.
    func pop(into target: UnsafeMutableBufferPointer<Float>) -> (count: Int, sampleRate: Int, lost: Int) {
        state.withLock { state in
            state.isExtraUnderWay = false
            defer { state.toldLoss = state.audio.queue.droppedCount }
            return (
                state.audio.queue.pop(into: target), state.audio.sampleRate,
                state.audio.queue.droppedCount - state.toldLoss
            )
        }
    }

    /// Takes everything out; audio of another format may follow.
    func popAll() -> (samples: [Float], sampleRate: Int) {
        state.withLock { state in
            defer { state.audio.unlatch() }
            return (state.audio.queue.pop(state.audio.queue.sampleCount), state.audio.sampleRate)
        }
    }
}

extension StreamInbox.State {
    fileprivate mutating func pushed() -> StreamInbox.Look {
        hasNew = true
        if !isLooking {
            isLooking = true
            quiet = .zero
            return .first
        }
        guard isWanted, !isExtraUnderWay, audio.queue.sampleCount > audio.sampleRate / 10 else {
            return .none
        }
        isExtraUnderWay = true
        return .extra
    }
}
