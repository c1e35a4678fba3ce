import TurnCore

/// What a session was told and has not worked through yet, in order: audio, mixed down to mono at its own rate, and
/// inputs between it. Any thread puts in, one task takes out (``SessionReader``).
///
/// Bounded: of audio the newest 10 s win. Of transcripts and commands the newest 1024 win, interim transcripts being
/// the first to go. What the session itself puts in is few: an answer a request, a deadline a timer.
final class SessionInbox: Sendable {
    /// Audio that waits, at most.
    static let capacity: Duration = .seconds(10)
    /// Transcripts and commands that wait, at most.
    static let inputLimit = 1_024

    enum Input: Sendable {
        /// For the turn machine.
        case turn(TurnMachine.Input)
        /// Options change.
        case update(SessionUpdate)
        /// Another agent, with its delays.
        case handOff(SessionSource, Endpointing)
        /// A timer's time has come by the clock.
        case timer(TurnMachine.Timer, deadline: Duration)
        /// Another model took over.
        case service(TurnEvent.ServiceChange)
        /// All that was put in before was worked through.
        case mark(UnsafeContinuation<Void, Never>)
        /// No more follows.
        case finish
    }

    enum Item: Sendable {
        /// Mono audio at that rate.
        case audio([Float], sampleRate: Int)
        case input(Input)
    }

    fileprivate struct State {
        var audio = MonoQueue<Input>(capacity: SessionInbox.capacity)
        var waiter = AudioWaiter()
        /// Samples that are worth waking the reader for.
        var wanted = 1
        var isOpen = true
        /// Transcripts and commands in the queue.
        var applicationInputCount = 0
        var droppedInputCount = 0
    }

    private let state = Lock(State())

    /// Samples at 16 kHz that were dropped because the session was too slow.
    var droppedCount: Int { state.withLock { $0.audio.queue.droppedCount * 16_000 / $0.audio.sampleRate } }

    /// Transcripts and commands that were dropped because the session was too slow.
    var droppedInputCount: Int { state.withLock { $0.droppedInputCount } }

    /// - Throws: ``TurnError`` for a format other than the first frame's; the frame is dropped.
    func push(_ frame: AudioFrame) throws(TurnError) {
        let result = state.withLock { state -> Result<UnsafeContinuation<Void, Never>?, TurnError> in
            guard state.isOpen else { return .success(nil) }
            do throws(TurnError) {
                try state.audio.push(frame)
            } catch {
                return .failure(error)
            }
            return .success(state.pushed())
        }
        try result.get()?.resume()
    }

    /// Puts an input behind the audio so far. Nothing is taken after `.finish`.
    ///
    /// - Returns: whether it was taken.
    @discardableResult
    func put(_ input: Input) -> Bool {
        let (isTaken, waiter) = state.withLock { state -> (Bool, UnsafeContinuation<Void, Never>?) in
            guard state.isOpen else { return (false, nil) }
            if case .finish = input { state.isOpen = false }
            if input.isApplications {
                if state.applicationInputCount >= Self.inputLimit { state.dropInput() }
                state.applicationInputCount += 1
            }
            state.audio.queue.append(mark: input)
            return (true, state.waiter.take())
        }
        waiter?.resume()
        return isTaken
    }

    /// The next thing to work on; waits for one.
    ///
    /// - Parameter missing: samples at 16 kHz that the reader needs before it can go on.
    /// - Returns: nil after the end.
    func next(missing: Int) async -> Item? {
        while true {
            let (item, isOver) = state.withLock { state in
                let item = state.pop(missing: missing)
                return (item, item == nil && !state.isOpen)
            }
            if item != nil || isOver { return item }
            await withUnsafeContinuation { continuation in
                let (now, look) = state.withLock { state -> (UnsafeContinuation<Void, Never>?, Duration?) in
                    guard state.isOpen, state.isIdle(missing: missing) else { return (continuation, nil) }
                    return (nil, state.waiter.wait(continuation, due: .samples(missing)))
                }
                now?.resume()
                if let look { scheduleLook(look) }
            }
        }
    }

    private func scheduleLook(_ time: Duration) {
        AudioWaiter.after(time) { [weak self] in self?.look() }
    }

    private func look() {
        switch state.withLock({ $0.waiter.look(isEnough: $0.audio.queue.sampleCount >= $0.wanted) }) {
        case .wake(let continuation): continuation.resume()
        case .lookAgain(let time): scheduleLook(time)
        case .done: break
        }
    }
}

extension SessionInbox.State {
    /// Samples that are taken out at a time, at most: 100 ms.
    private var pieceCount: Int { audio.sampleRate / 10 }

    /// What the push of a frame wakes: the reader, if it has to be.
    mutating func pushed() -> UnsafeContinuation<Void, Never>? {
        waiter.pushed(
            isEnough: audio.queue.sampleCount >= wanted,
            isPilingUp: audio.queue.sampleCount >= wanted + pieceCount)
    }

    /// Whether the reader has to wait; notes how much audio is worth waking it for.
    mutating func isIdle(missing: Int) -> Bool {
        wanted = (missing * audio.sampleRate + 15_999) / 16_000
        return audio.queue.marks.isEmpty && audio.queue.sampleCount < wanted
    }

    mutating func pop(missing: Int) -> SessionInbox.Item? {
        if isIdle(missing: missing) { return nil }
        let distance = audio.queue.distance(to: 0)
        if distance == 0, let input = audio.queue.popMark() {
            if input.isApplications { applicationInputCount -= 1 }
            return .input(input)
        }
        let count = min(distance ?? audio.queue.sampleCount, pieceCount)
        return count > 0 ? .audio(audio.queue.pop(count), sampleRate: audio.sampleRate) : nil
    }

    /// Makes room: an interim transcript goes, or else the oldest input of the application's.
    mutating func dropInput() {
        let index =
            audio.queue.marks.firstIndex { $0.mark.isInterim }
            ?? audio.queue.marks.firstIndex { $0.mark.isApplications }
        guard let index else { return }
        audio.queue.removeMark(at: index)
        applicationInputCount -= 1
        droppedInputCount += 1
    }
}

extension SessionInbox.Input {
    /// Whether it is a transcript or a command, as opposed to what the session tells itself.
    fileprivate var isApplications: Bool {
        switch self {
        case .turn(.predictionAnswered), .timer, .service, .mark, .finish: false
        case .turn, .update, .handOff: true
        }
    }

    fileprivate var isInterim: Bool {
        if case .turn(.transcript(let transcript)) = self { !transcript.isFinal } else { false }
    }
}
