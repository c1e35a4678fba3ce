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
            "JSON file of thresholds by language: {\"en\": 0.3, \"default\": 0.21}; a language that is missing takes "
                + "the default, or else the preset's.", valueName: "file"))
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

    func validate() throws {
        guard threshold == nil || thresholds == nil else {
            throw ValidationError("--threshold and --thresholds exclude each other; give one of them")
        }
    }

    /// What the pipeline is to decide by.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` for a value out of range, or the thresholds file's errors.
    func pipelineOptions() throws(TurnError) -> TurnPipelineOptions {
        let preset = try EndpointingPreset(named: preset)
        var options = TurnPipelineOptions(preset: preset)
        options.language = language.map { LanguageCode($0) }
        options.endpointing = .fixed(try delays(preset))
        if let threshold {
            guard (0...1).contains(threshold) else {
                throw TurnError(.invalidArgument, "--threshold \(threshold) is no probability; use 0 to 1")
            }
            options.thresholds = ThresholdTable(default: .init(threshold))
        }
        if let thresholds {
            options.thresholds = try ThresholdFile.read(contentsOf: thresholds, default: preset.threshold)
        }
        if let rescore { options.turn.rescoring = .every(try Self.duration(rescore, "--rescore")) }
        if let maxTurn { options.turn.maxTurnDuration = try Self.duration(maxTurn, "--max-turn") }
        try options.validate()
        return options
    }

    /// Thresholds that take the place of a gateway's, if any were given.
    ///
    /// - Parameter options: made of these options.
    /// - Returns: one value for --threshold, one a language for --thresholds, nil without either.
    /// - Throws: ``TurnError`` `.invalidArgument` for a value out of range.
    func override(_ options: TurnPipelineOptions) throws(TurnError) -> ThresholdOverride? {
        if let threshold { return try .value(threshold) }
        guard thresholds != nil else { return nil }
        return try .languages(options.thresholds)
    }

    /// The preset's delays with what was given in their place. One that was not given gives way to one that was.
    private func delays(_ preset: EndpointingPreset) throws(TurnError) -> EndpointingDelays {
        let min = try minDelay.map { (value) throws(TurnError) in try Self.duration(value, "--min-delay") }
        let max = try maxDelay.map { (value) throws(TurnError) in try Self.duration(value, "--max-delay") }
        if let min, let max, min > max {
            throw TurnError(.invalidArgument, "--min-delay is above --max-delay; make it the smaller one")
        }
        return try EndpointingDelays(
            min: min ?? Swift.min(preset.delays.min, max ?? preset.delays.min),
            max: max ?? Swift.max(preset.delays.max, min ?? preset.delays.max))
    }

    private static func duration(_ seconds: Double, _ option: String) throws(TurnError) -> Duration {
        guard (0...3_600).contains(seconds) else {
            throw TurnError(.invalidArgument, "\(option) \(seconds) is out of range; use 0 to 3600 seconds")
        }
        return .fromSeconds(seconds)
    }
}
