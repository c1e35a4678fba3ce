import Dispatch
import TurnCore
import TurnDetection
import TurnInference

/// What many streams of one model cost: memory, and time of all processors.
struct BenchStreams {
    /// Streams that take turns, each with a window of its own.
    let count: Int
    /// Resident memory that a further stream of live audio takes, its window full; nil where the system does not tell.
    let bytesPerStream: Int?
    /// Predictions a second of all threads together: on one thread, and on two.
    let perSecond: (one: Double, two: Double)

    /// Measures.
    ///
    /// - Parameters:
    ///   - count: streams, 1 at least.
    ///   - iterations: predictions of each thread.
    ///   - turnModel: predicts, for all streams.
    ///   - speechModel: hears the pauses of all streams.
    ///   - audio: one window, 16 kHz.
    /// - Throws: ``TurnError`` of the pipeline or the model.
    init(
        _ count: Int, iterations: Int, turnModel: SmartTurnModel, speechModel: SileroVAD, audio: [Float]
    ) throws(TurnError) {
        self.count = count
        bytesPerStream = try Self.bytesPerStream(count, turnModel, speechModel)
        // every stream says something else
        let windows = (0..<count).map { stream in
            let shift = stream * audio.count / count
            return Array(audio[shift...] + audio[..<shift])
        }
        _ = try turnModel.predict(windows[0])
        perSecond = (
            Self.predictionsPerSecond(1, iterations, turnModel, windows),
            Self.predictionsPerSecond(2, iterations, turnModel, windows)
        )
    }

    /// Soft noise into `count` pipelines, until their windows are full: nothing is predicted, everything is written to.
    private static func bytesPerStream(
        _ count: Int, _ turnModel: SmartTurnModel, _ speechModel: SileroVAD
    ) throws(TurnError) -> Int? {
        var state: UInt32 = 1
        let samples = (0..<960).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(state >> 8) / Float(1 << 24) * 1e-3
        }
        let frame = try AudioFrame(.float32(samples), format: try AudioFormat(sampleRate: 48_000))
        func pipeline() throws(TurnError) -> TurnPipeline {
            let pipeline = try TurnPipeline(turnModel: turnModel, speechModel: speechModel)
            for _ in 0..<450 { try pipeline.push(frame) { _ in } }
            return pipeline
        }
        var pipelines = [try pipeline()]
        guard let before = ResidentMemory.byteCount else { return nil }
        for _ in 0..<count { pipelines.append(try pipeline()) }
        guard let after = ResidentMemory.byteCount else { return nil }
        return withExtendedLifetime(pipelines) { (after - before) / count }
    }

    private static func predictionsPerSecond(
        _ threads: Int, _ iterations: Int, _ model: SmartTurnModel, _ windows: [[Float]]
    ) -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            for iteration in 0..<iterations {
                _ = try? model.predict(windows[(thread + threads * iteration) % windows.count])
            }
        }
        return Double(threads * iterations) / (clock.now - start).inSeconds
    }

    var json: JSONValue {
        .object([
            (key: "count", value: .integer(count)),
            (
                key: "kb_per_stream",
                value: bytesPerStream.map { .rounded(Double($0) / 1e3, places: 1) } ?? .null
            ),
            (key: "per_second_1_thread", value: .rounded(perSecond.one, places: 2)),
            (key: "per_second_2_threads", value: .rounded(perSecond.two, places: 2)),
        ])
    }

    var text: String {
        let memory = bytesPerStream.map { ", \((Double($0) / 1e3).fixed(0)) KB each" } ?? ""
        return "\(count) streams\(memory): \(perSecond.one.fixed(1)) predictions a second on 1 thread, "
            + "\(perSecond.two.fixed(1)) on 2"
    }
}
