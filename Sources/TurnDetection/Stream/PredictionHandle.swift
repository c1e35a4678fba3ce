public import TurnCore

/// A prediction that was asked for. Its answer always arrives, whatever becomes of the stream.
public final class PredictionHandle: Sendable {
    private struct State {
        var answer: EndOfTurnPrediction?
        var waiters: [@Sendable (EndOfTurnPrediction) -> Void] = []
    }

    /// The request's id, as a service sees it.
    public let id: String
    private let state = Lock(State())

    init(id: String) { self.id = id }

    /// The answer if it is there already.
    public var current: EndOfTurnPrediction? { state.withLock { $0.answer } }

    /// The answer. Never throws and does not end early when the task is cancelled: act on the outcome.
    public var value: EndOfTurnPrediction {
        get async {
            await withCheckedContinuation { continuation in
                whenAnswered { continuation.resume(returning: $0) }
            }
        }
    }

    /// Calls `body` once with the answer: now, or when it comes.
    func whenAnswered(_ body: @escaping @Sendable (EndOfTurnPrediction) -> Void) {
        let answer = state.withLock { state in
            if state.answer == nil { state.waiters.append(body) }
            return state.answer
        }
        if let answer { body(answer) }
    }

    /// The first answer counts.
    func resolve(_ answer: EndOfTurnPrediction) {
        let waiters = state.withLock { state in
            guard state.answer == nil else { return [@Sendable (EndOfTurnPrediction) -> Void]() }
            state.answer = answer
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter(answer) }
    }
}
