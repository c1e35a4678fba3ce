import CTurnTestSupport
import Logging
package import TurnCore
import TurnDetection
import TurnTesting

/// A model that keeps nothing of what it was shown, however long the run.
private struct Forgetful: TurnModel {
    let name = "forgetful"
    let windowSampleCount = 16_000

    func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
        ModelPrediction(probability: 0.5)
    }
}

/// A hundred streams, three tasks each that push, predict, cancel, flush, end and close at random, on four detectors
/// whose services answer, break and come back: every handle must be answered, and memory must stay where it is.
package struct StreamStress: Sendable {
    /// Predictions asked for.
    package private(set) var askedCount = 0
    /// Of them, those whose value arrived.
    package private(set) var answeredCount = 0
    /// How they came about.
    package private(set) var outcomes: [PredictionOutcome: Int] = [:]
    /// Memory of the process, twenty times over the run, MiB.
    package private(set) var resident: [Double] = []
    /// Of it, what was allocated and not freed; zeros where the C library does not tell.
    package private(set) var heap: [Double] = []
    /// Memory of the process at the end, after the C library gave free memory back, MiB.
    package private(set) var residentTrimmed = 0.0

    /// How much larger a series is in the last quarter of the time than in the second, by their medians; pools and
    /// queues fill in the first.
    package static func growth(_ series: [Double]) -> Double {
        func median(_ values: ArraySlice<Double>) -> Double { values.sorted()[values.count / 2] }
        return median(series[15..<20]) - median(series[5..<10])
    }

    /// Runs it.
    ///
    /// - Parameter seconds: how long, by the real clock; each of the hundred tasks has one stream at least.
    /// - Returns: what was asked and answered, and how memory went.
    /// - Throws: `TurnError` when the detectors cannot be made.
    package static func run(seconds: Double) async throws -> StreamStress {
        let detectors = try (0..<4).map { try detector($0) }
        let tally = Recorder(StreamStress())
        let clock = ContinuousClock()
        let start = clock.now
        let end = start + .seconds(seconds)
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<100 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(index))
                    repeat {
                        guard let stream = try? detectors[index % 4].stream() else { return }
                        await withTaskGroup(of: Void.self) { callers in
                            for _ in 0..<3 {
                                let seed = generator.next()
                                callers.addTask { await call(stream, SeededGenerator(seed: seed), tally) }
                            }
                        }
                        await stream.close()
                    } while clock.now < end
                }
            }
            group.addTask {
                for moment in 1...20 {
                    try? await clock.sleep(until: start + .seconds(seconds * Double(moment) / 20))
                    tally.update {
                        $0.resident.append(Double(turn_resident_size()) / 1_048_576)
                        $0.heap.append(Double(turn_heap_size()) / 1_048_576)
                    }
                }
            }
        }
        turn_trim_heap()
        tally.update { $0.residentTrimmed = Double(turn_resident_size()) / 1_048_576 }
        return tally.value
    }

    private static func detector(_ index: Int) throws -> TurnDetector {
        var answering = ScriptedTransport.Script.answers(0.5)
        answering.thresholds = ServerThresholds(thresholds: [("en", 0.56)], defaultThreshold: 0.5)
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
            localModel: LocalModel(Forgetful()),
            cloud: { _ in transport },
            options: options)
    }

    /// Random calls by one task.
    private static func call(
        _ stream: TurnDetectorStream, _ seeded: SeededGenerator, _ tally: Recorder<StreamStress>
    ) async {
        var generator = seeded
        let samples = [Float](repeating: 0.25, count: 160)
        guard let frame = try? AudioFrame(.float32(samples), format: .mono16kHz) else { return }
        var handles: [PredictionHandle] = []
        for _ in 0..<60 {
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
            tally.update { $0.askedCount += 1 }
            let outcome = await handle.value.outcome
            tally.update {
                $0.answeredCount += 1
                $0.outcomes[outcome, default: 0] += 1
            }
        }
    }
}
