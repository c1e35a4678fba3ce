import TurnCore

/// Silero VAD v6 for 16 kHz: P(speech) for each window of 512 samples (32 ms).
///
/// Weights are read once and shared; each audio stream has a ``SpeechActivityStream`` of its own.
///
/// Source: Silero Team, Silero VAD v6.2 (MIT): short-time spectrum, four convolutions, an LSTM cell.
public final class SileroVAD: SpeechActivityModel {
    public let name: String
    /// Samples in one window: 512, or 32 ms.
    public let windowSampleCount = SileroWeights.windowSampleCount
    /// What computes.
    public let kernels: KernelSet
    private let weights: SileroWeights

    /// Reads `silero_vad_16k_op15.onnx` of silero-vad 6.2.
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - name: what the model is called.
    ///   - kernels: what computes; by default the fastest that this processor runs.
    /// - Throws: ``TurnError`` `.modelMissing`, `.inputOutput`, or `.invalidModel` naming what was expected and
    ///   found.
    public convenience init(
        contentsOf path: String, name: String = ModelFile.sileroVAD.name, kernels: KernelSet = .best
    ) throws(TurnError) {
        let weights = try ModelBytes.withBytes(ofFileAt: path) { (bytes) throws(TurnError) in
            try SileroWeights(try ONNXModel(bytes))
        }
        self.init(weights, name: name, kernels: kernels)
    }

    /// Reads an ONNX file that is already in memory; `bytes` are not kept.
    ///
    /// - Throws: ``TurnError`` `.invalidModel` naming what was expected and found.
    public convenience init(
        bytes: UnsafeRawBufferPointer, name: String = ModelFile.sileroVAD.name, kernels: KernelSet = .best
    ) throws(TurnError) {
        self.init(try SileroWeights(try ONNXModel(bytes)), name: name, kernels: kernels)
    }

    private init(_ weights: SileroWeights, name: String, kernels: KernelSet) {
        self.kernels = kernels
        self.weights = weights
        self.name = name
    }

    public func makeStream() -> any SpeechActivityStream { SileroStream(weights, kernels) }
}
