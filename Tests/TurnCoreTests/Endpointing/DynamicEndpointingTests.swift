import Testing
import TurnCore

/// Times are seconds, as in the acceptance table.
private func at(_ seconds: Double) -> Duration { .milliseconds(Int((seconds * 1_000).rounded())) }

/// The learnt delay in milliseconds, to a microsecond: learning is floating point.
private func learnt(_ delay: Duration) -> Double {
    ((delay / .milliseconds(1)) * 1_000).rounded() / 1_000
}

@Suite struct DynamicEndpointingTests {
    /// min .3, max 1, alpha .5, and a segment of the user that ended at 100.
    private func learner(alpha: Double = 0.5, firstEnd: Double = 100) throws -> DynamicEndpointing {
        var learner = try DynamicEndpointing(min: at(0.3), max: at(1), alpha: alpha)
        learner.userSpeechStarted(at: at(firstEnd - 1))
        learner.userSpeechEnded(at: at(firstEnd))
        return learner
    }

    @Test(arguments: [0, -0.5, 1.5, .nan])
    func `R-083 filter out of range`(alpha: Double) {
        #expect(throws: TurnError.self) { try ExponentialFilter(alpha: alpha) }
        #expect(throws: TurnError.self) { try DynamicEndpointing(min: at(0.3), max: at(1), alpha: alpha) }
    }

    @Test func `R-084 filter`() throws {
        var empty = try ExponentialFilter(alpha: 0.5)
        #expect(empty.value == nil)
        empty.apply(10)
        #expect(empty.value == 10)
        var filter = try ExponentialFilter(alpha: 0.5, initial: 10)
        filter.apply(20)
        #expect(filter.value == 15)
        filter.apply(20)
        #expect(filter.value == 17.5)
    }

    @Test func `R-085 nothing heard`() throws {
        let learner = try DynamicEndpointing(min: at(0.3), max: at(1))
        #expect(learner.pause == .zero)
        #expect(learner.turnGap == .zero)
        #expect(learner.interruptionGap == .zero)
    }

    @Test func `R-086 gaps`() throws {
        var user = try learner()
        user.userSpeechStarted(at: at(100.5))
        #expect(user.pause == at(0.5))
        var agent = try learner()
        agent.agentSpeechStarted(at: at(100.8))
        #expect(agent.turnGap == at(0.8))
    }

    @Test(arguments: [(0.5, 350), (0.9, 310)])
    func `R-087 learns a pause`(alpha: Double, expected: Double) throws {
        var learner = try learner(alpha: alpha)
        learner.userSpeechStarted(at: at(100.4))
        learner.userSpeechEnded(at: at(100.5))
        #expect(learnt(learner.minDelay) == expected)
        #expect(learner.userEnd == at(100.5))
    }

    @Test(arguments: [(105, 1_000), (100.1, 300)] as [(Double, Double)])
    func `section 13 bounds of what is learnt`(start: Double, expected: Double) throws {
        var learner = try learner()
        learner.userSpeechStarted(at: at(start))
        learner.userSpeechEnded(at: at(start + 1))
        #expect(learnt(learner.minDelay) == expected)
        // What lies out of bounds is not kept behind them either: a pause of .4 moves the bound itself.
        learner.userSpeechStarted(at: at(start + 1.4))
        learner.userSpeechEnded(at: at(start + 2))
        #expect(learnt(learner.minDelay) == (expected + 400) / 2)
    }

    /// The last one lies on the bound: both gaps differ by as much as the shorter delay.
    @Test(
        arguments: [(100.15, 100.4, 350), (100.2, 100.25, 300), (100.2, 100.5, 400), (100.2, 100.501, 300)]
            as [(Double, Double, Double)])
    func `section 13 overlapping examples`(agent: Double, user: Double, expected: Double) throws {
        var learner = try learner()
        learner.agentSpeechStarted(at: at(agent))
        learner.userSpeechStarted(at: at(user), overlapping: true)
        learner.userSpeechEnded(at: at(user + 1))
        #expect(learnt(learner.minDelay) == expected)
    }

    @Test func `R-088 the longer delay is never learnt`() throws {
        var learner = try learner()
        var generator = SystemRandomNumberGenerator()
        var time = 101.0
        for _ in 0..<200 {
            time += Double.random(in: 0...2, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: learner.userSpeechStarted(at: at(time), overlapping: .random(using: &generator))
            case 1: learner.userSpeechEnded(at: at(time), interruption: [nil, true, false].randomElement()!)
            case 2: learner.agentSpeechStarted(at: at(time))
            default: learner.agentSpeechEnded(at: at(time))
            }
            #expect(learner.maxDelay == at(1))
            #expect(learner.minDelay >= at(0.3) && learner.minDelay <= at(1))
        }
    }

