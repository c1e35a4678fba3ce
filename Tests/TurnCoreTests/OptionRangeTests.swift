import Testing
import TurnCore

/// Durations from outside: what would overflow a sum or a count is refused with its name, never a trap.
@Suite struct OptionRangeTests {
    static let wrong: [Duration] = [
        .nanoseconds(-1), .seconds(86_400) + .nanoseconds(1), .seconds(Int64.max), .seconds(Int64.min),
    ]

    @Test(arguments: wrong)
    func `a duration outside 0 to 24 h is refused`(duration: Duration) throws {
        func refused(_ name: String, _ body: () throws -> Void) {
            let error = #expect(throws: TurnError.self) { try body() }
            #expect(error?.code == .invalidArgument && error?.message.contains(name) == true)
        }
        refused("endpointing delay") { _ = try EndpointingDelays(min: .zero, max: duration) }
        refused("endpointing delay") { _ = try EndpointingDelays(min: duration, max: .zero) }
        refused("endpointing delay") { _ = try DynamicEndpointing(min: .zero, max: duration) }
        refused("retry interval") { _ = try ConnectionOptions(retryInterval: duration) }
        refused("connection time-out") { _ = try ConnectionOptions(timeout: duration) }
        refused("minimum speech") { _ = try VoiceActivityOptions(minSpeechDuration: duration) }
        refused("minimum silence") { _ = try VoiceActivityOptions(minSilenceDuration: duration) }
        refused("prefix padding") { _ = try VoiceActivityOptions(prefixPaddingDuration: duration) }
        refused("speech buffer") { _ = try VoiceActivityOptions(maxBufferedSpeech: duration) }
        for (name, change) in [
            ("rescoring interval", { $0.rescoring = .every(duration) }),
            ("longest turn", { $0.maxTurnDuration = duration }),
            ("prediction silence", { $0.predictionSilence = duration }),
            ("prediction time-out", { $0.predictionTimeout = duration }),
        ] as [(String, (inout TurnMachine.Options) -> Void)] {
            var options = TurnMachine.Options()
            change(&options)
            refused(name) { try options.validate() }
        }
    }

    @Test func `24 h are allowed everywhere, and nothing overflows`() throws {
        let day = Duration.seconds(86_400)
        var options = TurnMachine.Options()
        options.rescoring = .every(day)
        options.maxTurnDuration = day
        options.predictionTimeout = day
        var talk = try Conversation(options: options, min: day, max: day)
        talk.answer(0.2)
        talk.speak()
        talk.silence(until: .seconds(1))
        #expect(talk.turns.isEmpty)
        let learner = try DynamicEndpointing(min: day, max: day)
        #expect(learner.delays.max == day && learner.delays.min == day)
        _ = try ConnectionOptions(maxRetry: 0, retryInterval: day, timeout: day)
        _ = try VoiceActivityOptions(maxBufferedSpeech: day)
    }
}
