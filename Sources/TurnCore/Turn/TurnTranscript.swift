/// What was said in the open turn, as far as a recogniser told.
///
/// Bounded, since a turn that nobody ends may go on for hours: of a longer text the newest part is kept.
struct TurnTranscript: Sendable {
    /// The longest text, in bytes of UTF-8: more than an hour of speech.
    static let byteLimit = 65_536

    private(set) var text = ""
    /// When the last final transcript came.
    private(set) var lastFinal: Duration?
    /// Whether the start of the text was dropped.
    private(set) var isTruncated = false
    private var confidenceSum: Float = 0
    private var confidenceCount = 0

    var isEmpty: Bool { text.isEmpty }
    /// Mean of the confidences; 0 without any.
    var confidence: Float { confidenceCount == 0 ? 0 : confidenceSum / Float(confidenceCount) }

    mutating func append(_ transcript: Transcript, at time: Duration) {
        text += text.isEmpty ? transcript.text : " " + transcript.text
        truncate()
        lastFinal = time
        if let confidence = transcript.confidence {
            confidenceSum += confidence
            confidenceCount += 1
        }
    }

    private mutating func truncate() {
        let excess = text.utf8.count - Self.byteLimit
        guard excess > 0 else { return }
        isTruncated = true
        var start = text.utf8.index(text.startIndex, offsetBy: excess)
        while start < text.endIndex, text.utf8[start] & 0xc0 == 0x80 { start = text.utf8.index(after: start) }
        text = String(text[start...])
    }
}