    @Test func `R-089 a quick overlap`() throws {
        var learner = try learner()
        learner.agentSpeechStarted(at: at(100.2))
        learner.userSpeechStarted(at: at(100.25), overlapping: true)
        learner.userSpeechEnded(at: at(100.5))
        #expect(learner.minDelay == at(0.3))
        #expect(!learner.isOverlapping)
        #expect(learner.agentStart == at(100.2))
    }

    @Test func `R-090 update`() throws {
        var learner = try learner()
        try learner.update(min: at(0.5))
        #expect(learner.minDelay == at(0.5))
        try learner.update(max: at(2))
        #expect(learner.maxDelay == at(2))
        let before = learner
        try learner.update()
        #expect(learner == before)
        #expect(learner.alpha == 0.5)
        // The bounds of the filter follow: a pause of 5 s now reaches 2 s.
        learner.userSpeechStarted(at: at(105))
        learner.userSpeechEnded(at: at(106))
        #expect(learner.minDelay == at(2))
        #expect(throws: TurnError.self) { try learner.update(alpha: 2) }
    }

    @Test func `R-091 min over max`() throws {
        var learner = try DynamicEndpointing(min: at(0.3), max: at(1))
        try learner.update(min: at(1.5))
        #expect(learner.minDelay == at(1))
        try learner.update(max: at(2))
        #expect(learner.minDelay == at(1.5))
        #expect(try EndpointingDelays(min: at(1.5), max: at(1)).min == at(1))
    }

    @Test func `R-092 max below what was learnt`() throws {
        var learner = try learner()
        learner.userSpeechStarted(at: at(101))
        learner.userSpeechEnded(at: at(102))
        #expect(learnt(learner.minDelay) == 650)
        try learner.update(max: at(0.5))
        #expect(learner.delays == (try EndpointingDelays(min: at(0.5), max: at(0.5))))
    }

    @Test func `R-093 a start while overlapping is ignored`() throws {
        var learner = try learner()
        learner.userSpeechStarted(at: at(100.25), overlapping: true)
        learner.userSpeechStarted(at: at(100.4), overlapping: true)
        #expect(learner.userStart == at(100.25))
    }

    @Test func `R-094 a late user turn teaches nothing`() throws {
        var learner = try learner()
        learner.agentSpeechStarted(at: at(100.9))
        learner.userSpeechStarted(at: at(101.8))
        learner.userSpeechEnded(at: at(102))
        #expect(learner.delays == (try EndpointingDelays(min: at(0.3), max: at(1))))
    }

    @Test func `R-095 an agent start within user speech moves the previous end`() throws {
        var learner = try DynamicEndpointing(min: at(0.3), max: at(1), alpha: 0.5)
        learner.userSpeechStarted(at: at(98))
        learner.userSpeechEnded(at: at(99))
        learner.userSpeechStarted(at: at(100))
        learner.agentSpeechStarted(at: at(100.2))
        learner.userSpeechStarted(at: at(100.25), overlapping: true)
        #expect(learner.userEnd == at(100.199))
    }

    @Test func `R-096 alpha alone keeps what was learnt`() throws {
        var learner = try learner()
        learner.userSpeechStarted(at: at(100.4))
        learner.userSpeechEnded(at: at(100.5))
        try learner.update(alpha: 0.2)
        #expect(learnt(learner.minDelay) == 350)
        #expect(learner.alpha == 0.2)
    }

    @Test(arguments: [101.5, 101.0])
    func `R-097 a comment teaches nothing and leaves no anchors`(start: Double) throws {
        var learner = try learner()
        learner.agentSpeechStarted(at: at(100.5))
        learner.userSpeechStarted(at: at(start), overlapping: true)
        learner.userSpeechEnded(at: at(start + 0.3), interruption: false)
        #expect(learner.minDelay == at(0.3))
        #expect(learner.userStart == nil && learner.userEnd == nil)
        #expect(!learner.isOverlapping)
    }

    @Test func `R-098 a pause without overlap is learnt whatever the verdict`() throws {
        var learner = try learner()
        learner.userSpeechStarted(at: at(100.4))
        learner.userSpeechEnded(at: at(100.5), interruption: false)
        #expect(learnt(learner.minDelay) == 350)
    }

