import Testing
import TurnCore

/// What the machine can do beyond the reference: manual turns, bounds, rescoring, the end of the input.
@Suite struct TurnMachineOptionTests {
    @Test func `in manual mode only the application ends a turn`() throws {
        var options = TurnMachine.Options()
        options.isManual = true
        var talk = try Conversation(options: options)
        talk.speak()
        talk.silence(until: .seconds(5))
        #expect(talk.turns.isEmpty && talk.requests.isEmpty)
        talk.send(.commitTurn)
        #expect(talk.turns.map(\.turn.reason) == [.manual])
        #expect(talk.flushes == [.turnCommitted])
    }

    @Test func `a manual commit waits for the shorter delay`() throws {
        var options = TurnMachine.Options()
        options.isManual = true
        var talk = try Conversation(options: options)
        talk.speak()
        talk.silence(until: .milliseconds(64))
        talk.send(.commitTurn)
        talk.silence(until: .seconds(1))
        // Speech was last noted one window after its end.
        #expect(talk.turns.map(\.time) == [.milliseconds(332)])
    }

    @Test func `speech that starts before a manual commit's delay is over does not call it off`() throws {
        var options = TurnMachine.Options()
        options.isManual = true
        var talk = try Conversation(options: options, min: .seconds(2))
        talk.speak()
        // Long enough for the voice to have ended, so that it starts anew.
        talk.silence(until: .milliseconds(960))
        talk.send(.commitTurn)
        talk.speak(windows: 40)
        #expect(talk.events.count { if case .speechStarted = $0.event { true } else { false } } == 2)
        #expect(talk.turns.map(\.turn.reason) == [.manual])
    }

    @Test func `a manual commit stands, whatever the pause would have decided`() throws {
        var talk = try Conversation()
        talk.answer(0.2)
        talk.speak()
        talk.silence(until: .milliseconds(64))
        talk.send(.commitTurn)
        talk.silence(until: .seconds(1))
        #expect(talk.turns.map(\.turn.reason) == [.manual])
        #expect(talk.turns.map(\.time) == [.milliseconds(332)])
    }

    @Test func `switching to manual mode calls off the decision`() throws {
        var talk = try Conversation()
        talk.answer(0.2)
        talk.speak()
        talk.silence(until: .seconds(1))
        talk.send(.manualMode(true))
        talk.silence(until: .seconds(4))
        #expect(talk.turns.isEmpty)
        #expect(talk.cancels == [false])
        talk.send(.manualMode(false))
        talk.answer(0.9)
        talk.speak()
        talk.silence(until: .seconds(1))
        #expect(talk.turns.count == 1)
    }

