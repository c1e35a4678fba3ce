import Foundation
import Testing
import TurnCore
import TurnEvaluation
import TurnTesting

/// The objects of JSON Lines.
private func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
}

/// A predictions file with one pause and one end a turn, in two languages.
private func predictions(_ count: Int = 80) -> String {
    var generator = SeededGenerator(seed: 8)
    var text = "id,language,span_index,timestamp,silence_dur,p_eot,label\n"
    for number in 0..<count {
        let language = number % 2 == 0 ? "en" : "de"
        for (index, label) in ["hold", "eot"].enumerated() {
            let steps = index == 0 ? Int.random(in: 3...12, using: &generator) : 20
            let centre = index == 0 ? 0.3 : 0.65
            for step in 1...steps {
                let p = min(1, max(0, centre + Double.random(in: -0.4...0.4, using: &generator)))
                text += "t\(number),\(language),\(index),\(index * 5),\(Double(step) / 10),\(p),\(label)\n"
            }
        }
    }
    return text
}

/// Command lines that fail; FILE is a predictions file, BAD one that is none.
private let failures: [([String], Int32)] = [
    (["eval", "/nowhere.csv"], Int32(66)), (["eval"], 64), (["eval", "--threshold", "2", "FILE"], 78),
    (["eval", "--score-point", "0.25", "FILE"], 65), (["eval", "BAD"], 65), (["calibrate", "FILE"], 64),
    (["calibrate", "--cutoff", "3", "FILE"], 78),
    (["calibrate", "--cutoff", "0.1", "--latency", "1", "FILE"], 64),
    (["calibrate", "--latency", "0.01", "FILE"], 65), (["eval", "--thresholds", "BAD", "FILE"], 78),
    (["score", "/nowhere.jsonl"], 66), (["score", "BAD"], 65), (["score", "--snr", "900", "BAD"], 64),
    (["score", "--jobs", "0", "BAD"], 78),
]

@Suite struct `eot eval and calibrate` {
    private let scratch: Scratch
    private let file: String

    init() throws {
        scratch = try Scratch()
        file = try scratch.path("predictions.csv", Array(predictions().utf8))
    }

