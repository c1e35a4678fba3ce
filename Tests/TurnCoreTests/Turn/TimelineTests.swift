import Testing
import TurnCore

/// The timelines L1 to L10 of the reference, to the millisecond, with min 0.3 s and max 2.5 s.
@Suite struct TimelineTests {
    @Test func `L1 predict and END in the same window, answer at .300`() throws {
        var talk = try Conversation()
        talk.answer(0.9, after: .milliseconds(44))
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.requests == [.milliseconds(256)])
        #expect(
            talk.events.map(\.time).dropFirst() == [
                .milliseconds(256), .milliseconds(300), .milliseconds(300),
            ])
        #expect(talk.turns.map(\.time) == [.milliseconds(300)])
        #expect(talk.turns.map(\.turn.reason) == [.model])
        #expect(talk.predictions.map(\.made.delay) == [.milliseconds(300)])
        #expect(talk.flushes == [.turnCommitted])
    }

    @Test func `L2 answer at .500, the delay is already over`() throws {
        var talk = try Conversation()
        talk.answer(0.5, after: .milliseconds(244))
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.turns.map(\.time) == [.milliseconds(500)])
        #expect(talk.turns.map(\.turn.delay) == [.milliseconds(500)])
    }

    @Test func `L3 p below the threshold, silence continues`() throws {
        var talk = try Conversation()
        talk.answer(0.499, after: .milliseconds(44))
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.turns.map(\.time) == [.milliseconds(2_500)])
        #expect(talk.turns.map(\.turn.reason) == [.timeout])
        #expect(talk.predictions.count == 1)
    }

    @Test func `L4 p below the threshold, speech resumes at 1.0`() throws {
        var talk = try Conversation()
        talk.answer(0.2, after: .milliseconds(44))
        talk.answer(0.9, after: .milliseconds(44))
        talk.speak()
        talk.silence(until: .milliseconds(960))
        talk.speak()
        #expect(talk.turns.isEmpty)
        #expect(!talk.cancels.contains(true))
        talk.silence(until: .seconds(3))
        #expect(talk.requests.last == .milliseconds(256))
        #expect(talk.requests.count == 2)
        #expect(talk.turns.map(\.time) == [.milliseconds(300)])
        #expect(talk.turns[0].turn.speechStart == .zero)
    }

    @Test func `L5 no answer`() throws {
        var talk = try Conversation()
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.turns.map(\.time) == [.milliseconds(1_256)])
        #expect(talk.turns.map(\.turn.reason) == [.noPrediction])
        #expect(talk.predictions.isEmpty)
        #expect(talk.cancels == [true])
        #expect(talk.warnings == [.predictionTimedOut])
    }

    @Test func `L6 STT final at .700, p cached from .300`() throws {
        var options = TurnMachine.Options()
        options.expectsTranscripts = true
        var talk = try Conversation(options: options)
        talk.answer(0.9, after: .milliseconds(44))
        talk.speak()
        talk.schedule(.transcript(Transcript("good morning")), at: .milliseconds(700))
        talk.silence(until: .seconds(3))
        #expect(talk.turns.map(\.time) == [.milliseconds(700)])
        #expect(talk.turns.map(\.turn.transcript) == ["good morning"])
        #expect(talk.predictions.map(\.time) == [.milliseconds(700)])
    }

    @Test func `L7 speech resumes without START`() throws {
        // A minimum of silence of .55 keeps the segment open: the request at .256 is forgotten when speech goes on.
        var talk = try Conversation(
            voiceActivity: VoiceActivityOptions(minSilenceDuration: .milliseconds(550)))
        talk.answer(0.2, after: .milliseconds(44))
        talk.answer(0.9, after: .milliseconds(44))
        talk.speak()
        talk.silence(until: .milliseconds(384))
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.cancels == [false])
        #expect(talk.requests.last == .milliseconds(256))
        #expect(talk.requests.count == 2)
        #expect(talk.predictions.map(\.made.probability) == [0.9])
        #expect(talk.events.filter { if case .speechStarted = $0.event { true } else { false } }.count == 1)
        // The segment ends at .576, beyond the shorter delay.
        #expect(talk.turns.map(\.time) == [.milliseconds(576)])
    }

    @Test func `L8 thresholds pending, p arrives at .30`() throws {
        var talk = try Conversation(threshold: nil)
        talk.answer(0.1, after: .milliseconds(44))
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.turns.map(\.time) == [.milliseconds(300)])
        #expect(talk.predictions.isEmpty)
        #expect(talk.turns.map(\.turn.reason) == [.noPrediction])
    }

    @Test func `L9 a degraded stream answers 1.0 at once`() throws {
        var talk = try Conversation()
        talk.answers = [(.zero, .unanswered(.closed))]
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.turns.map(\.time) == [.milliseconds(300)])
        #expect(talk.predictions.map(\.made.probability) == [1])
        #expect(talk.predictions.map(\.made.prediction.outcome) == [.closed])
    }

    @Test func `L10 a final after the commit`() throws {
        var options = TurnMachine.Options()
        options.expectsTranscripts = true
        var talk = try Conversation(options: options)
        talk.answer(0.9)
        talk.speak()
        talk.schedule(.transcript(Transcript("good")), at: .milliseconds(280))
        talk.schedule(.transcript(Transcript("morning")), at: .milliseconds(600))
        talk.schedule(.transcript(Transcript("all")), at: .milliseconds(1_600))
        talk.silence(until: .seconds(3))
        #expect(talk.turns.map(\.time) == [.milliseconds(300), .milliseconds(900), .milliseconds(1_900)])
        #expect(talk.predictions.count == 1)
        #expect(talk.requests.count == 1)
        #expect(talk.warnings == [.lateTranscript(first: true), .lateTranscript(first: false)])
    }
}
