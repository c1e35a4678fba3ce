import NIOCore
import TurnCore
import TurnWire

/// A client's question for a prediction.
struct Question: Sendable {
    /// Counts the session's questions.
    let number: Int
    let requestID: String
    /// When it came.
    let arrival: NIODeadline
    /// The client's time of asking.
    let clientCreatedAt: Duration?
    /// The audio before it.
    let view: SessionWindow.View

    /// What is told with the answer.
    ///
    /// - Parameters:
    ///   - prediction: the answer.
    ///   - latency: from the arrival to now.
    ///   - now: the time since the Unix epoch.
    /// - Returns: times and latencies.
    func stats(_ prediction: ModelPrediction, latency: Duration, now: Duration) -> InferenceStats {
        // The client's clock may be ahead of ours.
        let clientLatency = view.latest.map { now - $0 }.flatMap { $0 < .zero ? nil : $0 }
        return InferenceStats(
            earliestClientCreatedAt: view.earliest, latestClientCreatedAt: view.latest,
            clientLatency: clientLatency, serverLatency: latency,
            preprocessing: prediction.featuresDuration, inference: prediction.inferenceDuration)
    }
}
