import TurnAudio
import TurnCore
import TurnDetection
import TurnEvaluation

/// Takes recordings through the pipeline and prints what it finds.
struct DetectionRun {
    /// When the audio is handed over.
    enum Pace {
        /// As fast as it can be read.
        case none
        /// A recording, at its own speed.
        case realTime
        /// As it comes; what is found appears at once.
        case live
    }

    let turnModel: any TurnModel
    let speechModel: any SpeechActivityModel
    let options: TurnPipelineOptions
    let pace: Pace
    let log: Log
    var printer: EventPrinter

    /// Takes one recording through a pipeline of its own, to its end.
    ///
    /// - Parameters:
    ///   - name: what the summary calls it.
    ///   - reader: its audio.
    ///   - plotPath: where a plot of it goes, if anywhere.
    /// - Throws: what reading, printing and plotting throw.
    mutating func run(_ name: String, _ reader: AudioFileReader, plotPath: String? = nil) async throws {
        let pipeline = try TurnPipeline(turnModel: turnModel, speechModel: speechModel, options: options)
        let log = log
        pipeline.onWarning = { log.warning(Self.text($0)) }
        let recorder = plotPath == nil ? nil : PlotRecorder()
        if let recorder { pipeline.onVoiceActivity = { recorder.add($0) } }

        try printer.printHeader(name == "-" ? "standard input" : name, format: reader.format.text)
        var progress = ProgressBar(name, isEnabled: pace == .none)
        let declared = reader.declaredDuration?.inSeconds ?? 0
        let clock = ContinuousClock()
        let start = clock.now
        var busy = Duration.zero
        var sampleCount = 0
        var events: [TurnEvent] = []

        while let frame = try reader.readFrame(maximumSampleCount: frameSampleCount(reader.format)) {
            sampleCount += frame.sampleCount
            let position = Duration.fromSeconds(Double(sampleCount) / Double(reader.format.sampleRate))
            if pace == .realTime { try await clock.sleep(until: start + position) }
            try recorder?.add(frame)
            let before = clock.now
            try pipeline.push(frame) { events.append($0) }
            busy += clock.now - before
            if !events.isEmpty { progress.clear() }
            try report(&events, recorder)
            if declared > 0 { progress.update(position.inSeconds / declared) }
        }
        let before = clock.now
        pipeline.finish { events.append($0) }
        busy += clock.now - before
        progress.clear()
        try report(&events, recorder)

        let duration = Duration.fromSeconds(Double(sampleCount) / Double(reader.format.sampleRate))
        try printer.print(
            EventPrinter.Summary(file: name, duration: duration, model: turnModel.name, busy: busy))
        if let plotPath, let recorder {
            let title = name.split(separator: "/").last.map(String.init) ?? name
            let svg = recorder.svg(
                title: OneLine.text(title, limit: 100), duration: duration,
                windowSampleCount: speechModel.windowSampleCount)
            try FileOutput.write(svg, toFileAt: plotPath)
            log.info("wrote \(plotPath)")
        }
    }

    private mutating func report(_ events: inout [TurnEvent], _ recorder: PlotRecorder?) throws {
        for event in events {
            if case .prediction(let made) = event, let failure = made.prediction.failure {
                log.warning("a prediction failed: \(failure)")
            }
            recorder?.add(event)
            try printer.print(event)
        }
        events.removeAll(keepingCapacity: true)
    }

    private static func text(_ warning: TurnMachine.Warning) -> String {
        switch warning {
        case .predictionTimedOut: "a prediction took too long; the turn goes on without it"
        case .lateTranscript: "a transcript came after its turn had ended"
        }
    }

    /// 20 ms where time matters, so that events appear when they happen.
    private func frameSampleCount(_ format: AudioFormat) -> Int {
        pace == .none ? 8_192 : format.sampleRate / 50
    }
}
