import Testing
import TurnCore

/// The acceptance rows about the state machine that drives a detector.
@Suite struct TurnMachineTests {
    private func transcribed() -> TurnMachine.Options {
        var options = TurnMachine.Options()
        options.expectsTranscripts = true
        return options
    }

    @Test(arguments: [nil, "en"])
    func `R-051 an unknown language changes nothing`(first: LanguageCode?) throws {
        var talk = try Conversation()
        if let first { talk.send(.transcript(Transcript("hello there", language: first))) }
        for unknown in ["multi", "auto", ""] as [LanguageCode] {
            talk.send(.transcript(Transcript("hello there", language: unknown)))
        }
        #expect(talk.machine.language == first)
    }

    @Test func `R-052 a longer transcript changes the language`() throws {
        var talk = try Conversation()
        talk.send(.transcript(Transcript("hello", language: "en")))
        talk.send(.transcript(Transcript("salut", language: "fr")))
        #expect(talk.machine.language == "en")
        talk.send(.transcript(Transcript("bonjour", language: "fr")))
        #expect(talk.machine.language == "fr")
    }

    @Test func `R-053 START cancels a sleeping decision`() throws {
        var talk = try Conversation()
        talk.answer(0.2)
        talk.speak()
        talk.silence(until: .milliseconds(1_600))
        talk.speak(windows: 3)
        talk.silence(until: .milliseconds(200))
        #expect(talk.turns.isEmpty)
    }

    /// 0.4 is unfinished for the service (0.5), finished for the local model that stands in for it (0.3); and while the
    /// service's thresholds are awaited, only the local model's answers count.
    @Test(
        arguments: [
            (PredictionSource.cloud, 0.5, Duration.milliseconds(2_500), 0.5),
            (.local, 0.5, .milliseconds(300), 0.3),
            (.local, nil, .milliseconds(300), 0.3), (.cloud, nil, .milliseconds(300), nil),
        ] as [(PredictionSource, Double?, Duration, Double?)])
    func `S-03 an answer counts by the thresholds of the model that gave it`(
        source: PredictionSource, threshold: Double?, end: Duration, used: Double?
    ) throws {
        var talk = try Conversation(threshold: threshold)
        talk.machine.localThresholds = ThresholdTable(default: 0.3)
        talk.answers.append((.zero, EndOfTurnPrediction(probability: 0.4, source: source)))
        talk.speak()
        talk.silence(until: .seconds(4))
        #expect(talk.turns.map(\.time) == [end])
        #expect(talk.predictions.map(\.made.threshold) == (used.map { [$0] } ?? []))
    }

    @Test func `R-054 S-21 a blip without START ends the turn once, and moves nothing`() throws {
        var talk = try Conversation()
        talk.answer(0.2)
        talk.speak()
        talk.silence(until: .milliseconds(960))
        talk.speak(windows: 1)
        talk.silence(until: .seconds(4))
        // Still 2.5 s after the first speech: the blip's own end is 992 ms later.
        #expect(talk.turns.map(\.time) == [.milliseconds(2_500 - 992)])
        // The next turn starts with its own speech.
        talk.answer(0.9)
        talk.speak()
        talk.silence(until: .seconds(4))
        #expect(talk.turns.count == 2)
        #expect(talk.turns[1].turn.speechStart.map { talk.mark - $0 } == .milliseconds(320))
    }

    @Test func `S-21 speech noted since the decision began outlives its turn`() throws {
        var talk = try Conversation()
        talk.answer(0.2)
        talk.speak()
        talk.silence(until: .milliseconds(960))
        talk.speak(windows: 1)
        // It is noted one window after its end.
        talk.silence(until: .milliseconds(32))
        let noted = talk.machine.lastSpeaking
        talk.silence(until: .seconds(4))
        #expect(talk.turns.count == 1)
        #expect(talk.machine.lastSpeaking == noted && noted != nil)
    }

