import Foundation
import Testing
import TurnCore
import TurnDetection
import TurnTesting

@Suite struct DocumentationTests {
    private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let catalogue = here.appendingPathComponent(
        "../../../Sources/TurnDetection/TurnDetection.docc")

    static let articles = [
        "GettingStarted", "HowATurnEnds", "ThresholdsAndPresets", "Fallback", "WritingYourOwn",
    ]

    /// Lines without their indentation.
    private func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    @Test(arguments: articles)
    func `the code of an article is code that compiles`(article: String) throws {
        let text = try String(
            contentsOf: Self.catalogue.appendingPathComponent("\(article).md"), encoding: .utf8)
        let code = lines(
            try String(
                contentsOf: Self.here.appendingPathComponent("DocumentationCode.swift"), encoding: .utf8))
        let blocks = text.components(separatedBy: "```swift\n").dropFirst().map { block in
            lines(block.components(separatedBy: "```")[0])
        }
        #expect(!blocks.isEmpty)
        for block in blocks {
            let found = code.indices.contains { code[$0...].starts(with: block) }
            #expect(found, "\(article): \(block.first ?? "")")
        }
    }

    @Test func `the documented models and transport work together`() async throws {
        let detector = try service(LoudnessModel())
        let stream = try detector.stream()
        let answer = await stream.predict().value
        #expect(answer.outcome == .predicted)
        await stream.close()

        let pipeline = try TurnPipeline(turnModel: LoudnessModel(), speechModel: LevelGate())
        var events: [TurnEvent] = []
        let audio = Signal.silence(1) + Signal.speech(1) + Signal.silence(1)
        try pipeline.push(AudioFrame(.float32(audio), format: .mono16kHz)) { events.append($0) }
        pipeline.finish { events.append($0) }
        #expect(events.turns.map(\.reason) == [.model])
        #expect(try delays().turn.maxTurnDuration == .seconds(60))
        #expect(try thresholds(LoudnessModel()).0.threshold(for: "en") == 0.4)
    }
}
