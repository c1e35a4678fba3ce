/// How a prediction came about.
public enum PredictionOutcome: String, Sendable, Hashable, CaseIterable {
    /// A model answered.
    case predicted
    /// A later request took its place.
    case superseded
    /// It was called off: speech resumed, the audio was flushed or the stream was closed.
    case cancelled
    /// No answer came in time.
    case timedOut = "timed_out"
    /// The model or its transport failed.
    case failed
    /// It was asked for after the input had ended, or of a stream that is out of service.
    case closed
}

/// Where a prediction was computed.
public enum PredictionSource: String, Sendable, Hashable, CaseIterable {
    /// On this device.
    case local
    /// By a service.
    case cloud
}

/// The answer to a prediction request.
///
/// Act on the ``outcome``: unless it is `.predicted` the probability is a stand-in, kept for compatibility with
/// LiveKit Agents 1.8.9, where 0.0 stands for a request that was called off or timed out and 1.0 for one that failed
/// or came too late (S-07, S-18).
public struct EndOfTurnPrediction: Sendable, Hashable {
    /// How it came about.
    public var outcome: PredictionOutcome
    /// P(turn ended), 0...1.
    public var probability: Float
    /// P(backchannel), where a service gives one.
    public var backchannelProbability: Float?
    /// The model that answered, such as `smart-turn-v3.2`; nil unless one did.
    public var model: String?
    /// Where it was computed.
    public var source: PredictionSource
    /// Time spent on features, where it is known.
    public var featuresDuration: Duration?
    /// Time spent in the network, where it is known. From a service: its whole time.
    public var inferenceDuration: Duration?
    /// From the last audio to the answer, where a service tells (S-16).
    public var detectionDelay: Duration?
    /// What failed, for `.failed`.
    public var failure: String?

    public init(
        outcome: PredictionOutcome = .predicted, probability: Float, backchannelProbability: Float? = nil,
        model: String? = nil, source: PredictionSource = .local, featuresDuration: Duration? = nil,
        inferenceDuration: Duration? = nil, detectionDelay: Duration? = nil, failure: String? = nil
    ) {
        self.outcome = outcome
        self.probability = probability
        self.backchannelProbability = backchannelProbability
        self.model = model
        self.source = source
        self.featuresDuration = featuresDuration
        self.inferenceDuration = inferenceDuration
        self.detectionDelay = detectionDelay
        self.failure = failure
    }

    /// A prediction that no model made, with the stand-in probability of its outcome.
    public static func unanswered(
        _ outcome: PredictionOutcome, source: PredictionSource = .local, failure: String? = nil
    ) -> EndOfTurnPrediction {
        let probability: Float = outcome == .failed || outcome == .closed ? 1 : 0
        return EndOfTurnPrediction(
            outcome: outcome, probability: probability, source: source, failure: failure)
    }
}

extension EndOfTurnPrediction {
    /// What a model on this device answered.
    public init(_ prediction: ModelPrediction, model: String) {
        self.init(
            probability: prediction.probability, model: model, featuresDuration: prediction.featuresDuration,
            inferenceDuration: prediction.inferenceDuration)
    }
}