    @Test func `R-099 within the grace the verdict does not count`() throws {
        var learner = try learner()
        learner.agentSpeechStarted(at: at(100.5))
        learner.userSpeechStarted(at: at(100.6), overlapping: true)
        learner.userSpeechEnded(at: at(100.8), interruption: false)
        #expect(learner.userEnd == at(100.8))
    }

    @Test func `R-099 at the grace itself the verdict counts`() throws {
        var learner = try learner()
        learner.agentSpeechStarted(at: at(100.5))
        learner.userSpeechStarted(at: at(100.75), overlapping: true)
        learner.userSpeechEnded(at: at(100.9), interruption: false)
        #expect(learner.userStart == nil && learner.userEnd == nil)
    }

    @Test func `R-100 the agent's end`() throws {
        var learner = try DynamicEndpointing(min: at(0.3), max: at(1))
        learner.agentSpeechStarted(at: at(100))
        learner.userSpeechStarted(at: at(100.1), overlapping: true)
        learner.agentSpeechEnded(at: at(101))
        #expect(learner.agentEnd == at(101))
        #expect(learner.agentStart == at(100))
        #expect(!learner.isOverlapping)
    }

    struct Case: Sendable {
        enum Agent { case none, ended, active }
        let agent: Agent
        var overlap = false
        var verdict: Bool?
        var agentStart = 100.2
        var userStart = 100.4
        let moves: Bool
    }

    @Test(arguments: [
        Case(agent: .none, verdict: true, moves: true),
        Case(agent: .none, verdict: false, moves: true),
        Case(agent: .ended, verdict: true, moves: false),
        Case(agent: .ended, verdict: false, moves: false),
        Case(agent: .active, overlap: true, verdict: true, moves: true),
        Case(agent: .active, overlap: true, verdict: false, moves: true),
        // 0.27 s apart: beyond the grace of 0.25 s, within the shorter delay.
        Case(
            agent: .active, overlap: true, verdict: true, agentStart: 100.15, userStart: 100.42, moves: true),
        Case(
            agent: .active, overlap: true, verdict: false, agentStart: 100.15, userStart: 100.42, moves: false
        ),
        Case(agent: .active, verdict: false, agentStart: 100.1, userStart: 100.5, moves: false),
    ])
    func `R-101 when the shorter delay moves`(row: Case) throws {
        var learner = try learner()
        switch row.agent {
        case .none: break
        case .ended:
            learner.agentSpeechStarted(at: at(row.agentStart))
            learner.agentSpeechEnded(at: at(100.3))
        case .active: learner.agentSpeechStarted(at: at(row.agentStart))
        }
        learner.userSpeechStarted(at: at(row.userStart), overlapping: row.overlap)
        learner.userSpeechEnded(at: at(row.userStart + 0.5), interruption: row.verdict)
        #expect((learner.minDelay != at(0.3)) == row.moves)
    }

    @Test func `R-102 made from options`() throws {
        let dynamic = try EndpointingOptions(mode: .dynamic, alpha: 0.7).make(for: .detector)
        guard case .dynamic(let learner) = dynamic else {
            Issue.record("not dynamic")
            return
        }
        #expect(learner.alpha == 0.7)
        let fixed = try EndpointingOptions(mode: .fixed).make(for: .voiceActivity)
        #expect(fixed == .fixed(try EndpointingDelays(min: at(0.5), max: at(3))))
    }

    @Test func `R-080 defaults follow what ends turns`() throws {
        #expect(
            try EndpointingOptions().make(for: .detector).delays
                == EndpointingDelays(min: at(0.3), max: at(2.5)))
        #expect(
            try EndpointingOptions().make(for: .voiceActivity).delays
                == EndpointingDelays(min: at(0.5), max: at(3)))
        #expect(
            try EndpointingOptions(minDelay: at(0.4)).make(for: .detector).delays
                == EndpointingDelays(min: at(0.4), max: at(2.5)))
    }

    @Test func `R-081 an agent's options come first`() throws {
        let session = EndpointingOptions(minDelay: at(0.4), maxDelay: at(2))
        let agent = EndpointingOptions(minDelay: at(0.6))
        #expect(
            try agent.over(session).make(for: .detector).delays
                == EndpointingDelays(min: at(0.6), max: at(2)))
        #expect(
            try EndpointingOptions().over(EndpointingOptions()).make(for: .voiceActivity).delays
                == EndpointingDelays(min: at(0.5), max: at(3)))
    }
}
