import ArgumentParser
import TurnCore
import TurnDetection

/// By what a turn is judged to have ended.
struct TurnOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Language that is spoken, such as en or pt-BR.", valueName: "code"))
    var language: String?

    @Option(
        help: ArgumentHelp(
            "A turn is judged unfinished below this probability, 0 to 1 (default: the preset's).",
            valueName: "p"))
    var threshold: Double?

    @Option(
        help: ArgumentHelp(
            "JSON file of thresholds by language, as `eot calibrate` writes: {\"en\": 0.3, \"default\": 0.21}; a "
                + "language that is missing takes the default, or else the preset's.", valueName: "file"))
    var thresholds: String?

    @Option(
        help: ArgumentHelp(
            "Threshold and delays together: responsive (0.05, 0.2 s, 1 s), balanced (0.21, 0.5 s, 1 s), patient "
                + "(0.09, 0.7 s, 3 s) or livekit (0.5, 0.3 s, 2.5 s).", valueName: "name"))
    var preset = "balanced"

    @Option(
        help: ArgumentHelp(
            "Seconds from the last speech to the end of a turn that is judged finished (default: the preset's).",
            valueName: "s"))
    var minDelay: Double?

    @Option(
        help: ArgumentHelp(
            "Seconds from the last speech to the end of a turn that is judged unfinished, if silence goes on "
                + "(default: the preset's).", valueName: "s"))
    var maxDelay: Double?

    @Option(
        help: ArgumentHelp(
            "Score again each time so many seconds of silence have passed, at least 0.05 (default: once a pause).",
            valueName: "s"))
    var rescore: Double?

    @Option(
        help: ArgumentHelp(
            "End a turn that has been open for so many seconds, whatever is heard (default: no bound).",
            valueName: "s"))
    var maxTurn: Double?

    @Option(
        help: ArgumentHelp(
            "Seconds that an answer may take; then the turn goes on without one, and a gateway is given up. This "
                + "device's own answers are waited for in recordings.", valueName: "s"))
    var predictionTimeout = 1.0

    func validate() throws {
        guard threshold == nil || thresholds == nil else {
            throw ValidationError("--threshold and --thresholds exclude each other; give one of them")
        }
    }

    /// What a session is to decide by, and the thresholds of its detector.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` for a value out of range, or the thresholds file's errors.
    func sessionOptions() throws(TurnError) -> (session: TurnSessionOptions, thresholds: ThresholdTable) {
        let settings = try TurnSettings(self)
        let language = language.map { LanguageCode($0) }
        var options = TurnSessionOptions(preset: settings.preset)
        options.language = language
        options.endpointing = .fixed(try settings.delays(for: language))
        if let rescore { options.turn.rescoring = .every(try Self.duration(rescore, "--rescore")) }
        if let maxTurn { options.turn.maxTurnDuration = try Self.duration(maxTurn, "--max-turn") }
        // A stream itself gives a service up after ten.
        guard (0.1...10).contains(predictionTimeout) else {
            throw TurnError(
                .invalidArgument,
                "--prediction-timeout \(predictionTimeout) is out of range; use 0.1 to 10 seconds")
        }
        options.turn.predictionTimeout = .fromSeconds(predictionTimeout)
        try options.validate()
        return (options, settings.thresholds)
    }

    /// Thresholds that take the place of a gateway's, if any were given.
    ///
    /// - Parameter table: made of these options.
    /// - Returns: one value for --threshold, one a language for --thresholds, nil without either.
    /// - Throws: ``TurnError`` `.invalidArgument` for a value out of range.
    func override(_ table: ThresholdTable) throws(TurnError) -> ThresholdOverride? {
        if let threshold { return try .value(threshold) }
        guard thresholds != nil else { return nil }
        return try .languages(table)
    }

    /// - Throws: ``TurnError`` `.invalidArgument` for what is no number of seconds up to an hour.
    static func duration(_ seconds: Double, _ option: String) throws(TurnError) -> Duration {
        guard (0...3_600).contains(seconds) else {
            throw TurnError(.invalidArgument, "\(option) \(seconds) is out of range; use 0 to 3600 seconds")
        }
        return .fromSeconds(seconds)
    }
}
