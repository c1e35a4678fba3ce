import ArgumentParser
import TurnCore
import TurnEvaluation

struct Eval: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compute the figures of the benchmark eot-bench from predictions.",
        discussion: """
            Predictions are CSV or JSON Lines, one row a scored moment: id, language, span_index, timestamp, \
            silence_dur, p_eot, label (hold or eot). `eot score` writes them. Several files are compared side by side.

            "In use" is what the policy in the file's threshold, min_delay and max_delay columns does, or the one of \
            --threshold or --thresholds.

            EXAMPLES:
              eot eval --score-point 0.2 predictions.csv
              eot eval --by-language --plot frontier.svg a.csv b.jsonl
              eot eval --score-point 0.2 --thresholds thresholds.json --json predictions.csv

            JSON LINES:
              eval {language, file, score_point, n_hold, n_eot, n_missing, cutoff_at_300ms, cutoff_at_600ms,
                    latency_at_5pct, latency_at_10pct, mean_frontier_latency, auc, ap, in_use, summary, vad_baseline}
                    language: a code, or all
                    cutoff_at_300ms to latency_at_10pct: {value, threshold, action_delay, timeout, cutoff_rate,
                    mean_latency, median_latency, p90_latency}, or null where no policy keeps the budget
                    in_use: {cutoff_rate, mean_latency, median_latency, p90_latency, timeout_rate, accuracy,
                    false_positive_rate, false_negative_rate}, or null
                    summary: the benchmark's points at 2, 5 and 10 %, with its own order of ties
                    vad_baseline: the same figures without a model
                    with --frontier, pareto: [{cutoff_rate, mean_latency, threshold, action_delay, timeout}], in
                    vad_baseline too
            """)

    @Argument(help: ArgumentHelp("Predictions; - for standard input.", valueName: "predictions"))
    var files: [String]

    @OptionGroup(title: "Scores") var evaluation: EvaluationOptions

    @Flag(help: "Also each language by itself.")
    var byLanguage = false

    @Option(help: ArgumentHelp("Figures in use at this threshold, 0 to 1.", valueName: "p"))
    var threshold: Double?

    @Option(help: ArgumentHelp("Figures in use with this file of thresholds by language.", valueName: "file"))
    var thresholds: String?

    @Option(
        help: ArgumentHelp(
            "Delay in use after a turn judged finished (default: the file's, else 0.5).", valueName: "s")
    )
    var minDelay: Double?

    @Option(
        help: ArgumentHelp(
            "Delay in use after a turn judged unfinished (default: the file's, else 1).", valueName: "s"))
    var maxDelay: Double?

    @Flag(help: "Also every policy on the Pareto frontier.")
    var frontier = false

    @Option(help: ArgumentHelp("Draw the frontiers of all files as an SVG file.", valueName: "out.svg"))
    var plot: String?

    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        guard threshold == nil || thresholds == nil else {
            throw ValidationError("--threshold and --thresholds exclude each other; give one of them")
        }
        if files.filter({ $0 == "-" }).count > 1 {
            throw ValidationError("standard input can be read only once; give - once")
        }
    }

    func run() throws {
        let policies = try PolicyChoice(
            threshold: threshold, file: thresholds, minDelay: minDelay, maxDelay: maxDelay)
        var sets: [(file: String, set: PredictionSet)] = []
        for file in files { sets.append((file, try PredictionSet(contentsOf: file))) }
        let languages = byLanguage ? Set(sets.flatMap { $0.set.languages }).sorted() : []

        let names = FileNames.short(files)
        var lines = StandardOutput()
        for language in ["all"] + languages {
            var reports: [EvaluationReport] = []
            for ((file, set), name) in zip(sets, names) {
                let part = language == "all" ? set : set.language(language)
                guard !part.spans.isEmpty else { continue }
                reports.append(
                    try EvaluationReport(
                        file: file, name: name, set: part, language: language, options: evaluation,
                        policies: policies))
            }
            if Set(reports.map(\.evaluation.baseline.pareto)).count > 1 {
                output.log.warning(
                    "the files hold different silences (\(language)), so their figures do not compare; "
                        + "the baseline is that of \(reports[0].name)")
            }
            if language == "all", let plot {
                try FileOutput.write(Self.plot(reports, mode: evaluation.text).svg(), toFileAt: plot)
            }
            if output.json {
                for report in reports { try lines.write(line: report.json(frontier: frontier)) }
            } else {
                for line in EvaluationTable(reports, mode: evaluation.text).lines {
                    try lines.write(line: line)
                }
                for report in frontier ? reports : [] {
                    for line in FrontierTable(report).lines { try lines.write(line: line) }
                }
            }
        }
        try lines.flush()
    }

    private static func plot(_ reports: [EvaluationReport], mode: String) -> FrontierPlot {
        let name = reports.count == 1 ? reports[0].name : "\(reports.count) files"
        let counts = Set(reports.map(\.evaluation.holdCount))
        let pauses = counts.count == 1 ? counts.map { ", \($0) pauses" }.joined() : ""
        return FrontierPlot(
            title: "\(name), \(mode)\(pauses)",
            models: reports.map { .init(name: $0.name, frontier: $0.evaluation.model) },
            baseline: reports.first?.evaluation.baseline)
    }
}
