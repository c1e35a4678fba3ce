import TurnCore

/// Recorded speech as sessions send it, and the moments at which they ask for a prediction.
///
/// Sessions play a recording again and again, so it counts as a circle.
public struct LoadAudio: Sendable {
    /// Samples a second.
    public static let sampleRate = 16_000
    /// Silence after which a prediction is asked for, as LiveKit Agents 1.8.9 does.
    public static let silence = Duration.milliseconds(200)

    /// Mono, 16 kHz.
    public let samples: [Int16]
    /// Counts of samples, ascending: a prediction is asked for once so many were sent.
    public let pauses: [Int]

    /// - Parameters:
    ///   - samples: mono, 16 kHz.
    ///   - pauses: counts of samples within the recording, in any order.
    /// - Throws: ``TurnError`` `.invalidAudio` when the recording is shorter than a second or has no pause.
    public init(samples: [Int16], pauses: [Int]) throws(TurnError) {
        let pauses = pauses.filter { $0 >= 1 && $0 <= samples.count }.sorted()
        guard samples.count >= Self.sampleRate else {
            throw TurnError(.invalidAudio, "the recording is shorter than a second; give a longer one")
        }
        guard !pauses.isEmpty else {
            throw TurnError(
                .invalidAudio, "the recording has no pause of 200 ms after speech; give recorded speech")
        }
        self.samples = samples
        self.pauses = pauses
    }

    /// Finds the pauses of a recording by its voice activity.
    ///
    /// - Parameters:
    ///   - recording: mono, 16 kHz, -1...1.
    ///   - model: tells speech from silence.
    /// - Throws: as ``init(samples:pauses:)``.
    public init(recording: [Float], model: any SpeechActivityModel) throws(TurnError) {
        var options = VoiceActivityOptions.default
        options.minSilenceDuration = Self.silence
        var detector = VoiceActivityDetector(options: options, windowSampleCount: model.windowSampleCount)
        var stream = model.makeStream()
        var pauses: [Int] = []
        recording.withUnsafeBufferPointer { recording in
            var start = 0
            while start + model.windowSampleCount <= recording.count {
                let window = recording[start..<(start + model.windowSampleCount)]
                start += model.windowSampleCount
                let step = detector.step(
                    probability: stream.probability(of: UnsafeBufferPointer(rebasing: window)))
                if step.transition?.kind == .endOfSpeech { pauses.append(start) }
            }
        }
        let samples = recording.map { Int16(clamping: Int(($0 * 32_768).rounded())) }
        try self.init(samples: samples, pauses: pauses)
    }
}
