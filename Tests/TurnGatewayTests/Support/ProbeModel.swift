import Foundation
import TurnCore

/// A model that notes the audio it was shown, and answers with the last sample's magnitude.
///
/// `@unchecked Sendable`: the state is touched only while `lock` is held.
final class ProbeModel: TurnModel, @unchecked Sendable {
    let name = "probe"
    let windowSampleCount: Int
    private let lock = NSLock()
    private var shown: [[Float]] = []
    private var calls = 0
    private var failure: TurnError?
    private let delay: Duration
    private let inference: Duration
    private let isNoting: Bool

    /// - Parameters:
    ///   - windowSampleCount: samples it looks at.
    ///   - failure: thrown instead of answering.
    ///   - delay: how long it computes; it sleeps meanwhile.
    ///   - inference: how long it says that the network took.
    ///   - isNoting: false where many predictions would fill the memory.
    init(
        windowSampleCount: Int = 128_000, failure: TurnError? = nil, delay: Duration = .zero,
        inference: Duration = .milliseconds(20), isNoting: Bool = true
    ) {
        self.isNoting = isNoting
        self.windowSampleCount = windowSampleCount
        self.failure = failure
        self.delay = delay
        self.inference = inference
    }

    /// The audio of each prediction so far.
    var windows: [[Float]] { lock.withLock { shown } }

    /// Predictions that were begun.
    var callCount: Int { lock.withLock { calls } }

    func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
        lock.withLock { calls += 1 }
        if delay > .zero { Thread.sleep(forTimeInterval: delay / .seconds(1)) }
        let failure = lock.withLock { () -> TurnError? in
            if isNoting { shown.append(Array(audio)) }
            return self.failure
        }
        if let failure { throw failure }
        return ModelPrediction(
            probability: min(1, abs(audio.last ?? 0)), featuresDuration: .milliseconds(2),
            inferenceDuration: inference)
    }
}
