import NIOCore
import TurnCore

/// The question of one session that waits for its answer.
package struct PredictionLedger {
    private struct Question {
        let id: String
        let askedAt: NIODeadline
        let isCounted: Bool
    }

    /// An answer to the question that was open.
    package struct Answer: Equatable {
        package let latency: Duration
        /// Whether the question was asked within the time that is measured.
        package let isCounted: Bool
    }

    private var open: Question?

    package init() {}

    /// Whether a question waits.
    package var isWaiting: Bool { open != nil }

    /// Asks the next question.
    ///
    /// - Returns: whether one before it is given up: a gateway never answers a question that another followed.
    package mutating func ask(_ id: String, isCounted: Bool, now: NIODeadline) -> Bool {
        defer { open = Question(id: id, askedAt: now, isCounted: isCounted) }
        return open != nil
    }

    /// Takes an answer; nil when no such question is open.
    package mutating func answer(_ id: String?, now: NIODeadline) -> Answer? {
        guard let question = open, question.id == id else { return nil }
        open = nil
        return Answer(latency: Duration(now - question.askedAt), isCounted: question.isCounted)
    }

    /// Gives the open question up when it waited for longer than `patience`.
    ///
    /// - Returns: whether there was one.
    package mutating func expire(patience: Duration, now: NIODeadline) -> Bool {
        guard let question = open, Duration(now - question.askedAt) > patience else { return false }
        open = nil
        return true
    }

    /// Gives the open question up.
    ///
    /// - Returns: whether there was one.
    package mutating func abandon() -> Bool {
        defer { open = nil }
        return open != nil
    }
}
