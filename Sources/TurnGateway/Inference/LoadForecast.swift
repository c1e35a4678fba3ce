import Foundation
import NIOCore

/// Estimates how busy the workers will be once all open sessions talk.
///
/// Sessions ask seconds after they open, so waits tell of too many sessions when they are in already. Here each session
/// counts for as many questions as those that are open have asked so far, at the time that answers take. What is known
/// of a session goes with it, so when a load ends it is forgotten. Before sessions are known a guess stands in.
struct LoadForecast {
    /// Questions a second and session of conversations, until measured.
    static let usualRate = 0.2
    /// Session-seconds that the guess weighs.
    private static let guessWeight = 40.0
    /// After so many seconds a request without a session counts half.
    private static let halfLife = 2.0

    private let workers: Double
    private var sessionCount = 0
    /// The sum of the times at which the open sessions opened, in seconds since the start.
    private var openings = 0.0
    /// Questions of the open sessions.
    private var questionCount = 0
    /// Requests without a session, and the seconds they came in, both fading.
    private var requests = 0.0
    private var seconds = 0.0
    private let start: NIODeadline
    private var updated: NIODeadline
    /// Seconds that an answer takes; nil before the first.
    private var answerTime: Double?

    init(workers: Int, now: NIODeadline) {
        self.workers = Double(max(workers, 1))
        start = now
        updated = now
    }

    mutating func sessionOpened(now: NIODeadline) {
        sessionCount += 1
        openings += time(now)
    }

    /// A session's question was computed, or would have been.
    mutating func asked() { questionCount += 1 }

    /// - Parameters:
    ///   - opened: as it was told when the session opened.
    ///   - questionCount: how many of its questions were told.
    mutating func sessionClosed(opened: NIODeadline, questionCount: Int) {
        sessionCount -= 1
        openings -= time(opened)
        self.questionCount -= questionCount
    }

    /// A request without a session asked.
    mutating func requested(now: NIODeadline) {
        update(now)
        requests += 1
    }

    /// A worker was busy so long with an answer.
    mutating func answered(in time: Duration) {
        let time = time.inSeconds
        answerTime = answerTime.map { $0 + (time - $0) * 0.05 } ?? time
    }

    /// The share of the workers' time that the open sessions will take, 1 for all of it.
    ///
    /// - Parameters:
    ///   - more: sessions besides those that are open.
    ///   - now: the time.
    /// - Returns: 0 as long as nothing was answered.
    mutating func load(with more: Int, now: NIODeadline) -> Double {
        update(now)
        guard let answerTime else { return 0 }
        let sessionSeconds = max(0, Double(sessionCount) * time(now) - openings)
        let rate =
            (Double(questionCount) + Self.usualRate * Self.guessWeight) / (sessionSeconds + Self.guessWeight)
        let requestRate = seconds > 1 ? requests / seconds : 0
        return (Double(sessionCount + more) * rate + requestRate) * answerTime / workers
    }

    private func time(_ now: NIODeadline) -> Double { Double((now - start).nanoseconds) * 1e-9 }

    private mutating func update(_ now: NIODeadline) {
        let elapsed = Double((now - updated).nanoseconds) * 1e-9
        guard elapsed > 0 else { return }
        updated = now
        let kept = exp2(-elapsed / Self.halfLife)
        requests *= kept
        // The seconds between fade as well: the integral of 2^-(t / half-life).
        seconds = seconds * kept + (1 - kept) * Self.halfLife * M_LOG2E
    }
}
