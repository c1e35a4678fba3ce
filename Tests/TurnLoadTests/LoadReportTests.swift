import Testing
import TurnCore
import TurnLoad
import TurnTesting

/// Figures of a run.
struct LoadReportTests {
    /// A thousand latencies with a long tail, 1 ms to about 3 s.
    private static let latencies: [Duration] = {
        var generator = SeededGenerator(seed: 9)
        return (0..<1_000).map { _ in
            let part = Double.random(in: 0..<1, using: &generator)
            return .microseconds(Int(1_000 * (1 + part * part * part * part * part * part * 3_000)))
        }
    }()

    private func report(_ latencies: some Sequence<Duration>, limit: Duration = .seconds(60)) -> LoadReport {
        var report = LoadReport(sessionCount: 4, duration: .seconds(10))
        for latency in latencies {
            report.asked()
            report.answered(after: latency, limit: limit)
        }
        return report
    }

    @Test(arguments: [1.0, 50, 90, 99, 99.9, 100])
    func `percentiles are those of the sorted values, to three digits`(percent: Double) throws {
        let report = report(Self.latencies)
        let rank = max(1, Int((percent / 100 * 1_000).rounded(.up)))
        let exact = Self.latencies.sorted()[rank - 1] / .microseconds(1)
        let found = try #require(report.latency(percent: percent)) / .microseconds(1)
        #expect(abs(found - exact) <= exact / 1_000, "\(found) for \(exact)")
        #expect(report.answerCount == 1_000)
        #expect(report.answersPerSecond == 100)
    }

    @Test func `a run without answers has no percentiles and does not hold`() {
        let report = report([])
        #expect(report.latency(percent: 99) == nil)
        #expect(!report.holds(p99: .seconds(10)))
    }

    @Test func `what takes longer than the limit is late`() {
        let report = report(
            [.milliseconds(999), .seconds(1), .milliseconds(1_001), .seconds(2)], limit: .seconds(1))
        #expect(report.lateCount == 2)
        #expect(!report.holds(p99: .seconds(60)))
    }

    @Test func `a run holds when 99 of 100 are in time and nothing is lost`() {
        // 99 of 10 ms, one of 500 ms: the 99th percentile is 10 ms.
        let good = Array(repeating: Duration.milliseconds(10), count: 99) + [.milliseconds(500)]
        #expect(report(good).holds(p99: .milliseconds(11)))
        #expect(!report(good).holds(p99: .milliseconds(9)))
        #expect(!report(good + [.milliseconds(500)]).holds(p99: .milliseconds(11)))
        var lossy = report(good)
        lossy.lost()
        #expect(!lossy.holds(p99: .milliseconds(11)))
        var failed = report(good)
        failed.failed("http 503")
        #expect(!failed.holds(p99: .milliseconds(11)))
    }

    @Test func `the reports of event loops add up`() {
        var total = report(Self.latencies.prefix(400))
        var other = report(Self.latencies.dropFirst(400), limit: .milliseconds(100))
        total.failed("http 503")
        total.lagged(by: .milliseconds(3))
        other.failed("http 503")
        other.failed("close 1001")
        other.lost()
        other.opened()
        other.lagged(by: .milliseconds(9))
        total.add(other)
        let whole = report(Self.latencies)
        for percent in [50.0, 90, 99, 100] {
            #expect(total.latency(percent: percent) == whole.latency(percent: percent))
        }
        #expect(total.predictionCount == 1_000)
        #expect(total.lateCount == Self.latencies.dropFirst(400).count { $0 > .milliseconds(100) })
        #expect(total.failures == ["http 503": 2, "close 1001": 1])
        #expect(total.lostCount == 1)
        #expect(total.errorCount == 4)
        #expect(total.openedCount == 1)
        #expect(total.lag == .milliseconds(9))
    }
}

/// The search for the most sessions that hold.
struct RampSearchTests {
    @Test(arguments: [1, 50, 800], [0, 1, 2, 3, 17, 49, 50, 51, 99, 100, 101, 333, 800, 1_000, 5_000])
    func `the most that hold is found to one part in twenty`(start: Int, capacity: Int) {
        let maximum = 1_000
        var search = RampSearch(start: start, maximum: maximum)
        var tries = 0
        while let count = search.next {
            #expect((1...maximum).contains(count))
            search.record(count <= capacity)
            tries += 1
            guard tries < 40 else { break }
        }
        let most = min(capacity, maximum)
        #expect(search.best <= most)
        // Whole sessions, so below 20 the gap is one.
        #expect(search.best >= most - max(1, most / 20), "\(search.best)")
        #expect(tries <= 20)
    }

    @Test func `a search that is over stays over`() {
        var search = RampSearch(start: 1, maximum: 1)
        search.record(true)
        #expect(search.next == nil)
        search.record(false)
        #expect(search.best == 1)
    }
}