    @Test func `S-21 a transcript after a blip waits from the blip on`() throws {
        var talk = try Conversation(options: transcribed())
        talk.answer(0.9)
        talk.speak()
        talk.silence(until: .milliseconds(640))
        talk.speak(windows: 1)
        talk.schedule(.transcript(Transcript("yes")), at: .milliseconds(100))
        talk.silence(until: .seconds(1))
        // The blip was noted one window after its end.
        #expect(talk.turns.map(\.time) == [.milliseconds(332)])
    }

    @Test func `R-055 a cached prediction is reported once`() throws {
        var talk = try Conversation(options: transcribed())
        talk.answer(0.2)
        talk.send(.transcript(Transcript("well")))
        talk.speak()
        talk.schedule(.transcript(Transcript("then")), at: .milliseconds(600))
        talk.silence(until: .seconds(2))
        #expect(talk.predictions.count == 1)
        #expect(talk.turns.isEmpty)
    }

    @Test func `R-056 two decisions with a prediction each report two, equal as they are`() throws {
        var talk = try Conversation(options: transcribed())
        talk.answer(0.2)
        talk.answer(0.2)
        talk.send(.transcript(Transcript("well")))
        for _ in 0..<2 {
            talk.speak()
            talk.schedule(.transcript(Transcript("then")), at: .milliseconds(600))
            talk.silence(until: .seconds(1))
        }
        // Of each pause the decision by voice reports, the one by the transcript does not again.
        #expect(talk.predictions.map(\.made.probability) == [0.2, 0.2])
        #expect(talk.turns.isEmpty)
    }

    @Test func `R-057 clearing the turn forgets it`() throws {
        var talk = try Conversation()
        talk.answer(0.2)
        talk.speak()
        talk.silence(until: .seconds(1))
        #expect(talk.predictions.count == 1)
        talk.send(.clearTurn)
        #expect(talk.machine.turnStart == nil)
        #expect(talk.flushes == [.clearUserTurn])
        talk.silence(until: .seconds(4))
        #expect(talk.turns.isEmpty)
        talk.answer(0.9)
        talk.speak()
        talk.silence(until: .seconds(1))
        #expect(talk.predictions.count == 2)
    }

    @Test(
        arguments: [
            (0.2, 0.8, 0.5, true), (0.9, 0.8, 0.5, true), (0.2, 0.4, 0.7, false), (0.2, 0.5, 0.5, true),
            (0.2, 0.7, 0.7, true),
        ] as [(Float, Float, Double, Bool)])
    func `R-058 R-059 R-060 backchannel opportunity`(
        probability: Float, backchannel: Float, threshold: Double, isOffered: Bool
    ) throws {
        var talk = try Conversation(backchannel: threshold)
        talk.answers = [
            (.zero, EndOfTurnPrediction(probability: probability, backchannelProbability: backchannel))
        ]
        talk.send(.transcript(Transcript("so I said", isFinal: false, language: "en")))
        talk.machine.options.expectsTranscripts = false
        talk.speak()
        talk.silence(until: .seconds(3))
        let offered = talk.events.compactMap {
            if case .backchannelOpportunity(let event) = $0.event { event } else { nil }
        }
        #expect(offered.count == (isOffered ? 1 : 0))
        if let event = offered.first {
            #expect(event.probability == backchannel)
            #expect(event.threshold == threshold)
            #expect(event.endOfTurnProbability == probability)
            #expect(event.endOfTurnThreshold == 0.5)
            #expect(event.language == "en")
        }
    }

    @Test(arguments: [nil, 0] as [Double?])
    func `R-060 S-13 no backchannel threshold, no opportunity`(threshold: Double?) throws {
        var talk = try Conversation(backchannel: threshold)
        talk.answers = [(.zero, EndOfTurnPrediction(probability: 0.9, backchannelProbability: 0.9))]
        talk.speak()
        talk.silence(until: .seconds(1))
        #expect(talk.turns.count == 1)
        #expect(!talk.events.contains { if case .backchannelOpportunity = $0.event { true } else { false } })
    }

