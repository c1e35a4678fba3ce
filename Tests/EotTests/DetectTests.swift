import Foundation
import Testing

/// `eot detect` on the recorded conversation: the JSON of the contract, and the same answers however it is fed.
@Suite struct DetectTests {
    @Test func `the JSON has the contract's shapes`() async throws {
        let records = try await Eot.run(["detect", "--json", try Repository.sample()]).records()
        let shapes: [String: Set<String>] = [
            "speech_started": ["type", "time"],
            "speech_ended": ["type", "time"],
            "prediction": ["type", "time", "probability", "threshold", "model", "inference_ms"],
            "turn_ended": ["type", "time", "speech_start", "speech_end", "probability", "delay", "reason"],
            "summary": ["type", "file", "duration", "turns", "predictions", "model", "realtime_factor"],
        ]
        for record in records { #expect(shapes[record.type] == record.keys, "\(record.text)") }
        for type in shapes.keys { #expect(records.contains { $0.type == type }, "no \(type)") }

        for prediction in records where prediction.type == "prediction" {
            #expect((0...1).contains(try prediction.number("probability")))
            #expect(abs(try prediction.number("threshold") - 0.21) < 1e-6)
            #expect(try prediction.string("model") == "smart-turn-v3.2")
            #expect(try prediction.number("inference_ms") > 0)
        }
        for turn in records where turn.type == "turn_ended" {
            let (start, end) = (try turn.number("speech_start"), try turn.number("speech_end"))
            #expect(start < end)
            #expect(abs(try turn.number("delay") - (try turn.number("time") - end)) < 2e-6, "\(turn.text)")
            #expect(["model", "timeout", "end_of_input"].contains(try turn.string("reason")))
        }
        let summary = try #require(records.last)
        #expect(summary.type == "summary")
        #expect(try summary.string("file") == (try Repository.sample()))
        #expect(try summary.number("turns") == Double(records.filter { $0.type == "turn_ended" }.count))
        #expect(try summary.number("predictions") == Double(records.filter { $0.type == "prediction" }.count))
        #expect(abs(try summary.number("duration") - 30) < 0.01)
        #expect(try summary.number("realtime_factor") > 0)
    }

    @Test func `events come in order, speech alternates, and turns hold the speech`() async throws {
        let records = try await Eot.run(["detect", "--json", try Repository.sample()]).records()
        let starts = try records.filter { $0.type == "speech_started" }.map { try $0.number("time") }
        let ends = try records.filter { $0.type == "speech_ended" }.map { try $0.number("time") }
        #expect(starts.count >= 2 && starts.count == ends.count)
        for (start, end) in zip(starts, ends) { #expect(start < end) }
        for (end, next) in zip(ends, starts.dropFirst()) { #expect(end < next) }

        let turns = records.filter { $0.type == "turn_ended" }
        #expect(turns.count >= 2)
        for turn in turns {
            #expect(starts.contains(try turn.number("speech_start")), "\(turn.text)")
            #expect(ends.contains(try turn.number("speech_end")), "\(turn.text)")
        }
        let times = try turns.map { try $0.number("time") }
        #expect(times == times.sorted())
        // The first speaker starts at 6.69 s by the conversation's labels; all before is silence.
        #expect(abs(try #require(starts.first) - 6.69) < 0.3)
    }

    @Test func `the delays follow the judgement`() async throws {
        let options = ["--threshold", "0.25", "--min-delay", "0.3", "--max-delay", "0.9"]
        let records = try await Eot.run(["detect", "--json", try Repository.sample()] + options).records()
        for turn in records where turn.type == "turn_ended" {
            let (delay, reason) = (try turn.number("delay"), try turn.string("reason"))
            switch reason {
            case "model":
                #expect(abs(delay - 0.3) < 1e-6, "\(turn.text)")
                #expect(try turn.number("probability") >= 0.25)
            case "timeout":
                #expect(abs(delay - 0.9) < 1e-6, "\(turn.text)")
                #expect(try turn.number("probability") < 0.25)
            default: #expect(reason == "end_of_input")
            }
        }
        #expect(records.contains { $0.text.contains("\"reason\":\"model\"") })
    }

    @Test func `a threshold of one lets silence alone end turns`() async throws {
        let options = ["--threshold", "1", "--max-delay", "0.7"]
        let turns = try await Eot.run(["detect", "--json", try Repository.sample()] + options).records(
            "turn_ended")
        #expect(!turns.isEmpty)
        for turn in turns { #expect(try turn.string("reason") != "model", "\(turn.text)") }
    }

    @Test func `a thresholds file counts by language`() async throws {
        let scratch = try Scratch()
        let path = try scratch.path("t.json", Array("{\"de\": 0.75, \"default\": 0.5}".utf8))
        for (language, threshold) in [("de-AT", 0.75), ("fr", 0.5), ("multi", 0.5)] {
            let predictions = try await Eot.run(
                ["detect", "--json", "--thresholds", path, "--language", language, try Repository.sample()]
            ).records("prediction")
            #expect(!predictions.isEmpty)
            for prediction in predictions { #expect(try prediction.number("threshold") == threshold) }
        }
    }

    @Test func `the same input gives the same output, from a file, as WAV or as raw samples`() async throws {
        let path = try Repository.sample()
        let samples = try WAV.samples(ofFileAt: path)
        let file = try await Eot.run(["detect", "--json", path])
        let again = try await Eot.run(["detect", "--json", path])
        let wav = try await Eot.run(["detect", "--json", "-"], input: WAV.pcm16(samples))
        let raw = try await Eot.run(
            ["detect", "--json", "--raw", "s16le", "--rate", "16000", "-"], input: WAV.raw(samples))
        let live = try await Eot.run(["listen", "--json"], input: WAV.pcm16(samples))
        let expected = try Self.timeless(file)
        #expect(expected.count >= 6)
        for result in [again, wav, raw, live] { #expect(try Self.timeless(result) == expected) }
        #expect(try wav.records("summary").first?.string("file") == "-")
    }

    @Test func `float samples and two channels give the same as 16 bits and one`() async throws {
        let samples = try WAV.samples(ofFileAt: try Repository.sample())
        let stereo = samples.flatMap { [$0, $0] }
        let floats = samples.flatMap { sample in
            withUnsafeBytes(of: (Float(sample) / 32_768).bitPattern.littleEndian) { Array($0) }
        }
        let expected = try Self.timeless(
            try await Eot.run(["detect", "--json", "-"], input: WAV.pcm16(samples)))
        let two = try await Eot.run(
            ["detect", "--json", "--raw", "s16le", "--rate", "16000", "--channels", "2", "-"],
            input: WAV.raw(stereo))
        let float = try await Eot.run(
            ["detect", "--json", "--raw", "f32le", "--rate", "16000", "-"], input: floats)
        #expect(try Self.timeless(two) == expected)
        #expect(try Self.timeless(float) == expected)
    }

    @Test func `several files come one after the other, each with its summary`() async throws {
        let scratch = try Scratch()
        let silence = try scratch.path("silence.wav", WAV.silence(seconds: 1))
        let records = try await Eot.run(["detect", "--json", silence, try Repository.sample(), silence])
            .records()
        let summaries = records.filter { $0.type == "summary" }
        #expect(try summaries.map { try $0.string("file") } == [silence, try Repository.sample(), silence])
        #expect(try summaries.map { try $0.number("turns") > 0 } == [false, true, false])
        #expect(try JSONRecord(records[0].text).type == "summary", "silence has no events")
    }

    @Test func `an empty recording has a summary and nothing else`() async throws {
        let records = try await Eot.run(["detect", "--json", "-"], input: WAV.pcm16([])).records()
        #expect(records.map(\.type) == ["summary"])
        #expect(try records[0].number("duration") == 0)
    }

    @Test func `speech that the recording cuts off ends with it`() async throws {
        // The conversation's second half begins and ends in speech.
        let samples = try WAV.samples(ofFileAt: try Repository.sample())[(12 * 16_000)..<(14 * 16_000)]
        let records = try await Eot.run(["detect", "--json", "-"], input: WAV.pcm16(Array(samples))).records()
        let turn = try #require(records.last { $0.type == "turn_ended" })
        #expect(try turn.string("reason") == "end_of_input")
        #expect(try turn.number("time") <= 2 + 1e-6)
        #expect(try turn.number("speech_end") <= 2 + 1e-6)
        #expect(try turn.number("delay") >= 0)
    }

    @Test func `a paced file takes its own time`() async throws {
        let result = try await Eot.run(
            ["detect", "--json", "--realtime", "-"], input: WAV.silence(seconds: 1.5))
        #expect(try result.records().count == 1)
        #expect(result.duration >= .seconds(1.5))
        // Waiting is no computing.
        #expect(try result.records()[0].number("realtime_factor") < 0.5)
    }

    @Test(arguments: [16_000, 48_000])
    func `a paced file gives the events of a fast one`(rate: Int) async throws {
        // The first words and the pause after them; at 48 kHz each sample stands for three.
        let words = try WAV.samples(ofFileAt: try Repository.sample())[(6 * 16_000)..<(11 * 16_000)]
        let samples = words.flatMap { [Int16](repeating: $0, count: rate / 16_000) }
        let options = ["--json", "--preset", "responsive", "--raw", "s16le", "--rate", "\(rate)", "-"]
        let fast = try await Eot.run(["detect"] + options, input: WAV.raw(samples))
        let paced = try await Eot.run(["detect", "--realtime"] + options, input: WAV.raw(samples))
        let expected = try Self.timeless(fast)
        #expect(expected.contains { $0.contains("\"turn_ended\"") })
        #expect(try Self.timeless(paced) == expected)
        #expect(paced.duration >= .seconds(5))
    }

    @Test func `the plot is a picture of the recording`() async throws {
        let scratch = try Scratch()
        let path = scratch.url.appendingPathComponent("turns.svg").path
        let result = try await Eot.run(["detect", "--json", "--plot", path, try Repository.sample()])
        #expect(result.status == 0)
        let svg = try String(contentsOfFile: path, encoding: .utf8)
        #expect(svg.hasPrefix("<svg") || svg.hasPrefix("<?xml"))
        #expect(svg.contains("sample.wav") && svg.contains("</svg>"))
        let again = try await Eot.run(["detect", "--json", "--plot", path, try Repository.sample()])
        #expect(again.status == 0)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == svg)
    }

    @Test func `people get an aligned timeline without colours, except on a terminal`() async throws {
        let result = try await Eot.run(["detect", try Repository.sample()])
        #expect(result.status == 0 && result.errors.isEmpty)
        #expect(!result.output.contains("\u{1b}"))
        for word in ["speech", "pause", "predict", "TURN", "smart-turn-v3.2"] {
            #expect(result.output.contains(word), "\(word)")
        }
        let times = result.outputLines.filter { $0.hasPrefix("  ") }
        #expect(times.count >= 6)
        for line in times {
            #expect(line.prefix(10).trimmingPrefix(while: { $0 == " " }).wholeMatch(of: /\d+\.\d{3}/) != nil)
        }
    }

    /// The records without what differs from run to run and with the way of feeding.
    static func timeless(_ result: EotResult) throws -> [String] {
        try result.records().map { record in
            record.text
                .replacing(/"inference_ms":[0-9.e-]+/, with: "")
                .replacing(/"realtime_factor":[0-9.e-]+/, with: "")
                .replacing(/"file":"[^"]*"/, with: "")
        }
    }
}
