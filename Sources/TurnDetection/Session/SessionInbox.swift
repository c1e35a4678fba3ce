import TurnAudio
import TurnCore

/// What a session was told and has not worked through yet, in order: audio as 16 kHz mono, and inputs between it.
///
/// Audio is bounded to 10 s, the newest winning; inputs are few. Any thread puts in, one task takes out.
final class SessionInbox: Sendable {
    /// Audio that waits, at most.
    static let capacity: Duration = .seconds(10)

    enum Input: Sendable {
        /// For the turn machine.
        case turn(TurnMachine.Input)
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
        case window([Float])
        case input(Input)
        /// The last samples, less than a window.
        case rest([Float])
    }

    private final class Contents {
        var ingress = AudioIngress()
        var queue: MarkedQueue<Float, Input>
        var waiter: UnsafeContinuation<Void, Never>?
        var isOpen = true

        init(reserve: Int) {
            queue = MarkedQueue(
                limit: SessionInbox.capacity.sampleCount, reserve: reserve, filler: 0)
        }

        func takeWaiter() -> UnsafeContinuation<Void, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }

    private struct State {
        let contents: Contents
    }

    private let state: Lock<State>
    private let windowCount: Int

    init(windowSampleCount: Int) {
        windowCount = windowSampleCount
        state = Lock(State(contents: Contents(reserve: windowSampleCount * 4)))
    }

    /// Samples at 16 kHz that were dropped because the session was too slow.
    var droppedCount: Int { state.withLock { $0.contents.queue.droppedCount } }

    /// - Throws: ``TurnError`` for a format other than the first frame's; the frame is dropped.
    func push(_ frame: AudioFrame) throws(TurnError) {
        let result = state.withLock { state -> Result<UnsafeContinuation<Void, Never>?, TurnError> in
            let contents = state.contents
            guard contents.isOpen else { return .success(nil) }
            do throws(TurnError) {
                try contents.ingress.push(frame) { contents.queue.append($0) }
            } catch {
                return .failure(error)
            }
            return .success(contents.queue.sampleCount >= windowCount ? contents.takeWaiter() : nil)
        }
        try result.get()?.resume()
    }

    /// Puts an input behind the audio so far. Nothing is taken after `.finish`.
    ///
    /// - Returns: whether it was taken.
    @discardableResult
    func put(_ input: Input) -> Bool {
        let (isTaken, waiter) = state.withLock { state -> (Bool, UnsafeContinuation<Void, Never>?) in
            let contents = state.contents
            guard contents.isOpen else { return (false, nil) }
            if case .finish = input {
                contents.ingress.flush { contents.queue.append($0) }
                contents.isOpen = false
            }
            contents.queue.append(mark: input)
            return (true, contents.takeWaiter())
        }
        waiter?.resume()
        return isTaken
    }

    /// The next thing to work on; waits for one. Nil after the end.
    func next() async -> Item? {
        while true {
            if let item = state.withLock({ self.pop($0.contents) }) { return item }
            let isOver = state.withLock { !$0.contents.isOpen && $0.contents.queue.marks.isEmpty }
            if isOver { return nil }
            await withUnsafeContinuation { continuation in
                let now = state.withLock { state -> UnsafeContinuation<Void, Never>? in
                    let contents = state.contents
                    let isIdle = contents.queue.marks.isEmpty && contents.queue.sampleCount < windowCount
                    guard isIdle, contents.isOpen else { return continuation }
                    contents.waiter = continuation
                    return nil
                }
                now?.resume()
            }
        }
    }

    private func pop(_ contents: Contents) -> Item? {
        // An input that comes within a window does not wait for the rest of it, but for the last samples of all.
        let distance = contents.queue.distance(to: 0)
        if let distance, distance < windowCount {
            if case .finish = contents.queue.marks[0].mark, distance > 0 {
                return .rest(contents.queue.pop(distance))
            }
            return contents.queue.popMark().map { .input($0) }
        }
        guard contents.queue.sampleCount >= windowCount else { return nil }
        return .window(contents.queue.pop(windowCount))
    }
}