    @Test(arguments: [false, true])
    func `R-061 R-063 one request a pause, also while the agent speaks`(agent: Bool) throws {
        var talk = try Conversation(
            voiceActivity: VoiceActivityOptions(minSilenceDuration: .milliseconds(550)))
        if agent { talk.send(.agentSpeechStarted) }
        talk.speak()
        talk.silence(until: .milliseconds(500))
        #expect(talk.requests == [.milliseconds(256)])
    }

    @Test func `R-061 a request is made as soon as the silence is as long as it has to be`() throws {
        var options = TurnMachine.Options()
        options.predictionSilence = .milliseconds(192)
        var talk = try Conversation(options: options)
        talk.speak()
        talk.silence(until: .milliseconds(500))
        // The seventh window reports what was silent before it: six windows, 192 ms.
        #expect(talk.requests == [.milliseconds(224)])
    }

    @Test func `R-062 speech within the segment cancels once, the next pause asks anew`() throws {
        var talk = try Conversation(
            voiceActivity: VoiceActivityOptions(minSilenceDuration: .milliseconds(550)))
        talk.answer(0.9)
        talk.answer(0.9)
        talk.speak()
        talk.silence(until: .milliseconds(300))
        talk.speak(windows: 3)
        talk.silence(until: .milliseconds(300))
        #expect(talk.cancels == [false])
        #expect(talk.requests.count == 2)
    }

    @Test(arguments: [false, true])
    func `R-064 END uses the answer at hand`(agent: Bool) throws {
        var talk = try Conversation()
        if agent { talk.send(.agentSpeechStarted) }
        talk.answer(0.9)
        talk.speak()
        talk.silence(until: .seconds(1))
        #expect(talk.requests.count == 1)
        #expect(talk.predictions.count == 1)
        #expect(talk.turns.count == 1)
    }

    @Test func `R-065 START forgets the request and the flush`() throws {
        var talk = try Conversation()
        talk.answer(0.2)
        talk.speak()
        talk.silence(until: .seconds(1))
        talk.speak(windows: 2)
        #expect(talk.cancels == [false])
        talk.silence(until: .milliseconds(224))
        // A transcript now is not late: nothing was flushed.
        talk.send(.transcript(Transcript("and")))
        #expect(talk.warnings.isEmpty)
    }

    @Test(arguments: [false, true])
    func `R-066 END never asks`(held: Bool) throws {
        var machine = try TurnMachine(
            endpointing: .fixed(EndpointingPreset.livekit.delays), thresholds: ThresholdTable(default: 0.5))
        _ = machine.handle(.voiceActivity(.start), at: .seconds(1))
        if held { _ = machine.handle(.voiceActivity(.silence), at: .seconds(2)) }
        let actions = machine.handle(.voiceActivity(.end), at: .seconds(2))
        #expect(!actions.contains { if case .predict = $0 { true } else { false } })
        #expect(!actions.contains { if case .cancelPrediction = $0 { true } else { false } })
    }

    @Test func `R-067 transcripts after a flush warn once and predict nothing`() throws {
        var talk = try Conversation(options: transcribed())
        talk.send(.clearTurn)
        talk.send(.transcript(Transcript("one")))
        talk.send(.transcript(Transcript("two")))
        #expect(talk.requests.isEmpty)
        #expect(talk.predictions.isEmpty)
        #expect(talk.warnings == [.lateTranscript(first: true), .lateTranscript(first: false)])
    }

    @Test func `R-068 S-18 an answer that does not come ends the turn without it`() throws {
        var talk = try Conversation()
        talk.speak()
        talk.silence(until: .seconds(2))
        #expect(talk.cancels == [true])
        #expect(talk.predictions.isEmpty)
        #expect(talk.turns.count == 1)
        #expect(talk.turns.map(\.turn.probability) == [nil])
    }

