import TurnAudio
import TurnCore
import TurnDetection

/// Takes recordings or live audio through a session whose predictions come from a gateway.
struct CloudRun {
    /// How long a recording waits for the gateway's first answer, at most.
    private static let connectionLimit = Duration.seconds(10)

    /// A recording is sent at so many times its own speed: gateways bound how fast audio may come.
    private static let fileSpeed = 4

    let url: String
    let cloud: CloudOptions
    let turnModel: any TurnModel
    let speechModel: any SpeechActivityModel
    let options: TurnPipelineOptions
    let override: ThresholdOverride?
    let pace: DetectionRun.Pace
    let log: Log

    /// Takes one recording through a session of its own, to its end.
    ///
    /// - Parameters:
    ///   - name: what the summary calls it.
    ///   - reader: its audio.
    ///   - printer: prints what is found; given back.
    /// - Returns: the printer.
    /// - Throws: what reading and printing throw.
    func run(_ name: String, _ reader: AudioFileReader, _ printer: EventPrinter) async throws -> EventPrinter
    {
        let readiness = Readiness()
        let detector = try cloud.detector(
            url, model: turnModel, thresholds: options.thresholds, override: override, log: log,
            readiness: readiness)
        var sessionOptions = TurnSessionOptions()
        sessionOptions.voiceActivity = options.voiceActivity
        sessionOptions.endpointing = options.endpointing
        sessionOptions.turn = options.turn
        sessionOptions.language = options.language
        sessionOptions.pacing = pace == .none ? .file : .live
        let session = try TurnSession(detector: detector, speechModel: speechModel, options: sessionOptions)
        // Live audio does not wait; the device answers until the gateway does.
        if pace != .live { await readiness.wait(for: session, atMost: Self.connectionLimit) }

        let start = ContinuousClock.now
        var printer = printer
        try printer.printHeader(name == "-" ? "standard input" : name, format: reader.format.text)
        let (done, sampleCount) = try await withThrowingTaskGroup { [printer] group in
            group.addTask { try await Self.print(session.events, printer) }
            let sampleCount = try await feed(session, reader)
            await session.finish()
            return (try await group.next() ?? printer, sampleCount)
        }
        printer = done
        let duration = Duration.fromSeconds(Double(sampleCount) / Double(reader.format.sampleRate))
        let model = session.isFallback ? turnModel.name : session.model
        try printer.print(
            EventPrinter.Summary(
                file: name, duration: duration, model: model,
                busy: pace == .none ? ContinuousClock.now - start : .zero))
        return printer
    }

    private static func print(
        _ events: AsyncStream<TurnEvent>, _ printer: EventPrinter
    ) async throws -> EventPrinter {
        var printer = printer
        for await event in events { try printer.print(event) }
        return printer
    }

    /// Pushes all audio; gives the number of samples a channel.
    private func feed(_ session: TurnSession, _ reader: AudioFileReader) async throws -> Int {
        if pace == .live { return try await LiveFeed(reader, session).run() }
        let start = ContinuousClock.now
        var sampleCount = 0
        let frameSampleCount = pace == .none ? 8_192 : reader.format.sampleRate / 50
        while let frame = try reader.readFrame(maximumSampleCount: frameSampleCount) {
            sampleCount += frame.sampleCount
            let position = Duration.fromSeconds(Double(sampleCount) / Double(reader.format.sampleRate))
            try await ContinuousClock().sleep(
                until: start + (pace == .none ? position / Self.fileSpeed : position))
            session.push(frame)
            // The session takes audio in faster than it works it off.
            if pace == .none { await session.processed() }
            try Task.checkCancellation()
        }
        return sampleCount
    }
}
