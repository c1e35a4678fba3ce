import Foundation
import Testing

/// `eot models`, and how commands find and refuse model files.
@Suite struct ModelsTests {
    @Test func `the installed files are listed and verified`() async throws {
        let records = try await Eot.run(["models", "--json"]).records()
        #expect(try records.map { try $0.string("name") } == ["smart-turn-v3.2", "silero-vad-v6"])
        #expect(try records.map { try $0.string("licence") } == ["BSD-2-Clause", "MIT"])
        let digests = try records.map { try $0.string("sha256") }
        #expect(digests[0] == "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f")
        #expect(digests[1] == "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49")
        for record in records {
            #expect(record.type == "model")
            #expect(record.keys.isSuperset(of: ["type", "name", "path", "sha256", "verified", "licence"]))
            #expect(try record.bool("verified"))
            #expect(FileManager.default.fileExists(atPath: try record.string("path")))
        }
        let people = try await Eot.run(["models"])
        #expect(people.status == 0)
        for digest in digests { #expect(people.output.contains(digest)) }
    }

    @Test func `EOT_MODEL_DIR is the only place when it is set`() async throws {
        let scratch = try Scratch()
        let result = try await Eot.run(
            ["models", "--json"], environment: ["EOT_MODEL_DIR": scratch.url.path])
        result.expectFailure(78)
        let records = try JSONRecord.all(result.outputLines)
        #expect(records.count == 2)
        for record in records {
            #expect(record.isNull("path") && record.isNull("sha256"))
            #expect(try record.bool("verified") == false)
        }
    }

    @Test func `a parent folder's models and the user's own are found`() async throws {
        let scratch = try Scratch()
        let models = Repository.root.appendingPathComponent(".eot/models")
        _ = try Repository.fetched("models/smart-turn-v3.2-cpu.onnx")
        let share = scratch.url.appendingPathComponent("home/.local/share/eot")
        let below = scratch.url.appendingPathComponent("project/a/b")
        let eot = scratch.url.appendingPathComponent("project/.eot")
        for folder in [share, below, eot] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        for folder in [share, eot] {
            try FileManager.default.createSymbolicLink(
                at: folder.appendingPathComponent("models"), withDestinationURL: models)
        }
        let home = scratch.url.appendingPathComponent("home").path
        let user = try await Eot.run(["models", "--json"], environment: ["HOME": home], folder: share)
        #expect(try user.records()[0].string("path").hasPrefix(home))
        let parent = try await Eot.run(["models", "--json"], environment: ["HOME": home], folder: below)
        #expect(try parent.records()[0].string("path").contains("/project/.eot/models/"))
    }

    @Test(arguments: [["detect", "-"], ["predict", "-"], ["vad", "-"], ["listen"], ["bench"]])
    func `a model that is not installed is 78`(_ arguments: [String]) async throws {
        let scratch = try Scratch()
        let result = try await Eot.run(
            arguments, input: WAV.silence(seconds: 0.1), environment: ["EOT_MODEL_DIR": scratch.url.path])
        result.expectFailure(78)
        #expect(result.errors.contains("make models"))
        #expect(result.output.isEmpty)
    }

    @Test func `a missing --model file is 78`() async throws {
        let result = try await Eot.run(
            ["predict", "--model", "/nonexistent/m.onnx", "-"], input: WAV.silence(seconds: 0.1))
        result.expectFailure(78)
    }

    @Test func `a changed file is not verified`() async throws {
        let scratch = try Scratch()
        for name in ["smart-turn-v3.2-cpu.onnx", "silero_vad_16k_op15.onnx"] {
            var bytes = [UInt8](
                try Data(contentsOf: URL(fileURLWithPath: try Repository.fetched("models/\(name)"))))
            if name.hasPrefix("silero") { bytes[bytes.count / 2] ^= 1 }
            _ = try scratch.path(name, bytes)
        }
        let result = try await Eot.run(
            ["models", "--json"], environment: ["EOT_MODEL_DIR": scratch.url.path])
        result.expectFailure(65)
        #expect(try JSONRecord.all(result.outputLines).map { try $0.bool("verified") } == [true, false])
    }

    @Test func `a float32 file of the same architecture loads under its own name`() async throws {
        let path = try Repository.fetched("fixtures/smart-turn-v3.2-float32.onnx")
        let sample = try Repository.sample()
        let float = try await Eot.run(["predict", "--json", "--model", path, "--at", "10", sample]).records()
        let int8 = try await Eot.run(["predict", "--json", "--at", "10", sample]).records()
        #expect(try float[0].string("model") == "smart-turn-v3.2-float32")
        #expect(try int8[0].string("model") == "smart-turn-v3.2")
        // The fixture holds the int8 file's weights, dequantised.
        #expect(abs(try float[0].number("probability") - (try int8[0].number("probability"))) < 1e-3)
    }
}