    @Test func `R-069 an accepted turn flushes once`() throws {
        var talk = try Conversation()
        talk.answer(0.9)
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.flushes == [.turnCommitted])
        talk.send(.transcript(Transcript("late")))
        #expect(talk.warnings == [.lateTranscript(first: true)])
    }

    @Test func `R-082 the turn starts with its first burst`() throws {
        var talk = try Conversation()
        talk.answer(0.2)
        talk.speak()
        let first = talk.machine.turnStart
        talk.silence(until: .milliseconds(640))
        talk.speak()
        #expect(talk.machine.turnStart == first)
        #expect(talk.machine.speechStart == talk.mark - .milliseconds(320))
    }

    @Test(arguments: [
        PredictionOutcome.superseded, .cancelled, .timedOut,
    ])
    func `S-07 S-25 an answer that was called off decides nothing`(outcome: PredictionOutcome) throws {
        var talk = try Conversation()
        talk.answers = [(.milliseconds(100), .unanswered(outcome))]
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.predictions.isEmpty)
        #expect(talk.turns.map(\.turn.reason) == [.noPrediction])
        #expect(talk.turns.map(\.time) == [.milliseconds(356)])
    }

    @Test func `S-07 a failed prediction ends the turn after the shorter delay`() throws {
        var talk = try Conversation()
        talk.answers = [(.zero, .unanswered(.failed, failure: "broken"))]
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.turns.map(\.time) == [.milliseconds(300)])
        #expect(talk.turns.map(\.turn.reason) == [.noPrediction])
        #expect(talk.predictions.map(\.made.prediction.outcome) == [.failed])
    }

    @Test func `S-15 a probability equal to the threshold in single precision is not below it`() throws {
        // 0.7 as a Float is 0.699999988.
        var talk = try Conversation(threshold: 0.7)
        talk.answer(0.7)
        talk.speak()
        talk.silence(until: .seconds(3))
        #expect(talk.turns.map(\.turn.reason) == [.model])
    }

    @Test func `S-19 a prediction's time is the end of its audio, its delay counts from the last speech`()
        throws
    {
        var talk = try Conversation()
        talk.answer(0.9, after: .milliseconds(500))
        talk.speak()
        talk.silence(until: .seconds(2))
        let (time, made) = try #require(talk.predictions.first)
        // The answer came at .756; neither field is that moment.
        #expect(time == .milliseconds(756))
        #expect(made.time - talk.mark == .milliseconds(256))
        #expect(made.delay == .milliseconds(756))
        #expect(talk.turns.first?.turn.speechEnd == talk.mark)
    }

    @Test func `a stale answer is dropped`() throws {
        var machine = try TurnMachine(
            endpointing: .fixed(EndpointingPreset.livekit.delays), thresholds: ThresholdTable(default: 0.5))
        _ = machine.handle(.voiceActivity(.start), at: .seconds(1))
        _ = machine.handle(.voiceActivity(.silence), at: .seconds(2))
        _ = machine.handle(.voiceActivity(.end), at: .seconds(2))
        let stale = machine.handle(
            .predictionAnswered(id: 77, EndOfTurnPrediction(probability: 0.9)), at: .seconds(3))
        #expect(stale.isEmpty)
    }
}

extension VoiceActivityEvent {
    fileprivate static let start = VoiceActivityEvent(
        kind: .startOfSpeech, sampleIndex: 0, timestamp: .zero, speechDuration: .milliseconds(64),
        silenceDuration: .zero, isSpeaking: true)
    fileprivate static let silence = VoiceActivityEvent(
        kind: .inferenceDone, sampleIndex: 0, timestamp: .zero, speechDuration: .zero, silenceDuration: .zero,
        isSpeaking: true, rawAccumulatedSilence: .milliseconds(300))
    fileprivate static let end = VoiceActivityEvent(
        kind: .endOfSpeech, sampleIndex: 0, timestamp: .zero, speechDuration: .zero,
        silenceDuration: .milliseconds(256), isSpeaking: false)
}
