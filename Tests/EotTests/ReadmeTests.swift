import Foundation
import Testing
import TurnAudio
import TurnCore
import TurnDetection
import TurnInference

/// The code that the README shows: it compiles, it runs, and the README shows this very text.
@Suite struct ReadmeTests {
    private static func turns(of path: String, models: String) throws -> [TurnEvent.TurnEnded] {
        var turns: [TurnEvent.TurnEnded] = []
        func answer(_ turn: TurnEvent.TurnEnded) { turns.append(turn) }
        // README: begin
        let pipeline = try TurnPipeline(
            turnModel: SmartTurnModel(contentsOf: "\(models)/smart-turn-v3.2-cpu.onnx"),
            speechModel: SileroVAD(contentsOf: "\(models)/silero_vad_16k_op15.onnx"))
        let react = { (event: TurnEvent) in
            if case .turnEnded(let turn) = event { answer(turn) }
        }

        let audio = try AudioFileReader(path: path)
        while let frame = try audio.readFrame() { try pipeline.push(frame, react) }
        pipeline.finish(react)
        // README: end
        return turns
    }

    @Test func `the example of the README finds the turns of the sample conversation`() throws {
        let root = Self.root.path
        let turns = try Self.turns(
            of: "\(root)/.eot/audio/sample.wav", models: "\(root)/.eot/models")
        #expect(turns.count >= 2)
        #expect(turns.last?.reason == .endOfInput)
    }

    @Test func `the README shows the example as it is compiled here`() throws {
        let source = try String(contentsOfFile: #filePath, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(source.firstIndex { $0.hasSuffix("// README: begin") })
        let end = try #require(source.firstIndex { $0.hasSuffix("// README: end") })
        let example = source[(begin + 1)..<end].map { $0.dropFirst(8) }.joined(separator: "\n")
        let readme = try String(
            contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(readme.contains(example), "README.md does not show:\n\(example)")
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
