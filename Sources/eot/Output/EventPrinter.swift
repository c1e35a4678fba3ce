import TurnCore
import TurnDetection

/// Prints a conversation's events as they come: JSON Lines, or an aligned timeline for people.
struct EventPrinter {
    /// What a whole recording came to.
    struct Summary {
        /// The file's path, or `-` for standard input.
        let file: String
        let duration: Duration
        let model: String
        /// Time spent on computing, without waiting for audio.
        let busy: Duration

        /// Time spent on computing for each second of audio; below 1 is faster than real time.
        var realtimeFactor: Double {
            duration > .zero ? busy.inSeconds / duration.inSeconds : 0
        }
    }

    private let isJSON: Bool
    private var output: StandardOutput
    private var turnCount = 0
    private var predictionCount = 0

    /// - Parameters:
    ///   - isJSON: JSON Lines instead of a timeline.
    ///   - isLive: each line appears at once.
    init(isJSON: Bool, isLive: Bool) {
        self.isJSON = isJSON
        output = StandardOutput(isFlushedByLine: isLive || Terminal.isStandardOutput)
    }

    /// The line above a recording's events, for people.
    mutating func printHeader(_ title: String, format: String) throws {
        guard !isJSON else { return }
        try output.write(line: Style.bold(OneLine.text(title)) + Style.dim("  " + format))
    }

    mutating func print(_ event: TurnEvent) throws {
        switch event {
        case .turnEnded: turnCount += 1
        case .prediction: predictionCount += 1
        default: break
        }
        if let line = isJSON ? Self.json(event) : Self.timeline(event) { try output.write(line: line) }
    }

    /// Ends a recording; the counts start over.
    mutating func print(_ summary: Summary) throws {
        if isJSON {
            let line = JSONLine(
                "summary",
                [
                    "file": .string(summary.file), "duration": .seconds(summary.duration),
                    "turns": .integer(turnCount), "predictions": .integer(predictionCount),
                    "model": .string(summary.model),
                    "realtime_factor": .rounded(summary.realtimeFactor, places: 6),
                ])
            try output.write(line: line.text)
        } else {
            let factor = summary.realtimeFactor
            let speed = factor > 0 ? ", \((1 / factor).fixed(1)) times real time" : ""
            let turns = "\(turnCount) turn\(turnCount == 1 ? "" : "s")"
            let predictions = "\(predictionCount) prediction\(predictionCount == 1 ? "" : "s")"
            try output.write(
                line: Style.dim(
                    "\(turns), \(predictions) in \(summary.duration.inSeconds.fixed(1)) s (\(summary.model)\(speed))"
                ))
        }
        turnCount = 0
        predictionCount = 0
        try output.flush()
    }

    mutating func flush() throws { try output.flush() }

    private static func json(_ event: TurnEvent) -> String? {
        switch event {
        case .speechStarted(let event):
            return JSONLine("speech_started", ["time": .seconds(event.time)]).text
        case .speechEnded(let event):
            return JSONLine("speech_ended", ["time": .seconds(event.time)]).text
        case .prediction(let event):
            let answer = event.prediction
            return JSONLine(
                "prediction",
                [
                    "time": .seconds(event.time),
                    "probability": .probability(answer.outcome == .predicted ? event.probability : nil),
                    "threshold": .rounded(Double(event.threshold), places: 6),
                    "model": answer.model.map { .string($0) } ?? .null,
                    "inference_ms": answer.totalDuration.map { .milliseconds($0) } ?? .null,
                ]
            ).text
        case .turnEnded(let turn):
            return JSONLine(
                "turn_ended",
                [
                    "time": .seconds(turn.time), "speech_start": .seconds(turn.speechStart),
                    "speech_end": .seconds(turn.speechEnd), "probability": .probability(turn.probability),
                    "delay": .seconds(turn.delay), "reason": .string(turn.reason.rawValue),
                ]
            ).text
        default:
            return nil
        }
    }

    private static func timeline(_ event: TurnEvent) -> String? {
        switch event {
        case .speechStarted(let event): return row(event.time, Style.cyan("speech".left(8)), "")
        case .speechEnded(let event): return row(event.time, Style.dim("pause".left(8)), "")
        case .prediction(let event):
            guard event.prediction.outcome == .predicted else {
                let outcome = event.prediction.outcome.rawValue
                return row(event.time, "predict".left(8), Style.red("no answer (\(outcome))"))
            }
            let isFinished = Double(event.probability) >= Double(event.threshold)
            let values =
                Double(event.probability).fixed(3) + (isFinished ? " >= " : " <  ")
                + Double(event.threshold).fixed(2)
            let took = event.prediction.totalDuration.map { "\(($0.inSeconds * 1e3).fixed(0)) ms" } ?? ""
            let verdict = isFinished ? Style.green("finished".left(12)) : Style.yellow("unfinished".left(12))
            return row(event.time, "predict".left(8), values + "  " + verdict + Style.dim(took.right(8)))
        case .turnEnded(let turn):
            let speech = [turn.speechStart, turn.speechEnd].map { $0?.inSeconds.fixed(2) ?? "?" }
            return row(
                turn.time, Style.bold("TURN".left(8)),
                "speech \(speech[0]) - \(speech[1]), ended \(turn.delay.inSeconds.fixed(2)) s after it "
                    + "(\(OneLine.text(turn.reason.rawValue)))")
        default: return nil
        }
    }

    private static func row(_ time: Duration, _ event: String, _ details: String) -> String {
        let line = Style.dim(time.inSeconds.fixed(3).right(10)) + "  " + event
        return details.isEmpty ? line : line + "  " + details
    }
}

extension EndOfTurnPrediction {
    /// Features and network together, where known.
    fileprivate var totalDuration: Duration? {
        guard let inferenceDuration else { return nil }
        return inferenceDuration + (featuresDuration ?? .zero)
    }
}