    @Test func `eval prints one line a language with the fixed names`() async throws {
        let result = try await Eot.run(["eval", "--json", "--by-language", "--score-point", "0.2", file])
        #expect(result.status == 0, Comment(rawValue: result.errors))
        #expect(
            result.outputLines.map { $0.prefix(32) }.allSatisfy {
                $0.hasPrefix("{\"type\":\"eval\",\"language\":\"")
            })
        let lines = try objects(result.output)
        #expect(lines.compactMap { $0["language"] as? String } == ["all", "de", "en"])
        for line in lines {
            for name in ["cutoff_at_300ms", "cutoff_at_600ms", "latency_at_5pct", "latency_at_10pct"] {
                let point = try #require(line[name])
                if let point = point as? [String: Any] {
                    #expect(point["value"] is Double && point["threshold"] is Double)
                    #expect(point["action_delay"] is Double && point["timeout"] is Double)
                }
            }
            #expect(line["auc"] is Double && line["ap"] is Double && line["mean_frontier_latency"] is Double)
            let baseline = try #require(line["vad_baseline"] as? [String: Any])
            #expect(baseline["latency_at_10pct"] != nil && baseline["mean_frontier_latency"] != nil)
            #expect(line["in_use"] is NSNull)
        }
        #expect(lines[0]["n_hold"] as? Int == 80)
        #expect(lines[1]["n_eot"] as? Int == 40)
    }

    @Test func `eval lists the frontier when it is asked to`() async throws {
        let evaluation = try Evaluation(try PredictionSet(contentsOf: file), mode: .scorePoint(0.2))
        let arguments = ["eval", "--score-point", "0.2", "--frontier", file]
        let line = try #require(try objects(try await Eot.run(arguments + ["--json"]).output).first)
        let listed = try #require(line["pareto"] as? [[String: Any]])
        let pareto = evaluation.model.pareto
        #expect(listed.compactMap { $0["cutoff_rate"] as? Double } == pareto.map(\.cutoffRate))
        #expect(listed.compactMap { $0["mean_latency"] as? Double } == pareto.map(\.meanLatency))
        #expect(listed.compactMap { $0["threshold"] as? Double } == pareto.map(\.policy.threshold))
        let baseline = try #require(line["vad_baseline"] as? [String: Any])
        #expect((baseline["pareto"] as? [Any])?.count == evaluation.baseline.pareto.count)
        let lines = try await Eot.run(arguments).outputLines
        let start = try #require(lines.firstIndex { $0.contains("frontier of predictions") })
        #expect(lines.count - start - 2 == pareto.count)
    }

    @Test func `eval compares files in one table and one plot`() async throws {
        let other = try scratch.path("other.csv", Array(predictions(60).utf8))
        let plot = scratch.url.appendingPathComponent("frontier.svg").path
        let result = try await Eot.run(["eval", "--score-point", "0.2", "--plot", plot, file, other])
        #expect(result.status == 0, Comment(rawValue: result.errors))
        #expect(result.output.contains("predictions") && result.output.contains("other"))
        #expect(result.output.contains("80 / 80") && result.output.contains("60 / 60"))
        let svg = try String(contentsOfFile: plot, encoding: .utf8)
        #expect(svg.hasPrefix("<svg") && svg.contains("2 files, score point 0.2 s<"))
    }

    @Test func `calibrated thresholds keep their budget in eval and are read by detect`() async throws {
        let thresholds = scratch.url.appendingPathComponent("thresholds.json").path
        let options = ["--score-point", "0.2", "--cutoff", "0.05", "--output", thresholds]
        let calibrated = try await Eot.run(["calibrate", "--json"] + options + [file])
        #expect(calibrated.status == 0, Comment(rawValue: calibrated.errors))
        let lines = try objects(calibrated.output)
        #expect(lines.compactMap { $0["language"] as? String } == ["default", "de", "en"])
        #expect(calibrated.outputLines.allSatisfy { $0.hasPrefix("{\"type\":\"threshold\",\"language\":") })
        // 40 pauses a language do not show a budget of 5 %.
        #expect(calibrated.errorLines.filter { $0.contains("few spans") }.count == 2)
        let eval = try await Eot.run(
            ["eval", "--json", "--by-language", "--score-point", "0.2", "--thresholds", thresholds, file])
        for line in try objects(eval.output) {
            let inUse = try #require(line["in_use"] as? [String: Any])
            #expect(try #require(inUse["cutoff_rate"] as? Double) <= 0.05 + 1e-9)
        }
        let silence = try scratch.path("silence.wav", WAV.silence(seconds: 1))
        let detect = try await Eot.run(["detect", "--thresholds", thresholds, "--language", "de", silence])
        #expect(detect.status == 0, Comment(rawValue: detect.errors))
    }

    @Test(arguments: failures)
    func `what goes wrong has its exit status and one line`(arguments: [String], status: Int32) async throws {
        let bad = try scratch.path("bad.csv", Array("what is this\n".utf8))
        let result = try await Eot.run(
            arguments.map { $0 == "FILE" ? file : $0 == "BAD" ? bad : $0 })
        result.expectFailure(status)
    }
}

