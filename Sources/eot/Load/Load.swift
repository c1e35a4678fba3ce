import ArgumentParser
import TurnAudio
import TurnCore
import TurnLoad

struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a load on a gateway: sessions that stream real speech in real time.",
        discussion: """
            Each session plays a recording again and again from a point of its own, and asks for a prediction at every \
            pause of 200 ms. A prediction without an answer counts as lost; an answer after one second is late. The \
            exit status is 1 when a prediction was lost or anything else failed.

            EXAMPLES:
              eot load --cloud http://127.0.0.1:8080 --sessions 300 --seconds 60
              eot load --cloud http://127.0.0.1:8080 --ramp --p99 150
              eot load --cloud http://127.0.0.1:8080 --saturate --sessions 8 --json talk.wav

            JSON LINES:
              load    {sessions, seconds, predictions, errors, late, p50_ms, p90_ms, p99_ms, max_ms}
                      one for each run; errors: lost predictions and whatever else failed
              details {lost, opened, answers, answers_per_second, lag_ms, failures}
                      after each load; lag_ms: by how much this end was late at most
              ramp    {sessions, p99_limit_ms}    at the end of --ramp; sessions: the most that held
            """)

    @Argument(help: ArgumentHelp("Recorded speech (default: the sample conversation).", valueName: "file"))
    var files: [String] = []

    @OptionGroup(title: "Gateway") var gateway: LoadGatewayOptions

    @Option(help: ArgumentHelp("Sessions at the same time; with --ramp the first try.", valueName: "n"))
    var sessions = 50

    @Option(help: ArgumentHelp("How long is measured, from 0.1 (default: 30).", valueName: "s"))
    var seconds = 30.0

    @Option(
        help: ArgumentHelp(
            "Sessions open evenly over this time (default: 100 a second, at least 1 s).", valueName: "s"))
    var startUp: Double?

    @Option(
        help: ArgumentHelp(
            "Time between that and the measurement (default: 0; 8 with --saturate, when windows are full).",
            valueName: "s"))
    var warmUp: Double?

    @Option(help: ArgumentHelp("Audio a message, 20 or 50.", valueName: "ms"))
    var frame = 50

    @Option(
        help: ArgumentHelp(
            "Sessions live about so long, then make place for new ones (default: to the end).", valueName: "s"
        ))
    var sessionSeconds: Double?

    @Flag(help: "Ask again at each answer instead of at pauses: how many predictions a second there can be.")
    var saturate = false

    @Flag(help: "Look for the most sessions that hold: all answered, 99 of 100 within --p99, nothing failed.")
    var ramp = false

    @Option(help: ArgumentHelp("What --ramp holds, in milliseconds.", valueName: "ms"))
    var p99 = 150.0

    @Option(help: ArgumentHelp("The most that --ramp tries.", valueName: "n"))
    var maxSessions = 10_000

    @Option(help: ArgumentHelp("Threads that make the load, 1 to 64.", valueName: "n"))
    var threads = 1

    @OptionGroup(title: "Audio") var audio: AudioOptions
    @OptionGroup(title: "Model") var kernel: KernelOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        guard !(ramp && saturate) else {
            throw ValidationError("--ramp and --saturate are two measurements; give one of them")
        }
        guard !ramp || (1...maxSessions).contains(sessions) else {
            throw ValidationError("--sessions \(sessions) is where --ramp starts; use 1 to --max-sessions")
        }
        for (name, value) in [
            ("seconds", seconds), ("start-up", startUp), ("warm-up", warmUp), ("p99", p99),
            ("session-seconds", sessionSeconds),
        ] {
            guard value.map({ (0...1e6).contains($0) }) ?? true else {
                throw ValidationError("--\(name) is out of range; use a number from 0 to 1000000")
            }
        }
    }

    func run() async throws {
        let target = try gateway.target()
        let recordings = try LoadRecordings(files, audio: audio, kernel: kernel).read()
        var printer = LoadPrinter(isJSON: output.json)
        if ramp {
            try await search(target, recordings, &printer)
        } else {
            let report = try await measure(target, recordings, sessionCount: sessions)
            try printer.print(report)
            guard report.errorCount == 0 else { throw LoadFailed(report) }
        }
    }

    private func search(
        _ target: LoadTarget, _ recordings: [LoadAudio], _ printer: inout LoadPrinter
    ) async throws {
        var search = RampSearch(start: sessions, maximum: maxSessions)
        let limit = Duration.fromSeconds(p99 / 1e3)
        while let count = search.next {
            let report = try await measure(target, recordings, sessionCount: count)
            let held = report.holds(p99: limit)
            try printer.print(report)
            output.log.info("\(count) sessions \(held ? "held" : "did not hold")")
            if !held { try await Task.sleep(for: Self.recovery) }
            search.record(held)
        }
        try printer.printRamp(best: search.best, limit: limit)
    }

    /// What a gateway is given to recover after a load that it did not hold.
    private static let recovery = Duration.seconds(6)

    private func measure(
        _ target: LoadTarget, _ recordings: [LoadAudio], sessionCount: Int
    ) async throws -> LoadReport {
        var options = LoadOptions(sessionCount: sessionCount, duration: .fromSeconds(seconds))
        options.mode = saturate ? .saturate : .realTime
        options.frameDuration = .milliseconds(frame)
        options.threadCount = threads
        if let startUp { options.startUp = .fromSeconds(startUp) }
        options.warmUp = .fromSeconds(warmUp ?? (saturate ? 8 : 0))
        options.sessionDuration = sessionSeconds.map(Duration.fromSeconds)
        let run = try LoadRun(target: target, options: options, audio: recordings)
        async let _: Void = Self.showProgress(sessionCount, run.expectedDuration)
        // Leaving this function cancels the bar, and waits for it.
        let report = try await run.run()
        guard report.openedCount > 0 else { throw LoadFailed(report) }
        return report
    }

    /// Draws a bar until it is cancelled.
    private static func showProgress(_ sessionCount: Int, _ duration: Duration) async {
        let clock = ContinuousClock()
        let start = clock.now
        var progress = ProgressBar("\(sessionCount) sessions")
        while (try? await Task.sleep(for: .milliseconds(200))) != nil {
            progress.update((clock.now - start) / duration)
        }
        progress.clear()
    }
}

/// A load that did not go well; its figures were printed.
struct LoadFailed: Error {
    let report: LoadReport

    init(_ report: LoadReport) { self.report = report }

    /// One line: what, and what to do.
    var message: String {
        let kinds = report.failures.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }
        guard report.openedCount > 0 else {
            let advice =
                report.failures["http 503"] != nil
                ? "the gateway is overloaded or shuts down: try later, or another one"
                : "check the address and the credentials"
            return "no session opened (\(kinds.joined(separator: ", "))); \(advice)"
        }
        let failed = ["\(report.lostCount) predictions lost"] + kinds
        return failed.joined(separator: ", ") + "; use fewer sessions, or look at the gateway's log"
    }

    var status: ExitStatus {
        if report.openedCount > 0 { return .unmet }
        return report.failures.keys.contains { $0 == "http 401" || $0 == "http 403" }
            ? .notAllowed : .unavailable
    }
}
