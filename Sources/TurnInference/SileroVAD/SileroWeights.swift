import TurnCore

/// The weights of Silero VAD v6, 16 kHz, by the module names that the file carries.
struct SileroWeights: Sendable {
    static let windowSampleCount = 512
    static let binCount = 129
    static let spectrumWindow = 256
    static let stateCount = 128
    /// Outputs of the four convolutions.
    static let widths = (128, 64, 64, 128)

    /// What the file's basis is: windowed cosines (0...128), then negated windowed sines (129...257).
    let transform = RealTransform(size: SileroWeights.spectrumWindow)
    /// Input: three neighbouring frames of 129 bins.
    let conv0: LinearWeights
    /// Input: three neighbouring frames of 128.
    let conv1: LinearWeights
    /// Input: frames 0 and 1; the tap before them only meets padding.
    let conv2: LinearWeights
    /// Input: one frame; the taps beside it only meet padding.
    let conv3: LinearWeights
    /// Gates i, f, g, o of the LSTM cell. Input: the cell's input, then its hidden state.
    let gates: LinearWeights
    let output: LinearWeights

    init(_ model: ONNXModel) throws(TurnError) {
        var tensors: [String: ONNXModel.Tensor] = [:]
        for tensor in model.initializers {
            guard tensors.updateValue(tensor, forKey: tensor.name) == nil else {
                throw TurnError(.invalidModel, "\(tensor.label) is defined twice; fetch the model again")
            }
        }
        func floats(_ name: String, _ shape: [Int]) throws(TurnError) -> [Float] {
            guard let tensor = tensors["model.\(name)"] else {
                throw TurnError(
                    .invalidModel,
                    "the model has no tensor model.\(name); use \(ModelFile.sileroVAD.fileName) of \(ModelFile.sileroVAD.package) \(ModelFile.sileroVAD.packageVersion)"
                )
            }
            return try tensor.floats(shape: shape)
        }
        /// Of a kernel-3 convolution the taps that can meet data.
        func convolution(
            _ index: Int, _ inputs: Int, _ outputs: Int, taps: Range<Int>
        ) throws(TurnError) -> LinearWeights {
            let name = "encoder.\(index).reparam_conv"
            return LinearWeights(
                try floats("\(name).weight", [outputs, inputs, 3]), inputCount: inputs * taps.count,
                outputCount: outputs, bias: try floats("\(name).bias", [outputs])
            ) { input, output in
                (output * inputs + input % inputs) * 3 + taps.lowerBound + input / inputs
            }
        }
        let bins = Self.binCount
        let states = Self.stateCount
        let basis = try floats("stft.forward_basis_buffer", [2 * bins, 1, Self.spectrumWindow])
        guard Self.isBasis(basis, of: transform) else {
            throw TurnError(
                .invalidModel,
                "model.stft.forward_basis_buffer is not a Fourier basis behind a Hann window; use \(ModelFile.sileroVAD.fileName) of \(ModelFile.sileroVAD.package) \(ModelFile.sileroVAD.packageVersion)"
            )
        }
        conv0 = try convolution(0, bins, Self.widths.0, taps: 0..<3)
        conv1 = try convolution(1, Self.widths.0, Self.widths.1, taps: 0..<3)
        conv2 = try convolution(2, Self.widths.1, Self.widths.2, taps: 1..<3)
        conv3 = try convolution(3, Self.widths.2, Self.widths.3, taps: 1..<2)
        let inputBias = try floats("decoder.rnn.bias_ih", [4 * states])
        let stateBias = try floats("decoder.rnn.bias_hh", [4 * states])
        let inputWeights = try floats("decoder.rnn.weight_ih", [4 * states, states])
        let stateWeights = try floats("decoder.rnn.weight_hh", [4 * states, states])
        gates = LinearWeights(
            inputWeights + stateWeights, inputCount: 2 * states, outputCount: 4 * states,
            bias: zip(inputBias, stateBias).map { $0 + $1 }
        ) { input, output in
            input < states
                ? output * states + input : 4 * states * states + output * states + input - states
        }
        output = LinearWeights(
            try floats("decoder.decoder.2.weight", [1, states, 1]), inputCount: states, outputCount: 1,
            bias: try floats("decoder.decoder.2.bias", [1])
        ) { input, _ in input }
    }

    /// Whether the file's basis, float32, is that of `transform`.
    private static func isBasis(_ basis: [Float], of transform: RealTransform) -> Bool {
        let size = transform.size
        for bin in 0..<transform.binCount {
            for sample in 0..<size {
                let turn = 2 * (bin * sample % size)
                let window = transform.window[sample]
                let cosine = basis[bin * size + sample]
                let sine = basis[(transform.binCount + bin) * size + sample]
                guard abs(Double(cosine) - window * transform.turns[turn]) < 1e-6,
                    abs(Double(sine) - window * transform.turns[turn + 1]) < 1e-6
                else { return false }
            }
        }
        return true
    }
}
