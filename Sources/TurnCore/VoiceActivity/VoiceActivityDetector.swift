/// The hysteresis that turns P(speech) of consecutive windows into segments: a pure step from
/// (state, probability) to (state, events).
///
/// It holds no audio and no model, knows no clock and never allocates. Durations are counted in whole windows, so
/// they are exact. Source: LiveKit Agents 1.8.9, voice activity; `finish()` is an addition (S-23).
public struct VoiceActivityDetector: Sendable {
    /// The outcome of one window: it was scored, and perhaps a segment began or ended with it.
    public struct Step: Sendable, Hashable {
        /// The window's own event.
        public let inference: VoiceActivityEvent
        /// A start or end of speech, which follows it.
        public let transition: VoiceActivityEvent?
    }

    /// May be changed at any time; the next window obeys.
    public var options: VoiceActivityOptions
    /// Samples at 16 kHz in one window.
    public let windowSampleCount: Int
    /// Whether a segment is open.
    public private(set) var isSpeaking = false

    private let window: Duration
    private var windowCount = 0
    private var accumulatedSpeech = 0
    private var accumulatedSilence = 0
    private var publicSpeech = 0
    private var publicSilence = 0

    /// - Parameters:
    ///   - options: thresholds and durations.
    ///   - windowSampleCount: samples at 16 kHz in one window; at least 1.
    public init(options: VoiceActivityOptions = .default, windowSampleCount: Int = 512) {
        precondition(windowSampleCount > 0, "a window holds at least one sample")
        self.options = options
        self.windowSampleCount = windowSampleCount
        // 1/16000 s is 62.5 us, an exact number of attoseconds.
        self.window = .nanoseconds(62_500) * windowSampleCount
    }

    /// Takes the next window's probability.
    ///
    /// - Parameters:
    ///   - probability: P(speech) of the window that follows the last one.
    ///   - inferenceDuration: what the model took, for the event.
    /// - Returns: the window's event, and the start or end of a segment that came with it.
    public mutating func step(probability: Float, inferenceDuration: Duration = .zero) -> Step {
        windowCount += 1
        if isSpeaking { publicSpeech += 1 } else { publicSilence += 1 }
        let inference = VoiceActivityEvent(
            kind: .inferenceDone, sampleIndex: sampleIndex, timestamp: timestamp,
            speechDuration: window * publicSpeech, silenceDuration: window * publicSilence,
            isSpeaking: isSpeaking, probability: probability, inferenceDuration: inferenceDuration,
            rawAccumulatedSpeech: window * accumulatedSpeech,
            rawAccumulatedSilence: window * accumulatedSilence)

        let isSpeech =
            probability >= options.activationThreshold
            || (isSpeaking && probability > options.deactivationThreshold)
        var transition: VoiceActivityEvent?
        if isSpeech {
            accumulatedSpeech += 1
            accumulatedSilence = 0
            if !isSpeaking, window * accumulatedSpeech >= options.minSpeechDuration {
                isSpeaking = true
                publicSilence = 0
                publicSpeech = accumulatedSpeech
                transition = event(.startOfSpeech)
            }
        } else {
            accumulatedSilence += 1
            accumulatedSpeech = 0
            if isSpeaking, window * accumulatedSilence >= options.minSilenceDuration {
                transition = endSegment()
            }
        }
        return Step(inference: inference, transition: transition)
    }

    /// Ends the input: reports the end of an open segment, then starts over.
    ///
    /// The segment ends where its last speech window ended, however short the silence since (S-23).
    public mutating func finish() -> VoiceActivityEvent? {
        let end = isSpeaking ? endSegment() : nil
        flush()
        return end
    }

    /// Starts over without reporting the end of an open segment; time starts at zero again.
    public mutating func flush() {
        self = VoiceActivityDetector(options: options, windowSampleCount: windowSampleCount)
    }

    /// Consecutive speech that has not started a segment yet.
    public var pendingSpeech: Duration { isSpeaking ? .zero : window * accumulatedSpeech }

    private var sampleIndex: Int { windowCount * windowSampleCount }
    private var timestamp: Duration { window * windowCount }

    private mutating func endSegment() -> VoiceActivityEvent {
        isSpeaking = false
        publicSilence = accumulatedSilence
        publicSpeech = max(0, publicSpeech - accumulatedSilence)
        let end = event(.endOfSpeech)
        publicSpeech = 0
        return end
    }

    private func event(_ kind: VoiceActivityEvent.Kind) -> VoiceActivityEvent {
        VoiceActivityEvent(
            kind: kind, sampleIndex: sampleIndex, timestamp: timestamp, speechDuration: window * publicSpeech,
            silenceDuration: window * publicSilence, isSpeaking: isSpeaking)
    }
}
