import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// The pipeline and a session of a file are the same machine: random audio, answers, transcripts, commands and options
/// give the same events, to the nanosecond, however the audio is cut into frames.
@Suite(.timeLimit(.minutes(10))) struct SameMachineTests {
    /// What a conversation consists of, in order.
    private enum Step {
        case audio([Float])
        case input(TurnMachine.Input)
    }

    private struct Scenario {
        var steps: [Step] = []
        var answers: [Float?] = []
        var sampleRate: Int
        var options = TurnSessionOptions()
        var preset: EndpointingPreset

        init(seed: UInt64) throws {
            var random = SeededGenerator(seed: seed)
            sampleRate = [16_000, 8_000, 48_000, 44_100].randomElement(using: &random) ?? 16_000
            preset = EndpointingPreset.all.randomElement(using: &random) ?? .balanced
            options = TurnSessionOptions(preset: preset)
            options.pacing = .file
            if Bool.random(using: &random) { options.turn.rescoring = .every(.milliseconds(200)) }
            if Bool.random(using: &random) { options.turn.maxTurnDuration = .milliseconds(2_500) }
            if Bool.random(using: &random) {
                options.endpointing = .dynamic(
                    try DynamicEndpointing(min: preset.delays.min, max: preset.delays.max, alpha: 0.5))
            }
            answers = (0..<40).map { _ in
                Int.random(in: 0..<8, using: &random) == 0 ? nil : Float.random(in: 0...1, using: &random)
            }
            let hasTranscripts = Bool.random(using: &random)
            for _ in 0..<12 {
                for isSpeech in [true, false] {
                    let count = Int(Double.random(in: 0.03...1.5, using: &random) * Double(sampleRate))
                    steps.append(.audio([Float](repeating: isSpeech ? 0.5 : 0, count: count)))
                    if let input = Self.input(hasTranscripts, &random) { steps.append(.input(input)) }
                }
            }
        }

        private static func input(
            _ hasTranscripts: Bool, _ random: inout SeededGenerator
        ) -> TurnMachine.Input? {
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1: .transcript(Transcript("words", isFinal: Bool.random(using: &random)))
            case 2: .agentSpeechStarted
            case 3: .agentSpeechEnded
            case 4: .interruptionJudged(Bool.random(using: &random))
            case 5: .clearTurn
            case 6: .commitTurn
            default: hasTranscripts ? .transcript(Transcript("more", language: "en")) : nil
            }
        }
    }

    private func pipelined(_ scenario: Scenario, _ model: ScriptedTurnModel) throws -> [TurnEvent] {
        var options = TurnPipelineOptions(preset: scenario.preset)
        options.turn = scenario.options.turn
        options.endpointing = scenario.options.endpointing
        let pipeline = try TurnPipeline(turnModel: model, speechModel: EnergySpeechModel(), options: options)
        var events: [TurnEvent] = []
        let format = try AudioFormat(sampleRate: scenario.sampleRate)
        for step in scenario.steps {
            switch step {
            case .audio(let samples):
                try pipeline.push(AudioFrame(.float32(samples), format: format)) { events.append($0) }
            case .input(let input): pipeline.handle(input) { events.append($0) }
            }
        }
        pipeline.finish { events.append($0) }
        return events
    }

    private func sessioned(
        _ scenario: Scenario, _ model: ScriptedTurnModel, _ seed: UInt64
    ) async throws -> [TurnEvent] {
        let bench = try Bench(nil, model: model) {
            $0.localThresholds = Thresholds.smartTurn(scenario.preset)
            $0.clock = .continuous
        }
        let events = Recorder<[TurnEvent]>([])
        var options = scenario.options
        options.onEvent = { event in events.update { $0.append(event) } }
        let session = try TurnSession(
            detector: bench.detector, speechModel: EnergySpeechModel(), options: options)
        let format = try AudioFormat(sampleRate: scenario.sampleRate)
        var random = SeededGenerator(seed: seed)
        for step in scenario.steps {
            switch step {
            case .audio(let samples):
                var rest = samples[...]
                while !rest.isEmpty {
                    let count = Int.random(in: 1...8_000, using: &random)
                    session.push(try AudioFrame(.float32(Array(rest.prefix(count))), format: format))
                    rest = rest.dropFirst(count)
                }
                await session.processed()
            case .input(.transcript(let transcript)): session.push(transcript)
            case .input(.agentSpeechStarted): session.agentSpeechStarted()
            case .input(.agentSpeechEnded): session.agentSpeechEnded()
            case .input(.interruptionJudged(let verdict)): session.judgeInterruption(verdict)
            case .input(.clearTurn): session.clearTurn()
            case .input: session.commitTurn()
            }
        }
        await session.finish()
        return events.value
    }

    @Test(arguments: UInt64(0)..<60)
    func `random conversations`(seed: UInt64) async throws {
        let scenario = try Scenario(seed: seed)
        let (first, second) = (ScriptedTurnModel(scenario.answers), ScriptedTurnModel(scenario.answers))
        let expected = try pipelined(scenario, first).map(\.timeless)
        let actual = try await sessioned(scenario, second, seed &+ 1_000).map(\.timeless)
        #expect(!expected.isEmpty)
        #expect(actual == expected)
        // Each prediction looked at the same audio.
        #expect(second.sampleCounts == first.sampleCounts)
    }
}
