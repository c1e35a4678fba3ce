public import TurnCore

/// The events of one kind, in order.
extension Sequence<TurnEvent> {
    public var speechStarts: [TurnEvent.SpeechStarted] {
        compactMap { if case .speechStarted(let event) = $0 { event } else { nil } }
    }

    public var speechEnds: [TurnEvent.SpeechEnded] {
        compactMap { if case .speechEnded(let event) = $0 { event } else { nil } }
    }

    public var predictions: [TurnEvent.PredictionMade] {
        compactMap { if case .prediction(let event) = $0 { event } else { nil } }
    }

    public var opportunities: [TurnEvent.BackchannelOpportunity] {
        compactMap { if case .backchannelOpportunity(let event) = $0 { event } else { nil } }
    }

    public var turns: [TurnEvent.TurnEnded] {
        compactMap { if case .turnEnded(let event) = $0 { event } else { nil } }
    }
}

extension TurnEvent {
    /// The event without the durations that models took, which differ from run to run.
    public var timeless: TurnEvent {
        guard case .prediction(let made) = self else { return self }
        var prediction = made.prediction
        prediction.featuresDuration = nil
        prediction.inferenceDuration = nil
        return .prediction(
            .init(time: made.time, prediction: prediction, threshold: made.threshold, delay: made.delay))
    }
}
