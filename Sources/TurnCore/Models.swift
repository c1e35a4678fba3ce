/// A model on this device that tells from audio whether the speaker's turn has ended.
///
/// Implementations are shared by all streams of a process: `predict` may be called from many threads at once.
public protocol TurnModel: Sendable {
    /// Short name and version, such as `smart-turn-v3.2`.
    var name: String { get }
    /// Samples at 16 kHz that one prediction looks at, at most.
    var windowSampleCount: Int { get }

    /// The probability that the turn had ended where `audio` ends.
    ///
    /// - Parameter audio: mono samples at 16 kHz in -1...1, oldest first. Of more than ``windowSampleCount``
    ///   samples the last ones count; fewer are led by silence. May be empty.
    /// - Returns: the probability, 0...1, and the time it took.
    /// - Throws: ``TurnError`` `.inference`.
    func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction
}

extension TurnModel {
    /// ``predict(_:)-(UnsafeBufferPointer<Float>)`` for an array.
    public func predict(_ audio: [Float]) throws(TurnError) -> ModelPrediction {
        let result = audio.withUnsafeBufferPointer { buffer in
            Result { () throws(TurnError) in try predict(buffer) }
        }
        return try result.get()
    }
}

/// What a ``TurnModel`` answers.
public struct ModelPrediction: Sendable, Hashable {
    /// P(turn ended), 0...1.
    public let probability: Float
    /// Time spent on the features.
    public let featuresDuration: Duration
    /// Time spent in the network.
    public let inferenceDuration: Duration

    public init(probability: Float, featuresDuration: Duration = .zero, inferenceDuration: Duration = .zero) {
        self.probability = probability
        self.featuresDuration = featuresDuration
        self.inferenceDuration = inferenceDuration
    }
}

/// A model on this device that tells for each window of audio how likely it holds speech.
///
/// The model (its weights) is shared; each audio stream has a state of its own.
public protocol SpeechActivityModel: Sendable {
    /// Short name and version, such as `silero-vad-v6`.
    var name: String { get }
    /// Samples at 16 kHz in one window; 512 for Silero VAD.
    var windowSampleCount: Int { get }

    /// A fresh state for one audio stream.
    func makeStream() -> any SpeechActivityStream
}

/// The state of a ``SpeechActivityModel`` for one audio stream. Not for use from two threads at once.
public protocol SpeechActivityStream {
    /// P(speech) of the next window.
    ///
    /// - Parameter window: exactly `windowSampleCount` mono samples at 16 kHz in -1...1, following the last call's.
    /// - Returns: the probability, 0...1.
    mutating func probability(of window: UnsafeBufferPointer<Float>) -> Float

    /// Back to the start of a stream.
    mutating func reset()
}
