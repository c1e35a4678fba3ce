import NIOConcurrencyHelpers
import TurnCore

/// A stream's side of a connection, from a script: commands are put in by the test, and what comes back is kept.
final class ScriptedConnection: TransportConnection {
    private struct State {
        var commands: [TransportCommand] = []
        var waiting: CheckedContinuation<TransportCommand?, Never>?
        var isGivenUp = false
        var sessionIDs: [String?] = []
        var thresholds: [[String: Float]] = []
        var answers: [TransportAnswer] = []
    }

    let sampleRate: Int
    let options: ConnectionOptions
    private let state = NIOLockedValueBox(State())
    /// Yields whenever something came back.
    private let changes = AsyncStream.makeStream(of: Void.self)

    init(_ commands: [TransportCommand] = [], sampleRate: Int = 16_000, timeout: Duration = .seconds(5))
        throws
    {
        self.sampleRate = sampleRate
        options = try ConnectionOptions(timeout: timeout)
        state.withLockedValue { $0.commands = commands }
    }

    func push(_ commands: TransportCommand...) {
        for command in commands {
            let waiting = state.withLockedValue { state -> CheckedContinuation<TransportCommand?, Never>? in
                if let waiting = state.waiting {
                    state.waiting = nil
                    return waiting
                }
                state.commands.append(command)
                return nil
            }
            waiting?.resume(returning: command)
        }
    }

    /// Commands that were not taken yet.
    var waitingCount: Int { state.withLockedValue { $0.commands.count } }
    var sessionIDs: [String?] { state.withLockedValue { $0.sessionIDs } }
    var thresholds: [[String: Float]] { state.withLockedValue { $0.thresholds } }
    var answers: [TransportAnswer] { state.withLockedValue { $0.answers } }

    func answers(_ count: Int) async -> [TransportAnswer] {
        await wait { $0.answers.count >= count }
        return answers
    }

    func connected() async { await wait { !$0.sessionIDs.isEmpty } }

    func adopted() async { await wait { !$0.thresholds.isEmpty } }

    private func wait(until isDone: (State) -> Bool) async {
        var changes = changes.stream.makeAsyncIterator()
        // The stream ends when the task is cancelled, as that of a test over its time limit is.
        while !state.withLockedValue({ isDone($0) }), await changes.next() != nil {}
    }

    // MARK: - TransportConnection

    func connected(sessionID: String?) {
        state.withLockedValue { $0.sessionIDs.append(sessionID) }
        changes.continuation.yield()
    }

    func nextCommand() async -> TransportCommand? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let command: TransportCommand?? = state.withLockedValue { state in
                    if state.isGivenUp { return .some(nil) }
                    if !state.commands.isEmpty { return state.commands.removeFirst() }
                    state.waiting = continuation
                    return nil
                }
                if let command { continuation.resume(returning: command) }
            }
        } onCancel: {
            giveUp()
        }
    }

    func giveUp() {
        let waiting = state.withLockedValue { state in
            state.isGivenUp = true
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: nil)
    }

    func adopt(_ defaults: ServerThresholds) throws(TransportError) {
        guard !defaults.thresholds.isEmpty, defaults.defaultThreshold > 0 else {
            throw .api("degenerate thresholds", retryable: false)
        }
        state.withLockedValue { state in
            state.thresholds.append(
                Dictionary(defaults.thresholds.map { ($0.language, $0.value) }) { $1 }
                    .merging(["": defaults.defaultThreshold]) { $1 })
        }
        changes.continuation.yield()
    }

    func answer(_ answer: TransportAnswer) {
        state.withLockedValue { $0.answers.append(answer) }
        changes.continuation.yield()
    }
}