/// The whole chain on recorded speech: `scripts/make_conversations.py` makes the turns.
@Suite(.serialized) struct `score, eval, calibrate and detect on recorded turns` {
    @Test func `calibrated thresholds keep their budget when they are scored with`() async throws {
        let scratch = try Scratch()
        func path(_ name: String) -> String { scratch.url.appendingPathComponent(name).path }
        let manifest = try Conversations.manifest(scratch, turns: 24)
        let scored = try await Eot.run(["score", "--score-point", "0.2", "-o", path("a.csv"), manifest])
        #expect(scored.status == 0, Comment(rawValue: scored.errors))
        #expect(scored.output.isEmpty)
        #expect(scored.errors.isEmpty, "standard error is no terminal, so there is no bar")
        let calibrated = try await Eot.run([
            "calibrate", "--json", "--score-point", "0.2", "--cutoff", "0.15", "--output", path("t.json"),
            path("a.csv"),
        ])
        #expect(calibrated.status == 0, Comment(rawValue: calibrated.errors))
        let again = try await Eot.run([
            "score", "--score-point", "0.2", "--thresholds", path("t.json"), "-o", path("b.csv"), manifest,
        ])
        #expect(again.status == 0, Comment(rawValue: again.errors))
        func inUse(_ file: String) async throws -> [String: Double] {
            let eval = try await Eot.run(["eval", "--json", "--score-point", "0.2", path(file)])
            return try #require(try eval.records("eval").first).object("in_use")
        }
        let before = try await inUse("a.csv")
        #expect(try #require(before["cutoff_rate"]) > 0.15, "the preset's threshold exceeds the budget here")
        let after = try await inUse("b.csv")
        #expect(try #require(after["cutoff_rate"]) <= 0.15 + 1e-9)
        let told = try #require(try calibrated.records("threshold").last)
        #expect(after["cutoff_rate"] == (try told.object("cutoff_rate")["value"]))
        #expect(after["mean_latency"] == (try told.object("mean_latency")["value"]))
        let eval = try await Eot.run(["eval", "--json", "--score-point", "0.2", path("b.csv")])
        let line = try #require(try objects(eval.output).first)
        #expect(line["n_eot"] as? Int == 24)
        let auc = try #require(line["auc"] as? Double)
        #expect(auc > 0.6, "the model tells ends from pauses")
        let wav = try Repository.fetched("fixtures/turns/queue-youarenext.wav")
        let detect = try await Eot.run([
            "detect", "--json", "--thresholds", path("t.json"), "--language", "en", wav,
        ])
        let turns = try objects(detect.output).filter { $0["type"] as? String == "turn_ended" }
        #expect(!turns.isEmpty)
    }

    @Test func `a run that was stopped goes on, whatever it had written last`() async throws {
        let scratch = try Scratch()
        let manifest = try Conversations.manifest(scratch, turns: 3)
        let output = scratch.url.appendingPathComponent("out.jsonl")
        let arguments = ["score", "--score-point", "0.2", "--jobs", "1", "-o", output.path, manifest]
        #expect(try await Eot.run(arguments).status == 0)
        let whole = try Data(contentsOf: output)
        try whole.prefix(whole.count * 2 / 3).write(to: output)
        #expect(try await Eot.run(arguments).status == 0)
        #expect(try Data(contentsOf: output) == whole)
        for options in [["--telephone"], ["--threshold", "0.5"], ["--max-delay", "2"]] {
            let other = try await Eot.run(arguments + options)
            other.expectFailure(65)
            #expect(other.errors.contains("use another file"))
            #expect(try Data(contentsOf: output) == whole)
        }
    }

    @Test func `line and noise change the scores, the same way each time`() async throws {
        let scratch = try Scratch()
        let manifest = try Conversations.manifest(scratch, turns: 2)
        func scores(_ options: [String]) async throws -> [Double] {
            let result = try await Eot.run(
                ["score", "--json", "--score-point", "0.2", "--jobs", "1"] + options + [manifest])
            #expect(result.status == 0, Comment(rawValue: result.errors))
            return try objects(result.output).compactMap { $0["p_eot"] as? Double }
        }
        let clean = try await scores([])
        let noisy = try await scores(["--snr", "5"])
        #expect(clean.count == noisy.count && clean.count >= 4)
        #expect(clean != noisy)
        #expect(try await scores(["--snr", "5"]) == noisy)
        #expect(try await scores(["--snr", "5", "--noise-seed", "2"]) != noisy)
        #expect(try await scores(["--telephone"]) != clean)
    }
}
