import TurnAudio
import TurnCore
import TurnDetection
import TurnEvaluation

/// Takes recordings or live audio through a session and prints what it finds.
///
/// On the device the session's time is the audio's, however the audio comes, so that a file, a pipe and a microphone
/// give the same events. Where a gateway predicts, audio that comes in real time runs by the clock.
struct DetectionRun {
    /// When the audio is handed over.
    enum Pace {
        /// As fast as it can be worked on.
        case none
        /// A recording, at its own speed.
        case realTime
        /// As it comes; what is found appears at once.
        case live
    }

    /// A recording waits so long for a gateway's first answer, at most.
    private static let connectionLimit = Duration.seconds(10)
    /// A recording is sent to a gateway at so many times its own speed: gateways bound how fast audio may come.
    private static let gatewaySpeed = 4

    let speechModel: any SpeechActivityModel
    let options: TurnSessionOptions
    let pace: Pace
    let log: Log
    var printer: EventPrinter

    /// Takes one recording through a session of its own, to its end.
    ///
    /// - Parameters:
    ///   - name: what the summary calls it.
    ///   - reader: its audio.
    ///   - source: who predicts.
    ///   - plotPath: where a plot of it goes, if anywhere.
    /// - Throws: what reading, printing and plotting throw.
    mutating func run(
        _ name: String, _ reader: sending AudioFileReader, _ source: DetectionSource, plotPath: String? = nil
    ) async throws {
        let format = reader.format
        let declared = reader.declaredDuration?.inSeconds ?? 0
        // 20 ms where time matters, so that events appear when they happen.
        let frames = FrameSource(
            reader, maximumSampleCount: pace == .none ? 8_192 : format.sampleRate / 50)
        try printer.printHeader(name == "-" ? "standard input" : name, format: format.text)
        let reporter = DetectionReporter(
            printer, name: name, showsProgress: pace == .none, isPlotting: plotPath != nil)
        let session = try session(source.detector, reporter, isLocal: source.readiness == nil)
        // Live audio does not wait; the device answers until the gateway does.
        if pace != .live { await source.readiness?.wait(for: session, atMost: Self.connectionLimit) }

        let clock = ContinuousClock()
        let start = clock.now
        var busy = Duration.zero
        var sampleCount = 0
        while let frame = try await frames.next() {
            sampleCount += frame.sampleCount
            let position = Duration.fromSeconds(Double(sampleCount) / Double(format.sampleRate))
            if let due = due(position, isLocal: source.readiness == nil) {
                try await clock.sleep(until: start + due)
            }
            try reporter.add(frame, fraction: declared > 0 ? position.inSeconds / declared : nil)
            let before = clock.now
            session.push(frame)
            await session.processed()
            busy += clock.now - before
        }
        let before = clock.now
        await session.finish()
        // A gateway takes its time to close.
        if source.readiness == nil { busy += clock.now - before }

        let duration = Duration.fromSeconds(Double(sampleCount) / Double(format.sampleRate))
        printer = try reporter.finish(
            EventPrinter.Summary(
                file: name, duration: duration, model: source.model(of: session), busy: busy))
        if let plotPath {
            let title = OneLine.text(name.split(separator: "/").last.map(String.init) ?? name, limit: 100)
            let svg = reporter.svg(
                title: title, duration: duration, windowSampleCount: speechModel.windowSampleCount)
            try FileOutput.write(svg ?? "", toFileAt: plotPath)
            log.info("wrote \(plotPath)")
        }
    }

    private func session(
        _ detector: TurnDetector, _ reporter: DetectionReporter, isLocal: Bool
    ) throws(TurnError) -> TurnSession {
        var options = options
        options.pacing = isLocal || pace == .none ? .file : .live
        options.onEvent = { reporter.add($0) }
        options.onVoiceActivity = { reporter.add($0) }
        return try TurnSession(detector: detector, speechModel: speechModel, options: options)
    }

    /// When audio up to a position is handed over, after the start; nil for at once.
    private func due(_ position: Duration, isLocal: Bool) -> Duration? {
        switch pace {
        case .none: isLocal ? nil : position / Self.gatewaySpeed
        case .realTime: position
        case .live: nil
        }
    }
}
