public import TurnCore

/// Figures of one prediction, of the service's and of the local model's alike (S-17); none of stale answers.
public struct PredictionMetrics: Sendable, Hashable {
    /// When the answer came, in seconds since 1970.
    public let timestamp: Double
    /// From the latest audio to the answer as the service measured it; of the local model: from the request to the
    /// answer.
    public let totalDuration: Duration?
    /// From the latest audio to the answer's arrival, where the service tells (S-16).
    public let detectionDelay: Duration?
    /// The time that the service or the local model took.
    public let predictionDuration: Duration?
    /// Requests that it stands for: 1.
    public let requestCount: Int
    /// The slot that answered: `turn-detector-v1` or `turn-detector-v1-mini`.
    public let modelName: String
    /// `livekit`, as in the reference.
    public let modelProvider: String
    /// What fills the slot, such as `smart-turn-v3.2`; nil for the service.
    public let localModelName: String?
    public let source: PredictionSource
}
