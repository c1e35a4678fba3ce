import CTurnKernels
import TurnCore

/// The weights of a linear layer or a convolution, `y = x W + b`, in the layout that the kernels read.
///
/// W is cut into panels of 16 outputs, the last one filled up with zeros. A float panel holds its 16 weights of
/// input 0, then of input 1 and so on; an int8 panel holds for each group of four inputs its 16 outputs' four
/// codes. A kernel-3 convolution is a linear layer whose input is three
/// neighbouring time steps, one after the other.
struct LinearWeights: Sendable {
    static let panelWidth = 16
    /// Inputs whose int8 codes lie side by side.
    static let depthGroup = 4

    enum Storage: Sendable {
        /// Codes -127...127 and one scale for each output.
        case int8(AlignedBuffer<Int8>, scales: AlignedBuffer<Float>)
        case float32(AlignedBuffer<Float>)
    }

    let inputCount: Int
    let outputCount: Int
    let storage: Storage
    /// One value an output, filled up to whole panels; zeros if there is no bias.
    let bias: AlignedBuffer<Float>

    var panelCount: Int { Self.panelCount(outputCount) }

    static func panelCount(_ outputCount: Int) -> Int { (outputCount + panelWidth - 1) / panelWidth }

    /// A matrix, [in, out], or [out, in] if `isOutputMajor`.
    ///
    /// - Throws: ``TurnError`` `.invalidModel` when it is not of this size.
    init(
        _ constant: ONNXConstants.Constant, isOutputMajor: Bool, inputCount: Int, outputCount: Int,
        bias: [Float]?
    ) throws(TurnError) {
        let isOutputFirst = isOutputMajor != constant.isTransposed
        try self.init(
            constant.values, shape: isOutputFirst ? [outputCount, inputCount] : [inputCount, outputCount],
            outputAxis: isOutputFirst ? 0 : 1,
            order: isOutputFirst
                ? Order(outputStep: inputCount, inputStep: 1) : Order(outputStep: 1, inputStep: outputCount),
            inputCount: inputCount, outputCount: outputCount, bias: bias)
    }

    /// A kernel-3 convolution, [out, in, tap].
    ///
    /// - Throws: ``TurnError`` `.invalidModel` when it is not of this size.
    init(
        convolution constant: ONNXConstants.Constant, inputCount: Int, outputCount: Int, bias: [Float]?
    ) throws(TurnError) {
        let taps = SmartTurnArchitecture.tapCount
        try self.init(
            constant.values, shape: [outputCount, inputCount, taps], outputAxis: 0,
            order: Order(outputStep: inputCount * taps, inputStep: taps, tapCount: taps, tapStep: 1),
            inputCount: inputCount * taps, outputCount: outputCount, bias: bias)
    }

    /// Plain values, given by where the weight of (input, output) stands in them.
    init(
        _ values: [Float], inputCount: Int, outputCount: Int, bias: [Float]?,
        _ index: (_ input: Int, _ output: Int) -> Int
    ) {
        self.init(
            inputCount, outputCount, .float32(Self.packed(values, inputCount, outputCount, index)),
            bias)
    }

    private init(_ inputCount: Int, _ outputCount: Int, _ storage: Storage, _ bias: [Float]?) {
        self.inputCount = inputCount
        self.outputCount = outputCount
        self.storage = storage
        self.bias = Self.filled(bias ?? [], outputCount)
    }

    /// Where a tensor holds the weight of (input, output). A layer's inputs are those of the first tap, then those of
    /// the second and so on.
    private struct Order {
        let outputStep: Int
        let inputStep: Int
        var tapCount = 1
        var tapStep = 0
    }

    private init(
        _ values: ONNXConstants.Constant.Values, shape: [Int], outputAxis: Int, order: Order, inputCount: Int,
        outputCount: Int, bias: [Float]?
    ) throws(TurnError) {
        let tapInputCount = inputCount / order.tapCount
        switch values {
        case .plain(let tensor):
            self.init(
                try tensor.floats(shape: shape), inputCount: inputCount, outputCount: outputCount, bias: bias
            ) { input, output in
                output * order.outputStep + input % tapInputCount * order.inputStep
                    + input / tapInputCount * order.tapStep
            }
        case .quantised(let tensor, let scale, let axis):
            let codes = try tensor.int8s(shape: shape)
            let scales = try scale.floats()
            guard (scales.count == outputCount && axis == outputAxis) || scales.count == 1 else {
                throw TurnError(
                    .invalidModel,
                    "\(tensor.label) has \(scales.count) scales along axis \(axis) where one for each of \(outputCount) outputs is expected; use a Smart Turn v3 file"
                )
            }
            let channelScales =
                scales.count == 1 ? [Float](repeating: scales[0], count: outputCount) : scales
            let width = Self.panelWidth
            let packed = AlignedBuffer<Int8>(count: Self.panelCount(outputCount) * inputCount * width)
            for tap in 0..<order.tapCount {
                turn_s8_pack_weights(
                    codes.baseAddress! + tap * order.tapStep, order.inputStep, order.outputStep,
                    tapInputCount,
                    outputCount, packed.base + tap * tapInputCount * width, inputCount * width)
            }
            self.init(
                inputCount, outputCount, .int8(packed, scales: Self.filled(channelScales, outputCount)), bias)
        }
    }

    private static func packed(
        _ values: [Float], _ inputCount: Int, _ outputCount: Int,
        _ index: (_ input: Int, _ output: Int) -> Int
    ) -> AlignedBuffer<Float> {
        let packed = AlignedBuffer<Float>(count: panelCount(outputCount) * inputCount * panelWidth)
        for output in 0..<outputCount {
            let place = packed.base + (output / panelWidth) * inputCount * panelWidth + output % panelWidth
            for input in 0..<inputCount { place[input * panelWidth] = values[index(input, output)] }
        }
        return packed
    }

    private static func filled(_ values: [Float], _ outputCount: Int) -> AlignedBuffer<Float> {
        AlignedBuffer(
            values + [Float](repeating: 0, count: panelCount(outputCount) * panelWidth - values.count))
    }
}
