import Foundation
import NIOCore

/// Estimates how busy the workers will be once all open sessions talk.
///
/// Sessions ask seconds after they open, so waits tell of too many sessions when they are in already. Here each session
/// counts for as many questions as were asked by those that are open, at the time that answers take. Before there are
/// any, a guess stands in, which fades.
struct LoadForecast {
    /// Questions a second and session of conversations, until measured.
    static let usualRate = 0.2
    /// Sessions that are younger have hardly asked yet, and tell nothing.
    static let youth = TimeAmount.seconds(2)
    /// Session-seconds that the guess weighs.
    private static let guessWeight = 40.0
    /// After so many seconds what was seen counts half.
    private static let halfLife = 30.0

    private let workers: Double
    private var sessionCount = 0
    /// When the young sessions opened, oldest first.
    private var openings = CircularBuffer<NIODeadline>()
    private var questions = 0.0
    private var sessionSeconds = 0.0
    /// Questions by requests without a session, in the same fading memory as the seconds beside them.
    private var requests = 0.0
    private var seconds = 0.0
    private var updated: NIODeadline
    /// Seconds that an answer takes; nil before the first.
    private var answerTime: Double?

    init(workers: Int, now: NIODeadline) {
        self.workers = Double(max(workers, 1))
        updated = now
    }

    mutating func sessionOpened(now: NIODeadline) {
        update(now)
        sessionCount += 1
        openings.append(now)
    }

    /// A session is gone, and with it its share of what was seen: those that come next may be of another kind.
    mutating func sessionClosed(opened: NIODeadline, now: NIODeadline) {
        update(now)
        let seen = sessionCount - openings.count
        sessionCount -= 1
        if let index = openings.firstIndex(of: opened) {
            openings.remove(at: index)
        } else if seen > 0 {
            let kept = Double(seen - 1) / Double(seen)
            questions *= kept
            sessionSeconds *= kept
        }
    }

    /// A session's question was computed, or would have been.
    mutating func asked(opened: NIODeadline, now: NIODeadline) {
        update(now)
        if now - opened > Self.youth { questions += 1 }
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
        let rate =
            (questions + Self.usualRate * Self.guessWeight) / (sessionSeconds + Self.guessWeight)
        let requestRate = seconds > 1 ? requests / seconds : 0
        return (Double(sessionCount + more) * rate + requestRate) * answerTime / workers
    }

    private mutating func update(_ now: NIODeadline) {
        let elapsed = Double((now - updated).nanoseconds) * 1e-9
        guard elapsed > 0 else { return }
        updated = now
        while let first = openings.first, now - first > Self.youth { openings.removeFirst() }
        let kept = exp2(-elapsed / Self.halfLife)
        // The seconds between, which fade as well: the integral of 2^-(t / half-life).
        let added = (1 - kept) * Self.halfLife * M_LOG2E
        questions *= kept
        sessionSeconds = sessionSeconds * kept + Double(sessionCount - openings.count) * added
        requests *= kept
        seconds = seconds * kept + added
    }
}
