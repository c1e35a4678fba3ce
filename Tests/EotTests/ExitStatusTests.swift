import Foundation
import Testing

/// Failures: the exit status of the contract, one line that says what happened and what to do, nothing else.
@Suite struct ExitStatusTests {
    @Test(arguments: [
        ["detect"], ["predict"], ["vad"], ["nonsense"], ["--nonsense"], ["detect", "--nonsense", "a.wav"],
        ["vad", "a.wav", "b.wav"], ["detect", "a.wav", "--threshold"],
        ["detect", "-", "--raw", "s16le"], ["detect", "-", "--rate", "8000"],
        ["detect", "a.wav", "--threshold", "0.5", "--thresholds", "t.json"],
        ["detect", "a.wav", "b.wav", "--plot", "p.svg"], ["detect", "-", "-"], ["listen", "a.wav"],
    ])
    func `wrong usage is 64`(_ arguments: [String]) async throws {
        let result = try await Eot.run(arguments)
        result.expectFailure(64)
        #expect(result.output.isEmpty)
    }

    @Test(arguments: [
        ["--threshold", "2"], ["--threshold=-0.1"], ["--threshold", "nan"], ["--threshold", "high"],
        ["--preset", "nonsense"], ["--min-delay=-1"], ["--min-delay", "inf"],
        ["--min-delay", "2", "--max-delay", "1"],
        ["--precision", "nonsense"], ["--kernel", "nonsense"], ["--threads", "0"], ["--log-level", "loud"],
        ["--rescore", "0.01"], ["--max-turn", "0"], ["--prediction-timeout", "0"],
        ["--prediction-timeout", "nan"],
    ])
    func `bad option values are 78`(_ options: [String]) async throws {
        let result = try await Eot.run(["detect", try Repository.sample()] + options)
        result.expectFailure(78)
        #expect(result.output.isEmpty)
    }

    @Test(arguments: [
        ["--rate", "100"], ["--rate", "500000"], ["--rate", "8000", "--channels", "9"], ["--rate", "x"],
    ])
    func `bad formats of raw samples are 78`(_ options: [String]) async throws {
        let result = try await Eot.run(["vad", "-", "--raw", "s16le"] + options, input: [0, 0])
        result.expectFailure(78)
    }

    @Test(arguments: ["detect", "predict", "vad"])
    func `a missing file is 66`(_ command: String) async throws {
        let result = try await Eot.run([command, "/nonexistent/a.wav"])
        result.expectFailure(66)
        #expect(result.errors.contains("/nonexistent/a.wav"))
    }

    @Test func `a missing second file is told before anything is processed`() async throws {
        let result = try await Eot.run(["detect", try Repository.sample(), "/nonexistent/b.wav"])
        result.expectFailure(66)
        #expect(result.output.isEmpty)
    }

    @Test(arguments: ["detect", "predict", "vad"])
    func `a folder is 74`(_ command: String) async throws {
        let result = try await Eot.run([command, "/"])
        result.expectFailure(74)
    }

    @Test func `a line break in a file's name stays on one line`() async throws {
        let result = try await Eot.run(["vad", "a\nb\u{1b}[31m.wav"])
        result.expectFailure(66)
        #expect(!result.errors.contains("\u{1b}"))
    }

    @Test func `a plot that cannot be written is 74`() async throws {
        let result = try await Eot.run(
            ["detect", "-", "--plot", "/nonexistent/plot.svg"], input: WAV.silence(seconds: 0.1))
        result.expectFailure(74)
    }

    #if os(Linux)
        @Test(arguments: [["models"], ["vad", "--frames", "-"], ["--help"]])
        func `a full disk is 74`(_ arguments: [String]) async throws {
            let full = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
            let result = try await Eot.run(arguments, input: WAV.silence(seconds: 0.1), output: full)
            result.expectFailure(74)
        }
    #endif

    @Test(arguments: [["models"], ["vad", "--frames", "-"], ["detect", "--json", "-"], ["--help"]])
    func `a reader that went away is no failure`(_ arguments: [String]) async throws {
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let result = try await Eot.run(
            arguments, input: WAV.silence(seconds: 0.5), output: pipe.fileHandleForWriting)
        #expect(!result.wasKilled)
        #expect(result.status == 0)
        #expect(result.errors.isEmpty, "\(result.errors)")
    }

    @Test(arguments: [
        "", "[]", "[0.5]", "{\"en\": \"high\"}", "{\"en\": 1.5}", "{\"en\": -0.1}", "{\"en\": 0.5",
        "\u{0}\u{1}",
    ])
    func `a thresholds file that is none is 78`(_ text: String) async throws {
        let scratch = try Scratch()
        let path = try scratch.path("thresholds.json", Array(text.utf8))
        let result = try await Eot.run(
            ["detect", "--thresholds", path, "-"], input: WAV.silence(seconds: 0.1))
        result.expectFailure(78)
        #expect(result.output.isEmpty)
    }

    @Test func `a missing thresholds file is 66`() async throws {
        let result = try await Eot.run(
            ["detect", "--thresholds", "/nonexistent/t.json", "-"], input: WAV.silence(seconds: 0.1))
        result.expectFailure(66)
    }

    @Test(arguments: [
        ["--at", "30.5"], ["--at", "1", "--at", "1000"], ["--at=-1"], ["--at", "nan"], ["--at", "x"],
    ])
    func `a moment outside the recording is 78`(_ options: [String]) async throws {
        let result = try await Eot.run(["predict", try Repository.sample()] + options)
        result.expectFailure(78)
        #expect(result.output.isEmpty)
    }
}
