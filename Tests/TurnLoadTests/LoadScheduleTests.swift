import NIOCore
import Testing
import TurnCore
import TurnLoad

/// When sessions open, where they begin and when they send.
struct LoadScheduleTests {
    private func schedule(sessions: Int, frame: Duration = .milliseconds(50)) -> LoadSchedule {
        var options = LoadOptions(sessionCount: sessions, duration: .seconds(1))
        options.startUp = .seconds(3)
        options.frameDuration = frame
        return LoadSchedule(options)
    }

    @Test func `sessions open evenly over the start-up`() {
        let schedule = schedule(sessions: 300)
        let openings = (0..<300).map { schedule.opening(of: $0) }
        #expect(openings.first == .zero)
        for (before, after) in zip(openings, openings.dropFirst()) {
            #expect(after - before == .milliseconds(10))
        }
        #expect(openings.last == .milliseconds(2_990))
    }

    @Test(arguments: [(Duration.milliseconds(20), 4), (.milliseconds(50), 10)])
    func `sessions are spread over the ticks of a frame`(frame: Duration, lanes: Int) {
        let schedule = schedule(sessions: 300, frame: frame)
        #expect(schedule.laneCount == lanes)
        #expect(LoadSchedule.tick * lanes == frame)
        let counts = (0..<300).reduce(into: [Int: Int]()) { $0[schedule.lane(of: $1), default: 0] += 1 }
        #expect(counts.count == lanes)
        #expect(counts.values.allSatisfy { $0 == 300 / lanes })
    }

    @Test(arguments: [2, 10, 300, 3_000])
    func `sessions begin all over the recording`(sessions: Int) {
        let schedule = schedule(sessions: sessions)
        let frames = 100_000
        let starts = (0..<sessions).map { schedule.firstFrame(ofOpening: $0, frameCount: frames) }.sorted()
        #expect(starts.allSatisfy { (0..<frames).contains($0) })
        let circle = starts.dropFirst() + [starts[0] + frames]
        let gaps = zip(starts, circle).map { $1 - $0 }
        // The three-distance theorem: multiples of the golden ratio leave no gap above 2.7 times the mean.
        #expect(Double(gaps.max()!) <= 2.7 * Double(frames) / Double(sessions))
    }

    @Test func `sessions that come and go live around the time that was asked for`() {
        let schedule = schedule(sessions: 10)
        let lives = (0..<1_000).map { schedule.life(ofOpening: $0, around: .seconds(10)) / .seconds(1) }
        #expect(lives.allSatisfy { (8...12).contains($0) })
        #expect(abs(lives.reduce(0, +) / 1_000 - 10) < 0.1)
        #expect(lives.min()! < 8.1 && lives.max()! > 11.9)
    }
}

/// The question that waits.
struct PredictionLedgerTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func `an answer closes its question and tells the time`() {
        var ledger = PredictionLedger()
        let replaced = ledger.ask("a", isCounted: true, now: start)
        #expect(!replaced)
        #expect(ledger.isWaiting)
        let answer = ledger.answer("a", now: start + .milliseconds(7))
        #expect(answer?.latency == .milliseconds(7))
        #expect(answer?.isCounted == true)
        #expect(!ledger.isWaiting)
        let again = ledger.answer("a", now: start)
        #expect(again == nil)
    }

    @Test(arguments: ["b", nil] as [String?])
    func `an answer to another question changes nothing`(id: String?) {
        var ledger = PredictionLedger()
        _ = ledger.ask("a", isCounted: false, now: start)
        let answer = ledger.answer(id, now: start)
        #expect(answer == nil)
        #expect(ledger.isWaiting)
    }

    @Test func `a question that another follows is given up`() {
        var ledger = PredictionLedger()
        _ = ledger.ask("a", isCounted: true, now: start)
        let replaced = ledger.ask("b", isCounted: false, now: start + .seconds(1))
        #expect(replaced)
        let stale = ledger.answer("a", now: start + .seconds(2))
        #expect(stale == nil)
        let answer = ledger.answer("b", now: start + .seconds(2))
        #expect(answer?.latency == .seconds(1))
        #expect(answer?.isCounted == false)
    }

    @Test func `patience ends after its time, once`() {
        var ledger = PredictionLedger()
        var expired = [ledger.expire(patience: .zero, now: start)]
        _ = ledger.ask("a", isCounted: true, now: start)
        for milliseconds in [2_000, 2_001, 9_000] as [Int64] {
            expired.append(ledger.expire(patience: .seconds(2), now: start + .milliseconds(milliseconds)))
        }
        #expect(expired == [false, false, true, false])
        let abandoned = ledger.abandon()
        #expect(!abandoned)
    }
}
