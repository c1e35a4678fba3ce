/// What was said in the open turn, as far as a recogniser told.
struct TurnTranscript: Sendable {
    private(set) var text = ""
    /// When the last final transcript came.
    private(set) var lastFinal: Duration?
    private var confidenceSum: Float = 0
    private var confidenceCount = 0

    var isEmpty: Bool { text.isEmpty }
    /// Mean of the confidences; 0 without any.
    var confidence: Float { confidenceCount == 0 ? 0 : confidenceSum / Float(confidenceCount) }

    mutating func append(_ transcript: Transcript, at time: Duration) {
        text += text.isEmpty ? transcript.text : " " + transcript.text
        lastFinal = time
        if let confidence = transcript.confidence {
            confidenceSum += confidence
            confidenceCount += 1
        }
    }
}
