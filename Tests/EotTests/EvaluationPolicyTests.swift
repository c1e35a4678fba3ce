import Foundation
import Testing
import TurnCore
import TurnDetection
import TurnEvaluation
import TurnTesting

/// Rows of one silence, scored every 0.1 s from 0.1 s on with the same value; `policy` as the columns threshold,
/// min_delay and max_delay have it.
private func silence(
    _ id: String, _ language: String, _ index: Int, _ seconds: Double, _ value: Double, _ label: String,
    policy: String = ",,"
) -> String {
    (1...Int((seconds * 10).rounded())).map { step in
        "\(id),\(language),\(index),\(Double(step) / 10),\(Double(step) / 10),\(value),\(label),\(policy)\n"
    }.joined()
}

private let header =
    "id,language,span_index,timestamp,silence_dur,p_eot,label,threshold,min_delay,max_delay\n"

/// Turns of a pause of 0.8 s that scores 0.4 and an end that scores 0.6.
private func turns(_ languages: [String], policy: String = ",,") -> String {
    header
        + languages.enumerated().map { number, language in
            silence("t\(number)", language, 0, 0.8, 0.4, "hold", policy: policy)
                + silence("t\(number)", language, 1, 2, 0.6, "eot", policy: policy)
        }.joined()
}

/// What eval, calibrate and their options make of policies, languages and names. Expected figures are by hand.
@Suite struct `Policies in use` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func inUse(_ text: String, _ options: [String] = []) async throws -> [String: Double] {
        let path = try scratch.path("\(UUID().uuidString).csv", Array(text.utf8))
        let result = try await Eot.run(["eval", "--json", "--score-point", "0.2"] + options + [path])
        return try #require(try result.records("eval").first).object("in_use")
    }

    @Test func `are the predictions file's own, span by span`() async throws {
        // The first turn is cut off and ends after 0.3 s, the second waits: its threshold is above both scores.
        let both =
            turns(["en"], policy: "0.3,0.3,2.0")
            + turns(["en"], policy: "0.7,0.3,1.5").replacingOccurrences(of: "t0", with: "u0")
            .dropFirst(header.count)
        let figures = try await inUse(both)
        #expect(figures["cutoff_rate"] == 0.5)
        #expect(figures["mean_latency"] == (0.3 + 1.5) / 2)
        #expect(figures["timeout_rate"] == 0.5)
        #expect(figures["accuracy"] == 0.5)
    }

    @Test func `take the delays of the command line before those of any file`() async throws {
        let text = turns(["en"], policy: "0.3,0.3,2.0")
        #expect(try await inUse(text)["mean_latency"] == 0.3)
        let later = try await inUse(text, ["--min-delay", "0.9"])
        #expect(later["mean_latency"] == 0.9)
        #expect(later["cutoff_rate"] == 0, "the pause ends before the delay")
        // The delay that was not given gives way.
        #expect(try await inUse(text, ["--max-delay", "0.2"])["mean_latency"] == 0.2)
        #expect(try await inUse(text, ["--min-delay", "2.5"])["mean_latency"] == 2.5)
        let thresholds = try scratch.path(
            "t.json", Array(#"{"en": {"threshold": 0.3, "min_delay": 0.4}}"#.utf8))
        #expect(try await inUse(text, ["--thresholds", thresholds])["mean_latency"] == 0.4)
        let both = ["--thresholds", thresholds, "--min-delay", "0.6"]
        #expect(try await inUse(text, both)["mean_latency"] == 0.6)
        let path = try scratch.path("x.csv", Array(text.utf8))
        try await Eot.run(["eval", "--min-delay", "2", "--max-delay", "1", path]).expectFailure(78)
    }

    @Test func `files of one name are told apart by their folders, and different data is told`() async throws
    {
        var paths: [String] = []
        for (folder, languages) in [("first", ["en", "en"]), ("second", ["en"])] {
            let url = scratch.url.appendingPathComponent(folder)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            var text = turns(languages)
            if folder == "second" { text += silence("t0", "en", 2, 0.3, 0.1, "hold") }
            try Data(text.utf8).write(to: url.appendingPathComponent("run.1.csv"))
            paths.append(url.appendingPathComponent("run.1.csv").path)
        }
        let result = try await Eot.run(["eval", "--score-point", "0.2"] + paths)
        #expect(result.status == 0)
        #expect(result.output.contains(" first/run.1 ") && result.output.contains(" second/run.1 "))
        #expect(result.errors.contains("different silences"))
        let same = try await Eot.run(["eval", "--score-point", "0.2", paths[0], paths[0]])
        #expect(same.errors.isEmpty)
    }

    @Test func `regions of a language are calibrated as one, no language takes the default`() async throws {
        let path = try scratch.path("p.csv", Array(turns(["pt-BR", "pt-PT", "Portuguese", "und", ""]).utf8))
        let output = scratch.url.appendingPathComponent("t.json").path
        let result = try await Eot.run(
            ["calibrate", "--json", "--score-point", "0.2", "--cutoff", "0.1", "--output", output, path])
        let records = try result.records("threshold")
        #expect(try records.map { try $0.string("language") } == ["default", "pt"])
        #expect(try records.map { try $0.number("n_hold") } == [5, 3])
        let file = try ThresholdFile(json: Array(try Data(contentsOf: URL(fileURLWithPath: output))))
        #expect(file.entries.keys.sorted() == ["pt"])
        #expect(file.defaultEntry != nil)
    }

    @Test func `held out are the turns that the calibration did not see`() async throws {
        let path = try scratch.path("p.csv", Array(turns((0..<60).map { _ in "en" }).utf8))
        let options = ["calibrate", "--json", "--score-point", "0.2", "--cutoff", "0.1", "--bootstrap", "0"]
        let whole = try #require(try await Eot.run(options + [path]).records().first)
        #expect(try whole.number("n_hold") == 60 && whole.isNull("held_out"))
        let half = try #require(try await Eot.run(options + ["--held-out", path]).records().first)
        let other = try half.object("held_out")
        #expect(try half.number("n_hold") + #require(other["n_hold"]) == 60)
        #expect(try #require(other["n_hold"]) > 15)
        // All turns are alike, so what holds for one half holds for the other.
        #expect(other["cutoff_rate"] == 0)
        let again = try #require(
            try await Eot.run(options + ["--held-out", "--seed", "2", path]).records().first)
        #expect(try again.object("held_out") != other)
    }

    @Test func `calibrated thresholds are a detector's`() async throws {
        let path = try scratch.path("p.csv", Array(turns(["en", "de"]).utf8))
        let output = scratch.url.appendingPathComponent("t.json").path
        let result = try await Eot.run(
            ["calibrate", "--json", "--score-point", "0.2", "--cutoff", "0", "--output", output, path])
        let value = try #require(try result.records().last).number("value")
        // The highest threshold that the ends' 0.6 still exceeds.
        #expect(value == 0.59)
        var options = TurnDetectorOptions()
        options.environment = [:]
        let file = try ThresholdFile(json: Array(try Data(contentsOf: URL(fileURLWithPath: output))))
        options.localThresholds = file.table(default: nil)
        let detector = try TurnDetector(localModel: LocalModel(ScriptedTurnModel([])), options: options)
        #expect(detector.threshold(for: "de-AT") == value)
        #expect(detector.threshold(for: "fr") == file.defaultEntry?.threshold)
    }
}
