import Foundation
import Testing
import TurnTesting

/// Files that are not what they say: the exit status of the contract, one line, never a trap.
@Suite struct HostileFileTests {
    @Test(arguments: [
        ("empty", [UInt8]()), ("text", Array("this is no audio\n".utf8)),
        ("zeros", [UInt8](repeating: 0, count: 4_096)),
        ("a header alone", Array("RIFF\u{24}\u{0}\u{0}\u{0}WAVE".utf8)), ("four bytes", Array("RIFF".utf8)),
    ])
    func `what is no audio is 65`(_ name: String, _ bytes: [UInt8]) async throws {
        let scratch = try Scratch()
        let path = try scratch.path("a.wav", bytes)
        for command in ["detect", "predict", "vad"] {
            let file = try await Eot.run([command, path], environment: ["PATH": nil])
            file.expectFailure(65)
            #expect(file.output.isEmpty)
            try await Eot.run([command, "-"], input: bytes).expectFailure(65)
        }
    }

    @Test func `the error for other formats names ffmpeg`() async throws {
        let scratch = try Scratch()
        let path = try scratch.path(
            "a.mp3", Array("ID3\u{4}\u{0}".utf8) + [UInt8](repeating: 0x55, count: 500))
        let result = try await Eot.run(["vad", path], environment: ["PATH": "/nonexistent"])
        result.expectFailure(65)
        #expect(result.errors.contains("ffmpeg"))
    }

    @Test func `damaged headers either play or are 65`() async throws {
        var random = SeededGenerator(seed: 2)
        let original = WAV.pcm16((0..<800).map { Int16($0 % 50) * 200 })
        for round in 0..<60 {
            var bytes = original
            for _ in 0..<(1 + Int(random.next() % 4)) {
                bytes[Int(random.next() % 44)] = UInt8(truncatingIfNeeded: random.next())
            }
            if round.isMultiple(of: 5) { bytes = Array(bytes.prefix(Int(random.next() % 60))) }
            let result = try await Eot.run(["vad", "--json", "-"], input: bytes, timeLimit: .seconds(60))
            if result.status == 0 {
                #expect(result.errors.isEmpty)
            } else {
                result.expectFailure(65)
            }
        }
    }

    @Test(arguments: [[UInt8](), Array("no model".utf8), [UInt8](repeating: 0xff, count: 10_000)])
    func `what is no model is 65`(_ bytes: [UInt8]) async throws {
        let scratch = try Scratch()
        let path = try scratch.path("m.onnx", bytes)
        let result = try await Eot.run(["predict", "--model", path, "-"], input: WAV.silence(seconds: 0.1))
        result.expectFailure(65)
    }

    @Test func `the other model's file and a cut file are 65`() async throws {
        let silero = try Repository.fetched("models/silero_vad_16k_op15.onnx")
        try await Eot.run(["predict", "--model", silero, "-"], input: WAV.silence(seconds: 0.1))
            .expectFailure(65)

        let scratch = try Scratch()
        let whole = try Data(
            contentsOf: URL(fileURLWithPath: try Repository.fetched("models/smart-turn-v3.2-cpu.onnx")))
        for count in [100, 100_000, whole.count - 1] {
            let path = try scratch.path("cut.onnx", Array(whole.prefix(count)))
            try await Eot.run(["predict", "--model", path, "-"], input: WAV.silence(seconds: 0.1))
                .expectFailure(65)
        }
    }

    @Test func `a voice-activity model that is none is 65`() async throws {
        let scratch = try Scratch()
        _ = try scratch.path("silero_vad_16k_op15.onnx", Array("no model".utf8))
        let result = try await Eot.run(
            ["vad", "-"], input: WAV.silence(seconds: 0.1), environment: ["EOT_MODEL_DIR": scratch.url.path])
        result.expectFailure(65)
    }
}
