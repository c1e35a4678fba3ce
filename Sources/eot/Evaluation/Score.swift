import ArgumentParser
import TurnAudio
import TurnCore
import TurnEvaluation
import TurnInference

struct Score: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the detector over a labelled data set and write its predictions.",
        discussion: """
            The manifest is JSON Lines, one turn a line: id, language, audio (a path, seen from the manifest's \
            folder), silence_spans: [{start, end}]; the last silence ends the turn, all earlier ones are pauses. Each \
            silence is scored at its start, every 0.1 s and at its end, on the turn's audio up to that moment and \
            nothing after it (at most the model's last 8 s).

            With --output a run that was interrupted goes on where it stopped. The options are written into each row; \
            a file made with others is not continued.

            EXAMPLES:
              eot score --output predictions.csv manifest.jsonl
              eot score --score-point 0.2 --telephone --snr 15 -o line.csv manifest.jsonl
              eot score --json manifest.jsonl | eot eval -

            JSON LINES:
              score {id, language, span_index, timestamp, silence_dur, p_eot, label, threshold, min_delay, max_delay,
                     condition}
            """)

    @Argument(help: ArgumentHelp("The data set.", valueName: "manifest"))
    var manifest: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Where the predictions go: CSV, or JSON Lines if its name ends in .jsonl (default: standard output).",
            valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Score each silence at this many seconds only; much faster, for `eot eval --score-point`.",
            valueName: "s"))
    var scorePoint: Double?

    @Option(help: ArgumentHelp("Seconds between scores.", valueName: "s"))
    var every = 0.1

    @Option(help: ArgumentHelp("Turns at once, 1 to 256 (default: one a processor).", valueName: "n"))
    var jobs: Int?

    @OptionGroup(title: "Line") var line: LineOptions
    @OptionGroup(title: "Turns") var turns: TurnOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Output") var printing: OutputOptions

    func run() async throws {
        if let jobs, !(1...256).contains(jobs) {
            throw TurnError(.invalidArgument, "--jobs \(jobs) is out of range; use 1 to 256")
        }
        let dataSet = try readManifest()
        let settings = try TurnSettings(turns)
        let turnModel = try model.load(printing.log)
        let scorer = try TurnScorer(model: turnModel, interval: every, scorePoint: scorePoint)
        var written: [String: ScoringJournal.Turn] = [:]
        for turn in dataSet.turns {
            written[turn.id] = .init(
                rowCount: scorer.moments(turn).count,
                policy: try settings.policy(for: LanguageCode(turn.language)))
        }
        var sink = try ScoreSink(
            path: output, isJSON: printing.json, condition: condition(turnModel.name), turns: written)
        let open = dataSet.turns.filter { !sink.finishedIDs.contains($0.id) }
        if open.count < dataSet.turns.count {
            printing.log.info(
                "\(dataSet.turns.count - open.count) of \(dataSet.turns.count) turns were scored before")
        }
        let line = line.settings
        let folder = Self.folder(of: manifest)
        var progress = ProgressBar("score")
        defer { progress.clear() }
        try await withThrowingTaskGroup(of: [PredictionSetBuilder.Row].self) { group in
            var next = open.makeIterator()
            func start(_ group: inout ThrowingTaskGroup<[PredictionSetBuilder.Row], any Error>) {
                guard let turn = next.next() else { return }
                let policy = written[turn.id]?.policy
                group.addTask {
                    let audio = try line.apply(try Self.audio(of: turn, folder), turn)
                    return try scorer.rows(turn, audio: audio, policy: policy)
                }
            }
            for _ in 0..<(jobs ?? ProcessorCount.online) { start(&group) }
            var done = dataSet.turns.count - open.count
            while let rows = try await group.next() {
                try sink.write(rows)
                done += 1
                progress.update(Double(done) / Double(dataSet.turns.count))
                start(&group)
            }
        }
        try sink.flush()
    }

    private func readManifest() throws(TurnError) -> ScoringManifest {
        let bytes = try FileInput.read(contentsOf: manifest, limit: 1 << 30)
        do throws(TurnError) {
            return try ScoringManifest(jsonLines: bytes)
        } catch {
            throw TurnError(error.code, "\(manifest): \(error.message)")
        }
    }

    /// What changes the scores.
    private func condition(_ modelName: String) -> String {
        let precision = model.precision.rawValue
        let moments = scorePoint.map { " at=\($0)" } ?? " every=\(every)"
        return "\(modelName) \(precision)\(moments)\(line.settings.text)"
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    private static func audio(of turn: ScoringTurn, _ folder: String) throws(TurnError) -> [Float] {
        let path = turn.audio.hasPrefix("/") ? turn.audio : folder + turn.audio
        do throws(TurnError) {
            return try AudioFileReader(path: path).readMono16kHz()
        } catch {
            throw TurnError(error.code, "turn '\(turn.id)': \(error.message)", cause: error)
        }
    }
}
