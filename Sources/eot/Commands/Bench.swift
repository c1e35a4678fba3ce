import ArgumentParser
import TurnAudio
import TurnCore
import TurnInference

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure features, encoder, whole prediction and voice activity on this machine.",
        discussion: """
            The input is synthetic and speech-like, the same on every machine, or a recording's last 8 s; run it \
            on an idle machine.

            EXAMPLES:
              eot bench
              eot bench --iterations 200 --json
              eot bench --kernel scalar --audio conversation.wav

            JSON LINES:
              bench {kernel, threads, features_ms, encoder_ms, predict_ms, vad_us, load_ms, rss_mb, streams}
                    features_ms to vad_us: {median, p90, p99}; rss_mb: resident memory with both models and one stream;
                    streams, with --streams: {count, kb_per_stream, per_second_1_thread, per_second_2_threads}
            """)

    @Option(help: ArgumentHelp("Measured predictions, 1 to 100000.", valueName: "n"))
    var iterations = 30

    @Option(help: ArgumentHelp("Predictions before them that are not measured, 0 to 100000.", valueName: "n"))
    var warmUp = 3

    @Option(help: ArgumentHelp("Measure with the last 8 s of a recording.", valueName: "file"))
    var audio: String?

    @Option(
        help: ArgumentHelp(
            "Measure also memory and predictions a second of so many streams, 1 to 1000.", valueName: "n"))
    var streams: Int?

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        guard (1...100_000).contains(iterations), (0...100_000).contains(warmUp) else {
            throw TurnError(
                .invalidArgument, "--iterations or --warm-up is out of range; use 1 (or 0) to 100000")
        }
        guard streams.map({ (1...1_000).contains($0) }) ?? true else {
            throw TurnError(.invalidArgument, "--streams is out of range; use 1 to 1000")
        }
        let clock = ContinuousClock()
        let start = clock.now
        let turnModel = try model.load(output.log)
        let loading = clock.now - start
        let speechModel = try model.kernel.loadVoiceActivity()
        let audio = try samples(turnModel.windowSampleCount)
        let features = LogMelFeatures(kernels: turnModel.kernels)

        var progress = ProgressBar("bench")
        var featureTimes: [Duration] = []
        var encoderTimes: [Duration] = []
        var predictionTimes: [Duration] = []
        for iteration in -warmUp..<iterations {
            let times = try audio.withUnsafeBufferPointer { samples in
                let begin = clock.now
                let values = features(samples)
                let middle = clock.now
                _ = try turnModel.probability(features: values)
                let end = clock.now
                _ = try turnModel.predict(samples)
                return (middle - begin, end - middle, clock.now - end)
            }
            progress.update(Double(iteration + warmUp) / Double(iterations + warmUp))
            guard iteration >= 0 else { continue }
            featureTimes.append(times.0)
            encoderTimes.append(times.1)
            predictionTimes.append(times.2)
        }
        let windowTimes = voiceActivityTimes(speechModel, audio, clock)
        progress.clear()
        let residentBytes = ResidentMemory.byteCount
        let many = try streams.map {
            try BenchStreams(
                $0, iterations: iterations, turnModel: turnModel, speechModel: speechModel, audio: audio)
        }

        var lines = StandardOutput()
        let result = Result(
            kernel: turnModel.kernels.name, threads: model.threads, features: Percentiles(featureTimes),
            encoder: Percentiles(encoderTimes),
            prediction: Percentiles(predictionTimes), window: Percentiles(windowTimes), loading: loading,
            residentBytes: residentBytes, streams: many)
        try lines.write(line: output.json ? result.json : result.text)
        try lines.flush()
    }

    /// Audio to measure with, 16 kHz.
    private func samples(_ count: Int) throws(TurnError) -> [Float] {
        guard let audio else { return BenchSignal.speechLike(sampleCount: count) }
        var samples: [Float] = []
        _ = try MomentReader(at: [], windowSampleCount: count).read(try AudioFileReader(path: audio)) {
            window in
            samples = Array(window)
            return ModelPrediction(probability: 0)
        }
        return [Float](repeating: 0, count: count - samples.count) + samples
    }

    /// The times of at least as many windows as there are predictions, each after the other of one stream.
    private func voiceActivityTimes(
        _ model: SileroVAD, _ audio: [Float], _ clock: ContinuousClock
    ) -> [Duration] {
        var stream = model.makeStream()
        let windowsOfAudio = audio.count / model.windowSampleCount
        let unmeasured = 50
        return (0..<(unmeasured + max(1_000, iterations))).map { index in
            audio.withUnsafeBufferPointer { samples in
                let first = (index % windowsOfAudio) * model.windowSampleCount
                let window = UnsafeBufferPointer(rebasing: samples[first..<(first + model.windowSampleCount)])
                let begin = clock.now
                _ = stream.probability(of: window)
                return clock.now - begin
            }
        }.dropFirst(unmeasured).map { $0 }
    }

    private struct Result {
        let kernel: String
        let threads: Int
        let features: Percentiles
        let encoder: Percentiles
        let prediction: Percentiles
        let window: Percentiles
        let loading: Duration
        let residentBytes: Int?
        let streams: BenchStreams?

        var json: String {
            JSONLine(
                "bench",
                [
                    "kernel": .string(kernel), "threads": .integer(threads),
                    "features_ms": features.json(perSecond: 1e3),
                    "encoder_ms": encoder.json(perSecond: 1e3), "predict_ms": prediction.json(perSecond: 1e3),
                    "vad_us": window.json(perSecond: 1e6), "load_ms": .milliseconds(loading),
                    "rss_mb": residentBytes.map { .rounded(Double($0) / 1e6, places: 3) } ?? .null,
                    "streams": streams?.json ?? .null,
                ]
            ).text
        }

        var text: String {
            let header = "".left(20) + ["median", "p90", "p99"].map { $0.right(10) }.joined()
            let rows = [
                ("features", "ms", features, 1e3), ("encoder", "ms", encoder, 1e3),
                ("prediction", "ms", prediction, 1e3), ("VAD window", "us", window, 1e6),
            ].map { name, unit, times, scale in
                "\(name), \(unit)".left(20)
                    + [times.median, times.p90, times.p99].map {
                        ($0.inSeconds * scale).fixed(2).right(10)
                    }.joined()
            }
            let memory = residentBytes.map { ", \((Double($0) / 1e6).fixed(1)) MB resident" } ?? ""
            return ([Style.dim(header)] + rows).joined(separator: "\n")
                + "\n"
                + Style.dim(
                    "kernels \(kernel), \(threads == 1 ? "1 thread" : "\(threads) threads"), loaded in \((loading.inSeconds * 1e3).fixed(1)) ms"
                        + memory + (streams.map { "\n" + $0.text } ?? ""))
        }
    }
}
