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
