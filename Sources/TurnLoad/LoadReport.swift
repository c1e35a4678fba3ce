import Histogram
import TurnCore

/// What a load run found.
public struct LoadReport: Sendable {
    /// Sessions at the same time.
    public var sessionCount: Int
    /// How long was measured.
    public var duration: Duration
    /// Questions asked in that time.
    public private(set) var predictionCount = 0
    /// Answers, to questions of that time, that took longer than the limit.
    public private(set) var lateCount = 0
    /// Questions without an answer, from the first to the last of the run.
    public private(set) var lostCount = 0
    /// What went wrong besides, by kind, such as `http 503` or `error 429`: sessions that did not open or broke off,
    /// error messages.
    public private(set) var failures: [String: Int] = [:]
    /// Sessions that opened, from the first to the last of the run.
    public private(set) var openedCount = 0
    /// The most by which this end sent audio too late; it is part of what is measured.
    public private(set) var lag = Duration.zero
    /// Microseconds from question to answer, to three digits.
    private var latencies = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)

    public init(sessionCount: Int, duration: Duration) {
        self.sessionCount = sessionCount
        self.duration = duration
    }

    /// Lost predictions and all failures.
    public var errorCount: Int { lostCount + failures.values.reduce(0, +) }

    /// Answers that came, to questions of the measured time.
    public var answerCount: Int { Int(latencies.totalCount) }

    /// Answers a second.
    public var answersPerSecond: Double { Double(answerCount) / (duration / .seconds(1)) }

    /// The time from question to answer below which so many of a hundred answers lie.
    ///
    /// - Parameter percent: 0...100; 100 for the longest.
    /// - Returns: the time, to three digits; nil without answers.
    public func latency(percent: Double) -> Duration? {
        guard latencies.totalCount > 0 else { return nil }
        return .microseconds(latencies.valueAtPercentile(percent))
    }

    /// Whether every question was answered in time, 99 of 100 within `limit`, and nothing failed.
    public func holds(p99 limit: Duration) -> Bool {
        guard let p99 = latency(percent: 99) else { return false }
        return errorCount == 0 && lateCount == 0 && p99 <= limit
    }

    package mutating func asked() { predictionCount += 1 }

    /// Takes the time to an answer.
    package mutating func answered(after latency: Duration, limit: Duration) {
        if latency > limit { lateCount += 1 }
        // What does not fit, over a minute, has been given up long before.
        latencies.record(UInt64(max(0, (latency / .microseconds(1)).rounded())))
    }

    package mutating func lost() { lostCount += 1 }

    package mutating func failed(_ kind: String) { failures[kind, default: 0] += 1 }

    package mutating func opened() { openedCount += 1 }

    package mutating func lagged(by lag: Duration) { self.lag = max(self.lag, lag) }

    /// Adds what another event loop found in the same time.
    package mutating func add(_ other: LoadReport) {
        predictionCount += other.predictionCount
        lateCount += other.lateCount
        lostCount += other.lostCount
        failures.merge(other.failures, uniquingKeysWith: +)
        openedCount += other.openedCount
        lag = max(lag, other.lag)
        latencies.add(other.latencies)
    }
}
