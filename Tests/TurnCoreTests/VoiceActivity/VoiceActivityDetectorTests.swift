import Testing
import TurnCore

@Suite struct VoiceActivityDetectorTests {
    /// The trace of the reference: 3 x 0.1, 6 x 0.9, 10 x 0.1.
    static let trace =
        [Float](repeating: 0.1, count: 3) + [Float](repeating: 0.9, count: 6)
        + [Float](repeating: 0.1, count: 10)

    @Test func `section 12 default trace`() throws {
        var detector = VoiceActivityDetector()
        let steps = Self.trace.map { detector.step(probability: $0) }

        let start = try #require(steps[4].transition)
        #expect(start.kind == .startOfSpeech)
        #expect(start.timestamp == .milliseconds(160))
        #expect(start.speechDuration == .milliseconds(64))
        #expect(start.silenceDuration == .zero)
        #expect(start.isSpeaking)
        #expect(start.sampleIndex == 5 * 512)

        let last = steps[16].inference
        #expect(last.kind == .inferenceDone)
        #expect(last.timestamp == .milliseconds(544))
        #expect(last.rawAccumulatedSilence == .milliseconds(224))
        #expect(last.rawAccumulatedSpeech == .zero)
        #expect(last.speechDuration == .milliseconds(448))
        #expect(last.isSpeaking)
        #expect(last.probability == 0.1)

        let end = try #require(steps[16].transition)
        #expect(end.kind == .endOfSpeech)
        #expect(end.timestamp == .milliseconds(544))
        #expect(end.silenceDuration == .milliseconds(256))
        #expect(end.speechDuration == .milliseconds(192))
        #expect(!end.isSpeaking)
        #expect(end.probability == 0 && end.inferenceDuration == .zero)
        #expect(end.rawAccumulatedSilence == .zero)

        #expect(steps.indices.filter { steps[$0].transition != nil } == [4, 16])
        #expect(steps.indices.allSatisfy { steps[$0].inference.timestamp == .milliseconds(32) * ($0 + 1) })
    }

    @Test func `accumulators are those from before the window`() {
        var detector = VoiceActivityDetector()
        let steps = Self.trace.map { detector.step(probability: $0).inference }
        #expect(steps[0].rawAccumulatedSilence == .zero)
        #expect(steps[3].rawAccumulatedSilence == .milliseconds(96))
        #expect(steps[4].rawAccumulatedSpeech == .milliseconds(32))
        #expect(steps[8].rawAccumulatedSpeech == .milliseconds(160))
        #expect(steps[9].rawAccumulatedSpeech == .milliseconds(192))
        // Silence of the public kind starts with the stream and with the end of a segment.
        #expect(steps[2].silenceDuration == .milliseconds(96))
        #expect(steps[17].silenceDuration == .milliseconds(288))
    }

    @Test(
        arguments: [
            (0.5, true), (0.49, false),
        ] as [(Float, Bool)])
    func `activation is reached at the threshold itself`(probability: Float, isSpeech: Bool) {
        var detector = VoiceActivityDetector()
        _ = detector.step(probability: probability)
        let transition = detector.step(probability: probability).transition
        #expect((transition != nil) == isSpeech)
    }

    @Test(
        arguments: [
            (0.35, true), (0.36, false),
        ] as [(Float, Bool)])
    func `within a segment only a probability above the deactivation threshold is speech`(
        probability: Float, ends: Bool
    ) {
        var detector = VoiceActivityDetector()
        for _ in 0..<4 { _ = detector.step(probability: 0.9) }
        let transitions = (0..<8).compactMap { _ in detector.step(probability: probability).transition }
        #expect(transitions.map(\.kind) == (ends ? [.endOfSpeech] : []))
    }

    @Test func `options changed at run time hold from the next window on`() throws {
        var detector = VoiceActivityDetector()
        _ = detector.step(probability: 0.6)
        detector.options.activationThreshold = 0.7
        let transition = detector.step(probability: 0.6).transition
        #expect(transition == nil)
        #expect(detector.options.deactivationThreshold == 0.35)
        #expect(try VoiceActivityOptions(activationThreshold: 0.1).deactivationThreshold == 0.01)
    }

    @Test func `R-118 flush ends nothing and starts over`() {
        var detector = VoiceActivityDetector()
        let first = Self.trace.map { detector.step(probability: $0) }
        for _ in 0..<4 { _ = detector.step(probability: 0.9) }
        #expect(detector.isSpeaking)
        detector.flush()
        #expect(!detector.isSpeaking)
        let second = Self.trace.map { detector.step(probability: $0) }
        #expect(second == first)
    }

    @Test func `S-23 finish ends an open segment, flush does not`() throws {
        var detector = VoiceActivityDetector()
        let nothing = detector.finish()
        #expect(nothing == nil)
        for probability in [0.9, 0.9, 0.9, 0.1, 0.1] as [Float] {
            _ = detector.step(probability: probability)
        }
        let finished = detector.finish()
        let end = try #require(finished)
        #expect(end.kind == .endOfSpeech)
        #expect(end.timestamp == .milliseconds(160))
        #expect(end.silenceDuration == .milliseconds(64))
        #expect(end.speechDuration == .milliseconds(96))
        let again = detector.finish()
        #expect(again == nil)
    }

    @Test func `options out of range are refused`() {
        #expect(throws: TurnError.self) { try VoiceActivityOptions(minSpeechDuration: .milliseconds(-1)) }
        #expect(throws: TurnError.self) { try VoiceActivityOptions(activationThreshold: 1.5) }
        #expect(throws: TurnError.self) { try VoiceActivityOptions(activationThreshold: .nan) }
        #expect(throws: TurnError.self) { try VoiceActivityOptions(deactivationThreshold: 0) }
        #expect(throws: TurnError.self) { try VoiceActivityOptions(deactivationThreshold: .nan) }
    }
}
