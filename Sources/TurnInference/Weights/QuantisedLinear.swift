import CTurnKernels

/// Rows of 8-bit codes, as the kernels make them of floats.
struct QuantisedRows {
    let codes: UnsafePointer<UInt8>
    /// Codes from one row to the next.
    let stride: Int
    let meanings: UnsafePointer<turn_row>
    /// From the meaning of one row to that of the next.
    var meaningStride = 1
    let count: Int
}

/// The weights of a linear layer as int8 codes with one scale for each output, and what products with 8-bit rows
/// need beside them.
///
/// The inputs may be cut into slices, whose rows then have a scale each: the taps of a convolution, or groups of a
/// wide hidden layer.
struct QuantisedLinear: Sendable {
    let outputCount: Int
    private let inputCount: Int
    private let sliceDepth: Int
    private let codes: AlignedBuffer<Int8>
    private let scales: AlignedBuffer<Float>
    /// [slice][output]: the sum of the slice's weights.
    private let sums: AlignedBuffer<Float>
    /// [slice][output]: the bias, with the first slice.
    private let bias: AlignedBuffer<Float>

    /// int8 weights as they are; float32 ones rounded, the largest of each output to 127.
    ///
    /// - Precondition: `sliceDepth` divides the inputs, which 4 divides, and 16 the outputs.
    init(_ weights: LinearWeights, sliceDepth: Int? = nil) {
        let width = LinearWeights.panelWidth
        inputCount = weights.inputCount
        outputCount = weights.outputCount
        self.sliceDepth = sliceDepth ?? weights.inputCount
        precondition(
            inputCount % self.sliceDepth == 0 && self.sliceDepth <= Int(TURN_DEPTH_MAX)
                && outputCount % width == 0,
            "a layer of other sizes than the kernels take")
        switch weights.storage {
        case .int8(let codes, let scales): (self.codes, self.scales) = (codes, scales)
        case .float32(let values): (codes, scales) = Self.quantised(values, inputCount, outputCount)
        }
        let sliceCount = inputCount / self.sliceDepth
        sums = AlignedBuffer(count: sliceCount * outputCount)
        bias = AlignedBuffer(count: sliceCount * outputCount)
        bias.base.update(from: weights.bias.base, count: outputCount)
        for slice in 0..<sliceCount {
            turn_s8_sum_weights(
                codes.base + slice * self.sliceDepth * width, inputCount * width, outputCount / width,
                self.sliceDepth, scales.base, sums.base + slice * outputCount)
        }
    }

    private static func quantised(
        _ values: AlignedBuffer<Float>, _ inputCount: Int, _ outputCount: Int
    ) -> (AlignedBuffer<Int8>, AlignedBuffer<Float>) {
        let width = LinearWeights.panelWidth
        let group = LinearWeights.depthGroup
        let codes = AlignedBuffer<Int8>(count: values.count)
        let scales = AlignedBuffer<Float>(count: outputCount)
        for output in 0..<outputCount {
            let start = output / width * inputCount * width
            let lane = output % width
            let from = values.base + start + lane
            let reach = (0..<inputCount).reduce(Float(0)) { max($0, abs(from[$1 * width])) }
            let inverse = reach > 0 ? 127 / reach : 0
            let to = codes.base + start + lane * group
            for input in 0..<inputCount {
                let code = (from[input * width] * inverse).rounded(.toNearestOrEven)
                to[input / group * group * width + input % group] = Int8(max(-127, min(127, code)))
            }
            scales.base[output] = reach / 127
        }
        return (codes, scales)
    }

    /// `output[r] (+)= rows[r] W + b`, then GELU if wanted.
    ///
    /// - Parameters:
    ///   - kernels: what computes.
    ///   - rows: `sliceDepth` codes each.
    ///   - slice: which inputs the rows hold; the first slice brings the bias.
    ///   - outputs: the outputs to compute, a multiple of 16 from a multiple of 16 on; all of them if nil.
    ///   - output: rows of as many values, the first one for the first of `outputs`.
    ///   - outputStride: values from one output row to the next.
    ///   - adding: adds to what `output` holds.
    ///   - gelu: applies GELU to the sum.
    func apply(
        _ kernels: KernelSet, _ rows: QuantisedRows, slice: Int = 0, outputs: Range<Int>? = nil,
        to output: UnsafeMutablePointer<Float>, stride outputStride: Int, adding: Bool = false,
        gelu: Bool = false
    ) {
        let width = LinearWeights.panelWidth
        let outputs = outputs ?? 0..<outputCount
        let first = outputs.lowerBound
        var product = turn_u8s8_product(
            a: rows.codes, a_stride: rows.stride, a_rows: rows.meanings, a_rows_stride: rows.meaningStride,
            rows: rows.count, depth: sliceDepth,
            weights: codes.base + first * inputCount + slice * sliceDepth * width,
            panel_stride: inputCount * width, panels: outputs.count / width, scales: scales.base + first,
            sums: sums.base + slice * outputCount + first, bias: bias.base + slice * outputCount + first,
            c: output, c_stride: outputStride, accumulate: adding ? 1 : 0, gelu: gelu ? 1 : 0)
        kernels.table.pointee.u8s8_gemm(&product)
    }
}
