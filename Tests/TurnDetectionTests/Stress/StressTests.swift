import CTurnTestSupport
import Foundation
import Logging
import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// Many streams, many tasks, random calls: every handle is answered, nothing leaks, and Thread Sanitizer stays quiet.
///
/// Two seconds in the suite; EOT_SOAK_SECONDS makes it longer.
@Suite(.serialized) struct StressTests {
    static let seconds = ProcessInfo.processInfo.environment["EOT_SOAK_SECONDS"].flatMap(Double.init) ?? 2

    private struct Tally: Sendable {
        var asked = 0
        var answered = 0
        var outcomes: [PredictionOutcome: Int] = [:]
    }

    @Test(.timeLimit(.minutes(10)))
    func `a hundred streams with random calls from many tasks`() async throws {
        let detectors = try (0..<4).map { try detector($0) }
        let tally = Recorder(Tally())
        let clock = ContinuousClock()
        let start = clock.now
        let end = start + .seconds(Self.seconds)
        let sizes = Recorder<[Double]>([])

        await withTaskGroup(of: Void.self) { group in
            for index in 0..<100 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(index))
                    while clock.now < end {
                        guard let stream = try? detectors[index % 4].stream() else { return }
                        await withTaskGroup(of: Void.self) { callers in
                            for _ in 0..<3 {
                                let seed = generator.next()
                                callers.addTask {
                                    await Self.call(stream, SeededGenerator(seed: seed), until: end, tally)
                                }
                            }
                        }
                        await stream.close()
                    }
                }
            }
            group.addTask {
                for moment in 1...20 {
                    try? await clock.sleep(until: start + .seconds(Self.seconds * Double(moment) / 20))
                    sizes.update { $0.append(Double(turn_resident_size()) / 1_048_576) }
                }
            }
        }
        let result = tally.value
        #expect(result.asked > 0)
        #expect(result.asked == result.answered)
        try Self.expectFlat(sizes.value)
        print("stress: \(result.asked) predictions, \(result.outcomes)")
    }

    /// After a quarter of the time, in which pools and queues fill, memory may not grow: the median of the last quarter
    /// lies at most 16 MiB above that of the second. A leak of one window (64 KiB) a prediction would be hundreds.
    private static func expectFlat(_ sizes: [Double]) throws {
        func median(_ values: ArraySlice<Double>) -> Double { values.sorted()[values.count / 2] }
        let (second, last) = (median(sizes[5..<10]), median(sizes[15..<20]))
        let text = sizes.map { String(Int($0.rounded())) }.joined(separator: " ")
        print("stress: resident MiB over time: \(text); from \(second) to \(last)")
        #expect(last - second < 16, "grew from \(second) to \(last) MiB")
    }

    private func detector(_ index: Int) throws -> TurnDetector {
        var answering = ScriptedTransport.Script.answers(0.5)
        answering.thresholds = Bench.server
        let scripts: [ScriptedTransport.Script] =
            switch index {
            case 1: [answering]
            case 2: [.refuses(.connection("blip")), answering, .connects]
            default: [.connects, .refuses(.connection("lost", retryable: false))]
            }
        var options = TurnDetectorOptions()
        options.environment = [:]
        options.logger.logLevel = .critical
        options.fallbackPolicy = index == 2 ? .recover(after: .milliseconds(5)) : .sticky
        options.localFallback = index != 3
        options.connectionOptions = try ConnectionOptions(maxRetry: 1, retryInterval: .milliseconds(1))
        if index > 0 {
            options.version = .v1
            options.apiKey = "key"
            options.apiSecret = "secret"
        }
        let transport = ScriptedTransport(scripts, keepsCommands: false)
        return try TurnDetector(
            localModel: LocalModel(ScriptedTurnModel([0.5], windowSampleCount: 16_000)),
            cloud: { _ in transport },
            options: options)
    }

    /// Random calls by one task.
    private static func call(
        _ stream: TurnDetectorStream, _ seeded: SeededGenerator,
        until end: ContinuousClock.Instant, _ tally: Recorder<Tally>
    ) async {
        var generator = seeded
        guard let frame = try? Bench.frame(160) else { return }
        var handles: [PredictionHandle] = []
        for _ in 0..<60 where ContinuousClock.now < end {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<10: stream.push(frame)
            case 10..<15: handles.append(stream.predict())
            case 15: stream.cancelInference(timedOut: Int.random(in: 0..<8, using: &generator) == 0)
            case 16, 17: stream.flush()
            case 18: await Task.yield()
            default: if Int.random(in: 0..<10, using: &generator) == 0 { stream.endInput() }
            }
            await Task.yield()
        }
        if Bool.random(using: &generator) { await stream.close() } else { stream.cancelInference() }
        for handle in handles {
            tally.update { $0.asked += 1 }
            let outcome = await handle.value.outcome
            tally.update {
                $0.answered += 1
                $0.outcomes[outcome, default: 0] += 1
            }
        }
    }
}
