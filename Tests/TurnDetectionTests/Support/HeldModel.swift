import Dispatch
import TurnCore
import TurnTesting

/// A local model that answers only when the test lets it: once for each ``open()``.
final class HeldModel: TurnModel {
    let name = "held"
    let windowSampleCount = 16_000
    /// Predictions that were begun.
    let calls = Recorder(0)
    private let gate = DispatchSemaphore(value: 0)

    func open() { gate.signal() }

    func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
        calls.update { $0 += 1 }
        gate.wait()
        return ModelPrediction(probability: 0.1)
    }
}
