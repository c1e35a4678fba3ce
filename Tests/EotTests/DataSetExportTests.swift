import Foundation
import Testing

/// The Python of docs/evaluation.md that exports the benchmark's recordings, run against stand-ins for its two packages
/// (the data set is a download of gigabytes): what it writes is a manifest that `eot score` reads.
@Suite struct DataSetExportTests {
    /// One row as `livekit/eot-bench-data` has it: WAV bytes, two silences.
    private static let datasets = """
        import io, wave

        class Audio:
            def __init__(self, decode):
                assert decode is False

        class Rows(list):
            def cast_column(self, name, feature):
                assert name == "audio" and isinstance(feature, Audio)
                return self

        def load_dataset(path, name, split):
            assert (path, name, split) == ("livekit/eot-bench-data", "all", "validation")
            data = io.BytesIO()
            with wave.open(data, "wb") as file:
                file.setparams((1, 2, 16000, 0, "NONE", ""))
                file.writeframes(bytes(32000 * 3))
            spans = [{"start": 0.5, "end": 0.9}, {"start": 2.0, "end": 2.6}]
            return Rows([{"id": "turn-1", "language": "de", "audio": {"bytes": data.getvalue(), "path": None},
                          "silence_spans": spans, "words": []}])
        """

    private static let soundfile = """
        import wave

        def read(file):
            with wave.open(file) as source:
                return source.readframes(source.getnframes()), source.getframerate()

        def write(path, samples, rate, subtype):
            assert subtype == "PCM_16"
            with wave.open(str(path), "wb") as file:
                file.setparams((1, 2, rate, 0, "NONE", ""))
                file.writeframes(samples)
        """

    @Test func `the ten lines of Python make a manifest that score reads`() async throws {
        let page = try String(
            contentsOf: Repository.root.appendingPathComponent("docs/evaluation.md"), encoding: .utf8)
        let code = try #require(page.components(separatedBy: "```python\n").dropFirst().first)
            .components(separatedBy: "```")[0]
        #expect(code.split(separator: "\n").count == 10)
        let scratch = try Scratch()
        _ = try scratch.file("datasets.py", Data(Self.datasets.utf8))
        _ = try scratch.file("soundfile.py", Data(Self.soundfile.utf8))
        let script = try scratch.file("export.py", Data(code.utf8))
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        python.arguments = ["python3", script.path]
        python.currentDirectoryURL = scratch.url
        try python.run()
        python.waitUntilExit()
        #expect(python.terminationStatus == 0)
        let manifest = scratch.url.appendingPathComponent("eot-bench/manifest.jsonl").path
        let result = try await Eot.run(["score", "--json", "--score-point", "0.2", manifest])
        let records = try result.records("score")
        #expect(try records.map { try $0.string("id") } == Array(repeating: "turn-1", count: 12))
        #expect(try records.filter { !$0.isNull("p_eot") }.map { try $0.number("timestamp") } == [0.7, 2.2])
        #expect(try records.map { try $0.string("label") }.filter { $0 == "eot" }.count == 7)
    }
}
