import TurnCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

/// Smart Turn v3: the probability that a speaker's turn has ended, from the last 8 s of audio.
///
/// Weights are read once and shared: one value serves all streams of a process, from any thread.
///
/// The shipped file holds int8 weights and, for every activation, a static 8-bit grid that costs it much of its
/// accuracy. The grid is left out here: activations stay float32, or are quantised row by row, so answers are
/// those of the float model with its weights rounded to int8.
///
/// Source: Daily's Smart Turn v3.2 (BSD-2-Clause): a Whisper-tiny encoder, attention pooling, a classifier.
public final class SmartTurnModel: TurnModel {
    /// How the network computes.
    public enum Precision: String, Sendable, CaseIterable {
        /// int8 weights, activations quantised to 8 bits row by row; on average within 0.01 of `.reference`.
        case fast
        /// float32 activations throughout; agrees with the float model to 1e-5.
        case reference
    }

    public let name: String
    public let windowSampleCount = LogMelFeatures.windowSampleCount
    public let precision: Precision

    /// What computes.
    public let kernels: KernelSet

    private let features: LogMelFeatures
    private let encoder: Encoder

    private enum Encoder {
        case fast(SmartTurnFastEncoder)
        case reference(SmartTurnEncoder)
    }

    /// Reads a Smart Turn v3 family ONNX file: int8 weights ("cpu") or float32 ("gpu").
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - name: what predictions call the model.
    ///   - precision: how the network computes.
    ///   - kernels: what computes; by default the fastest that this processor runs.
    ///   - threads: threads that one prediction works on, 1...16; 1, the default, costs the least processor time
    ///     in all. Only `.fast` uses more than one.
    /// - Throws: ``TurnError`` `.modelMissing`, `.inputOutput`, or `.invalidModel` naming what was expected and
    ///   found.
    public convenience init(
        contentsOf path: String, name: String = ModelFile.smartTurn.name, precision: Precision = .fast,
        kernels: KernelSet = .best, threads: Int = 1
    ) throws(TurnError) {
        let weights = try ModelBytes.withBytes(ofFileAt: path) { (bytes) throws(TurnError) in
            try Self.weights(bytes)
        }
        try self.init(weights, name: name, precision: precision, kernels: kernels, threads: threads)
    }

    /// Reads an ONNX file that is already in memory; `bytes` are not kept.
    ///
    /// - Throws: ``TurnError`` `.invalidModel` naming what was expected and found.
    public convenience init(
        bytes: UnsafeRawBufferPointer, name: String = ModelFile.smartTurn.name,
        precision: Precision = .fast, kernels: KernelSet = .best, threads: Int = 1
    ) throws(TurnError) {
        try self.init(
            try Self.weights(bytes), name: name, precision: precision, kernels: kernels, threads: threads)
    }

    private init(
        _ weights: SmartTurnWeights, name: String, precision: Precision, kernels: KernelSet, threads: Int
    ) throws(TurnError) {
        guard (1...16).contains(threads) else {
            throw TurnError(.invalidArgument, "\(threads) threads were asked for; use 1 to 16")
        }
        self.name = name
        self.precision = precision
        self.kernels = kernels
        features = LogMelFeatures(kernels: kernels)
        switch precision {
        case .fast: encoder = .fast(SmartTurnFastEncoder(weights, kernels, Workers(count: threads)))
        case .reference: encoder = .reference(SmartTurnEncoder(weights, kernels))
        }
    }

    private static func weights(_ bytes: UnsafeRawBufferPointer) throws(TurnError) -> SmartTurnWeights {
        var graph = try SmartTurnGraph(try ONNXModel(bytes))
        return try graph.weights()
    }

    public func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
        let clock = ContinuousClock()
        let start = clock.now
        var middle = start
        let probability: Float
        switch encoder {
        case .fast(let encoder):
            let logit = encoder.logit(audio: audio, features) { middle = clock.now }
            guard let logit else { throw Self.noNumber }
            probability = try Self.probability(logit)
        case .reference:
            let values = features(audio)
            middle = clock.now
            probability = try self.probability(features: values)
        }
        return ModelPrediction(
            probability: probability, featuresDuration: middle - start, inferenceDuration: clock.now - middle)
    }

    /// The network alone.
    ///
    /// - Parameters:
    ///   - features: 80 x 800 values as ``LogMelFeatures`` computes them.
    ///   - observe: is handed each ``Stage``'s values as they are made, for tests and for the curious.
    /// - Returns: P(turn ended), 0...1.
    /// - Throws: ``TurnError`` `.invalidArgument` when the count is another, `.inference` when the answer is no
    ///   number.
    public func probability(
        features: [Float], observe: ((Stage, UnsafeBufferPointer<Float>) -> Void)? = nil
    ) throws(TurnError) -> Float {
        guard features.count == LogMelFeatures.melCount * LogMelFeatures.frameCount else {
            throw TurnError(
                .invalidArgument, "\(features.count) features were given; give 80 x 800, mel band by mel band"
            )
        }
        guard features.allSatisfy(\.isFinite) else { throw Self.noNumber }
        let logit = features.withUnsafeBufferPointer { features in
            switch encoder {
            case .fast(let encoder): encoder.logit(features, observe: observe)
            case .reference(let encoder): encoder.logit(features, observe: observe)
            }
        }
        return try Self.probability(logit)
    }

    private static let noNumber = TurnError(
        .inference, "the audio holds a sample that is not a number; check where it comes from")

    private static func probability(_ logit: Float) throws(TurnError) -> Float {
        let probability = 1 / (1 + expf(-logit))
        guard probability.isFinite else {
            throw TurnError(
                .inference,
                "the model answered with a value that is not a number; check the audio and the model file")
        }
        return probability
    }

    /// A point in the network whose values can be observed.
    public enum Stage: Sendable, Hashable {
        /// After the first convolution and its GELU, [time 800][width 384]. Not with `.fast`, which never holds it
        /// whole.
        case conv1
        /// After the second convolution, its GELU and the positional embedding, [token 400][width 384].
        case embedding
        /// The residual stream after a layer (0...3), [token 400][width 384].
        case layer(Int)
        /// After the last layer normalisation, [token 400][width 384].
        case finalNorm
        /// The mixture of all tokens, [width 384].
        case pooled
        /// The last value before the sigmoid, [1].
        case logit
    }
}