    @Test func `a pause that goes on is scored again, the first crossing ends the turn`() throws {
        var options = TurnMachine.Options()
        options.rescoring = .every(.milliseconds(200))
        var talk = try Conversation(options: options)
        for probability in [0.1, 0.2, 0.8] as [Float] { talk.answer(probability) }
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.requests == [.milliseconds(256), .milliseconds(456), .milliseconds(656)])
        #expect(talk.predictions.map(\.made.probability) == [0.1, 0.2, 0.8])
        #expect(talk.turns.map(\.time) == [.milliseconds(656)])
        #expect(talk.turns.map(\.turn.reason) == [.model])
    }

    @Test func `the interval of rescoring runs from question to question, not from the answer`() throws {
        var options = TurnMachine.Options()
        options.rescoring = .every(.milliseconds(200))
        var talk = try Conversation(options: options)
        for _ in 0..<2 { talk.answer(0.1, after: .milliseconds(100)) }
        talk.answer(0.8)
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.requests == [.milliseconds(256), .milliseconds(456), .milliseconds(656)])
    }

    @Test func `rescoring never lasts beyond the longer delay`() throws {
        var options = TurnMachine.Options()
        options.rescoring = .every(.milliseconds(500))
        var talk = try Conversation(options: options)
        for _ in 0..<20 { talk.answer(0.1) }
        talk.speak()
        talk.silence(until: .seconds(4))
        #expect(talk.turns.map(\.time) == [.milliseconds(2_500)])
        #expect(talk.turns.map(\.turn.reason) == [.timeout])
        #expect(talk.requests.count == 5)
    }

    @Test func `speech that resumes stops rescoring`() throws {
        var options = TurnMachine.Options()
        options.rescoring = .every(.milliseconds(200))
        var talk = try Conversation(options: options)
        talk.answer(0.1)
        talk.speak()
        talk.silence(until: .milliseconds(384))
        talk.speak(windows: 40)
        #expect(talk.requests.count == 1)
        #expect(throws: TurnError.self) {
            var options = TurnMachine.Options()
            options.rescoring = .every(.milliseconds(49))
            try options.validate()
        }
    }

    @Test func `an open turn ends after its longest duration, whatever is heard`() throws {
        var options = TurnMachine.Options()
        options.maxTurnDuration = .seconds(2)
        var talk = try Conversation(options: options)
        talk.speak(windows: 150)
        // 4.8 s of speech without a pause: the bound is reached twice.
        #expect(talk.turns.map(\.turn.reason) == [.maxTurnDuration, .maxTurnDuration])
        #expect(talk.turns.map { $0.turn.time - $0.turn.speechStart! } == [.seconds(2), .seconds(2)])
        // Speech goes on: it ends for the turn when the turn does.
        #expect(talk.turns.map(\.turn.speechEnd) == talk.turns.map(\.turn.time))
        talk.answer(0.9)
        talk.silence(until: .seconds(5))
        #expect(talk.turns.map(\.turn.reason).last == .model)
        #expect(talk.turns.count == 3)
    }

    @Test func `the bound holds for a turn without any transcript`() throws {
        var options = TurnMachine.Options()
        options.maxTurnDuration = .seconds(2)
        options.expectsTranscripts = true
        var talk = try Conversation(options: options)
        talk.speak()
        talk.silence(until: .seconds(10))
        #expect(talk.turns.map(\.turn.reason) == [.maxTurnDuration])
    }

    @Test func `without a transcript nothing ends where transcripts are expected`() throws {
        var options = TurnMachine.Options()
        options.expectsTranscripts = true
        var talk = try Conversation(options: options)
        talk.answer(0.9)
        talk.speak()
        talk.silence(until: .seconds(10))
        #expect(talk.turns.isEmpty)
        talk.send(.endOfInput)
        #expect(talk.turns.isEmpty)
    }

    @Test func `the end of the input ends an open turn at once`() throws {
        var talk = try Conversation()
        talk.answer(0.2)
        talk.speak()
        talk.silence(until: .seconds(1))
        talk.send(.endOfInput)
        #expect(talk.turns.map(\.time) == [.seconds(1)])
        #expect(talk.turns.map(\.turn.reason) == [.endOfInput])
        #expect(talk.turns.map(\.turn.probability) == [0.2])
        talk.send(.endOfInput)
        #expect(talk.turns.count == 1)
    }

    @Test func `transcripts are joined, their confidence averaged`() throws {
        var talk = try Conversation()
        talk.answer(0.9)
        talk.send(.transcript(Transcript("good", confidence: 0.5)))
        talk.speak()
        talk.send(.transcript(Transcript("", confidence: 0.1)))
        talk.send(.transcript(Transcript("mor", isFinal: false, confidence: 0.1)))
        talk.send(.transcript(Transcript("morning", confidence: 1)))
        talk.silence(until: .seconds(1))
        #expect(talk.turns.map(\.turn.transcript) == ["good morning"])
        #expect(talk.turns.map(\.turn.transcriptConfidence) == [0.75])
        #expect(talk.turns[0].turn.timings?.endOfTurnDelay == .milliseconds(300))
    }

    @Test func `dynamic delays learn from the machine's own events`() throws {
        var talk = try Conversation()
        talk.machine.endpointing = .dynamic(
            try DynamicEndpointing(min: .milliseconds(300), max: .milliseconds(2_500), alpha: 0.5))
        talk.answer(0.2)
        talk.answer(0.9)
        talk.speak()
        talk.silence(until: .milliseconds(960))
        talk.speak()
        talk.silence(until: .seconds(3))
        // A pause of 0.96 s moves 0.3 s to 0.63 s.
        #expect(talk.turns.map(\.time) == [.milliseconds(630)])
    }
}

@Suite struct TurnTimingsTests {
    private func at(_ milliseconds: Int) -> Duration { .milliseconds(milliseconds) }

    @Test func `R-074 timings`() throws {
        let timings = try #require(
            TurnTimings(
                startedSpeaking: at(1_000_000), stoppedSpeaking: at(1_005_000),
                lastFinalTranscript: at(1_005_200), now: at(1_005_400)))
        #expect(timings.transcriptionDelay == at(200))
        #expect(timings.endOfTurnDelay == at(400))
    }

    @Test func `R-075 speech that stopped before it started`() {
        #expect(
            TurnTimings(
                startedSpeaking: at(1_000_000), stoppedSpeaking: at(780_000),
                lastFinalTranscript: at(1_000_000),
                now: at(1_000_000)) == nil)
    }

    @Test func `R-076 all at one moment`() throws {
        let timings = try #require(
            TurnTimings(
                startedSpeaking: at(5), stoppedSpeaking: at(5), lastFinalTranscript: at(5), now: at(305)))
        #expect(timings.transcriptionDelay == .zero)
        #expect(timings.endOfTurnDelay == at(300))
    }

    @Test(arguments: 0..<3)
    func `R-077 an anchor is missing`(missing: Int) {
        let anchors = (0..<3).map { $0 == missing ? nil : at(10) }
        #expect(
            TurnTimings(
                startedSpeaking: anchors[0], stoppedSpeaking: anchors[1], lastFinalTranscript: anchors[2],
                now: at(20)) == nil)
    }
}
