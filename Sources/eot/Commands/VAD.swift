import ArgumentParser
import TurnAudio
import TurnCore
import TurnInference

struct VAD: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vad",
        abstract: "Find the segments of speech in a recording.",
        discussion: """
            A segment begins after 50 ms of speech and ends after 250 ms of silence; its times are those of the \
            speech itself.

            EXAMPLES:
              eot vad conversation.wav
              eot vad --frames --json conversation.wav

            JSON LINES:
              segment {start, end}
              frame   {time, probability}    with --frames; time: the end of the window
            """)

    @Argument(help: ArgumentHelp("A recording; - for standard input.", valueName: "file"))
    var file: String

    @Flag(help: "Print the probability of speech of each window of 32 ms instead.")
    var frames = false

    @OptionGroup(title: "Audio") var audio: AudioOptions
    @OptionGroup(title: "Model") var kernel: KernelOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let reader = try audio.open(file)
        let model = try kernel.loadVoiceActivity()
        var windows = SpeechWindows(model)
        var detector = VoiceActivityDetector(windowSampleCount: model.windowSampleCount)
        var ingress = AudioIngress()
        var printer = Printer(showsFrames: frames, isJSON: output.json)
        var progress = ProgressBar(file)
        let declared = Double(reader.declaredSampleCount ?? 0)
        var sampleCount = 0

        while let frame = try reader.readFrame(maximumSampleCount: 8_192) {
            sampleCount += frame.sampleCount
            try ingress.push(frame) { windows.append($0) }
            for probability in windows.takeProbabilities() {
                try printer.print(detector.step(probability: probability), &progress)
            }
            if declared > 0 { progress.update(Double(sampleCount) / declared) }
        }
        ingress.flush { windows.append($0) }
        let end = Duration.seconds(windows.sampleCount) / 16_000
        windows.finish()
        for probability in windows.takeProbabilities() {
            try printer.print(detector.step(probability: probability), &progress)
        }
        progress.clear()
        if let event = detector.finish() { try printer.print(event, recordingEnd: end) }
        try printer.lines.flush()
    }
}

/// Prints windows or segments.
private struct Printer {
    let showsFrames: Bool
    let isJSON: Bool
    var lines = StandardOutput()
    private var start: Duration?

    init(showsFrames: Bool, isJSON: Bool) {
        self.showsFrames = showsFrames
        self.isJSON = isJSON
    }

    mutating func print(_ step: VoiceActivityDetector.Step, _ progress: inout ProgressBar) throws {
        if showsFrames {
            progress.clear()
            try lines.write(line: frameLine(step.inference))
        } else if let event = step.transition {
            progress.clear()
            try print(event)
        }
    }

    /// Prints a segment when it ends; one that the recording cut off ends at `recordingEnd`.
    mutating func print(_ event: VoiceActivityEvent, recordingEnd: Duration? = nil) throws {
        guard !showsFrames else { return }
        if event.kind == .startOfSpeech {
            start = event.timestamp - event.speechDuration
        } else if let begin = start {
            start = nil
            let end = event.timestamp - event.silenceDuration
            try lines.write(line: segmentLine(begin, min(end, recordingEnd ?? end)))
        }
    }

    private func segmentLine(_ start: Duration, _ end: Duration) -> String {
        if isJSON { return JSONLine("segment", ["start": .seconds(start), "end": .seconds(end)]).text }
        return "\(start.inSeconds.fixed(3).right(10))  -  \(end.inSeconds.fixed(3).right(8))"
            + Style.dim("  \((end - start).inSeconds.fixed(2).right(6)) s")
    }

    private func frameLine(_ event: VoiceActivityEvent) -> String {
        if isJSON {
            return JSONLine(
                "frame", ["time": .seconds(event.timestamp), "probability": .probability(event.probability)]
            ).text
        }
        let bar = String(repeating: "#", count: Int((event.probability * 40).rounded()))
        return "\(event.timestamp.inSeconds.fixed(3).right(10))  \(Double(event.probability).fixed(4))  "
            + Style.cyan(bar)
    }
}

/// Cuts audio into the windows of a voice-activity model and scores them.
private struct SpeechWindows {
    private var stream: any SpeechActivityStream
    private var window: [Float] = []
    private let windowSampleCount: Int
    private var probabilities: [Float] = []
    /// Samples so far.
    private(set) var sampleCount = 0

    init(_ model: any SpeechActivityModel) {
        stream = model.makeStream()
        windowSampleCount = model.windowSampleCount
        window.reserveCapacity(windowSampleCount)
    }

    mutating func append(_ samples: UnsafeBufferPointer<Float>) {
        sampleCount += samples.count
        for sample in samples {
            window.append(sample)
            if window.count == windowSampleCount { score() }
        }
    }

    /// Ends the audio: silence fills up the last window.
    mutating func finish() {
        guard !window.isEmpty else { return }
        window.append(contentsOf: repeatElement(0, count: windowSampleCount - window.count))
        score()
    }

    /// What was scored since the last call.
    mutating func takeProbabilities() -> [Float] {
        defer { probabilities.removeAll(keepingCapacity: true) }
        return probabilities
    }

    private mutating func score() {
        probabilities.append(window.withUnsafeBufferPointer { stream.probability(of: $0) })
        window.removeAll(keepingCapacity: true)
    }
}
