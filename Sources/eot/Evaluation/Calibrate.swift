import ArgumentParser
import TurnCore
import TurnEvaluation

struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find thresholds and delays by language that keep a cut-off or a latency budget.",
        discussion: """
            The budget is a share of pauses that may be cut off (--cutoff 0.05), or seconds of mean latency \
            (--latency 0.6); the other figure is made as low as it goes. Languages that are missing take the default, \
            calibrated on all of them together; regions count as one language (pt-BR and pt-PT as pt). A language with too few spans is told; one without pauses or without \
            ends of turns, or whose data keeps the budget nowhere, gets no entry.

            Intervals are the middle 95 % of a bootstrap over turns. With --held-out the calibration sees one half of \
            the turns, and the figures of the other half are told beside it.

            EXAMPLES:
              eot calibrate --score-point 0.2 --cutoff 0.05 --output thresholds.json predictions.csv
              eot detect --thresholds thresholds.json --language de call.wav
              eot calibrate --latency 0.6 --min-delay 0.3 --held-out --json predictions.csv

            JSON LINES:
              threshold {language, value, low, high, min_delay, max_delay, cutoff_rate, mean_latency, n_hold, n_eot,
                         few_spans, held_out}
                         language: a code, or default; low, high: the interval of the threshold
                         cutoff_rate, mean_latency: {value, low, high}; held_out: {cutoff_rate, mean_latency,
                         n_hold, n_eot}, or null
            """)

    @Argument(
        help: ArgumentHelp(
            "Predictions, as `eot score` writes them; - for standard input.", valueName: "predictions"))
    var file: String

    @Option(help: ArgumentHelp("Share of pauses that may be cut off, 0 to 1.", valueName: "share"))
    var cutoff: Double?

    @Option(help: ArgumentHelp("Mean silence until a turn ends, seconds.", valueName: "s"))
    var latency: Double?

    @OptionGroup(title: "Scores") var evaluation: EvaluationOptions

    @Option(
        help: ArgumentHelp(
            "Keep this delay after a turn judged finished (default: the best of 0.2 to 1).", valueName: "s"))
    var minDelay: Double?

    @Option(
        help: ArgumentHelp(
            "Keep this delay after a turn judged unfinished (default: the best of 1 to 3.5).", valueName: "s")
    )
    var maxDelay: Double?

    @Option(help: ArgumentHelp("Where to write the thresholds, for --thresholds.", valueName: "file"))
    var output: String?

    @Flag(help: "Calibrate on one half of the turns and tell the figures of the other.")
    var heldOut = false

    @Option(help: ArgumentHelp("Bootstrap replicates, 0 to 100000.", valueName: "n"))
    var bootstrap = 1_000

    @Option(help: ArgumentHelp("Fixes the bootstrap and the halves.", valueName: "n"))
    var seed: UInt64 = 1

    @OptionGroup(title: "Output") var printing: OutputOptions

    func validate() throws {
        guard (cutoff == nil) != (latency == nil) else {
            throw ValidationError("one budget is needed; give --cutoff SHARE or --latency S")
        }
    }

    func run() throws {
        guard (0...100_000).contains(bootstrap) else {
            throw TurnError(.invalidArgument, "--bootstrap \(bootstrap) is out of range; use 0 to 100000")
        }
        let budget = cutoff.map { Calibration.Budget.cutoffRate($0) } ?? .meanLatency(latency ?? 0)
        let calibration = try Calibration(
            .init(
                budget: budget, mode: evaluation.mode, grid: try grid(), replicateCount: bootstrap, seed: seed
            ))
        let whole = try PredictionSet(contentsOf: file)
        let halves = heldOut ? whole.halves(seed: seed) : nil
        let set = halves?.first ?? whole

        var thresholds = ThresholdFile()
        var lines = StandardOutput()
        for language in ["default"] + Self.languages(whole) {
            let part = Self.part(set, language)
            guard !part.spans.isEmpty, let result = try calibration.run(part) else {
                if language == "default" { throw Self.nothingFits(budget) }
                printing.log.warning(
                    "\(language) keeps no budget on this data and takes the default; add turns with pauses")
                continue
            }
            if result.hasTooFewSpans {
                printing.log.warning(
                    "\(language) has few spans (\(result.holdCount) pauses, \(result.endOfTurnCount) ends of turns); "
                        + "label \(Calibration.minimumSpanCount(budget)) pauses and 30 ends or more")
            }
            let policy = result.outcome.policy
            let entry = ThresholdFile.Entry(
                threshold: policy.threshold ?? 0, minDelay: policy.actionDelay, maxDelay: policy.timeout)
            if language == "default" {
                thresholds.defaultEntry = entry
            } else {
                thresholds.entries[language] = entry
            }
            var check: CalibrationReport.HeldOut?
            if let other = halves?.second {
                check = try heldOutFigures(Self.part(other, language), policy)
            }
            let report = CalibrationReport(language: language, result: result, heldOut: check)
            try lines.write(line: printing.json ? report.json : report.text)
        }
        if let output { try FileOutput.write(thresholds.json, toFileAt: output) }
        try lines.flush()
    }

    /// Base languages of a set, as a file of thresholds names them; turns of no known language take the default.
    private static func languages(_ set: PredictionSet) -> [String] {
        Set(set.languages.map { LanguageCode($0).language }).subtracting(["", "und"]).sorted()
    }

    /// The spans of a base language, or all of them for `default`.
    private static func part(_ set: PredictionSet, _ language: String) -> PredictionSet {
        guard language != "default" else { return set }
        let codes = Set(set.languages.filter { LanguageCode($0).language == language })
        return set.filter { codes.contains($0.language) }
    }

    /// The benchmark's grid, with the delays that are to be kept.
    private func grid() throws(TurnError) -> PolicyGrid {
        var grid = PolicyGrid.eotBench
        for delay in [minDelay, maxDelay].compactMap({ $0 }) where !(0...60).contains(delay) {
            throw TurnError(.invalidArgument, "a delay of \(delay) s is out of range; use 0 to 60 seconds")
        }
        if let minDelay { grid.actionDelays = [minDelay] }
        if let maxDelay { grid.timeouts = [maxDelay] }
        guard grid.actionDelays[0] <= grid.timeouts[grid.timeouts.count - 1] else {
            throw TurnError(.invalidArgument, "--min-delay is above --max-delay; make it the smaller one")
        }
        return grid
    }

    private func heldOutFigures(
        _ set: PredictionSet, _ policy: TurnPolicy
    ) throws(TurnError) -> CalibrationReport.HeldOut? {
        guard !set.spans.isEmpty else { return nil }
        let spans = try ScoredSpans(set, mode: evaluation.mode)
        return .init(
            figures: PolicyFigures([(spans, policy)]), holdCount: spans.holds.count,
            endOfTurnCount: spans.endsOfTurn.count)
    }

    private static func nothingFits(_ budget: Calibration.Budget) -> TurnError {
        let text =
            switch budget {
            case .cutoffRate(let rate): "cuts off at most \((rate * 100).fixed(1)) % of the pauses"
            case .meanLatency(let seconds): "ends turns within \(seconds) s on average"
            }
        return TurnError(
            .invalidPredictions,
            "no policy \(text) on this data; allow more, leave the delays open, or give turns with pauses and ends"
        )
    }
}
