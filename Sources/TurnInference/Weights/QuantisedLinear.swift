import CTurnKernels

/// Rows of 8-bit codes in groups of inputs, as the kernels make them of floats.
struct QuantisedRows {
    let codes: UnsafePointer<UInt8>
    /// Codes from one row to the next.
    let stride: Int
    /// Codes from one group of a row to the next.
    var groupStride = 0
    let scales: UnsafePointer<Float>
    /// From the scale of one row to that of the next.
    var scaleStride = 1
    /// From the scale of one group to that of the next.
    var groupScaleStride = 0
    /// Whether codes count from their centre.
    var isCentred = true
    /// Whether codes are narrow: what a narrow layer takes, and no other.
    var isNarrow = false
    let count: Int
}

/// The weights of a linear layer as int8 codes with one scale for each output, and what products with 8-bit rows
/// need beside them.
///
/// The inputs may be cut into groups, for which rows have a scale each: the taps of a convolution, or parts of a wide
/// layer. A narrow layer has smaller codes, which some kernels multiply two at a time (``KernelSet``).
struct QuantisedLinear: Sendable {
    let outputCount: Int
    private let inputCount: Int
    private let groupDepth: Int
    private let codes: AlignedBuffer<Int8>
    private let scales: AlignedBuffer<Float>
    /// Whether codes are narrow, and whether the kernels multiply them in pairs.
    private let isNarrow: Bool
    private let isPaired: Bool
    /// [group][output]: the sum of the group's codes; what the sums of products start at if they are made in pairs.
    private let sums: AlignedBuffer<Int32>
    private let bias: AlignedBuffer<Float>

    /// int8 weights as they are; float32 ones rounded, the largest of each output to 127.
    ///
    /// - Parameters:
    ///   - weights: of either kind.
    ///   - kernels: what will compute.
    ///   - groupDepth: inputs of a group; all if nil.
    ///   - least: what code 0 of a row stands for, if it is not the row's centre. Its products are part of the bias.
    ///   - isNarrow: rounds the weights further, to narrow ones, and takes narrow rows.
    /// - Precondition: `groupDepth` divides the inputs, which 4 divides (8 if narrow), and 16 the outputs.
    init(
        _ weights: LinearWeights, _ kernels: KernelSet, groupDepth: Int? = nil, least: Float? = nil,
        isNarrow: Bool = false
    ) {
        let width = LinearWeights.panelWidth
        inputCount = weights.inputCount
        outputCount = weights.outputCount
        self.groupDepth = groupDepth ?? weights.inputCount
        self.isNarrow = isNarrow
        isPaired = isNarrow && kernels.table.pointee.pairs != 0
        precondition(
            inputCount % self.groupDepth == 0 && self.groupDepth % (isNarrow ? 8 : 4) == 0
                && self.groupDepth <= Int(TURN_DEPTH_MAX)
                && inputCount <= Int(TURN_INPUTS_MAX) && outputCount % width == 0,
            "a layer of other sizes than the kernels take")
        switch weights.storage {
        case .int8(let codes, let scales):
            (self.codes, self.scales) = isNarrow ? Self.narrowed(codes, scales, inputCount) : (codes, scales)
        case .float32(let values):
            let most = isNarrow ? TURN_NARROW_WEIGHT : 127
            (codes, scales) = Self.quantised(values, inputCount, outputCount, most: Float(most))
        }
        let groupCount = inputCount / self.groupDepth
        let sums = AlignedBuffer<Int32>(count: groupCount * outputCount)
        for group in 0..<groupCount {
            turn_s8_sum_weights(
                codes.base + group * self.groupDepth * width, inputCount * width, outputCount / width,
                self.groupDepth, sums.base + group * outputCount)
        }
        if isPaired {
            self.sums = AlignedBuffer(count: groupCount * outputCount)
            for group in 0..<groupCount {
                turn_s8_sum_pairs(
                    codes.base + group * self.groupDepth * width, inputCount * width, outputCount / width,
                    self.groupDepth, least == nil ? 1 : 0, self.sums.base + group * outputCount)
            }
        } else {
            self.sums = sums
        }
        guard let least else {
            bias = weights.bias
            return
        }
        bias = AlignedBuffer(count: outputCount)
        for output in 0..<outputCount {
            let sum = (0..<groupCount).reduce(Int32(0)) { $0 + sums.base[$1 * outputCount + output] }
            bias.base[output] = weights.bias.base[output] + least * Float(sum) * scales.base[output]
        }
    }

    private static func narrowed(
        _ codes: AlignedBuffer<Int8>, _ scales: AlignedBuffer<Float>, _ inputCount: Int
    ) -> (AlignedBuffer<Int8>, AlignedBuffer<Float>) {
        let narrow = AlignedBuffer<Int8>(count: codes.count)
        narrow.base.update(from: codes.base, count: codes.count)
        let wider = AlignedBuffer<Float>(count: scales.count)
        wider.base.update(from: scales.base, count: scales.count)
        turn_s8_narrow_weights(narrow.base, scales.count / LinearWeights.panelWidth, inputCount, wider.base)
        return (narrow, wider)
    }

    private static func quantised(
        _ values: AlignedBuffer<Float>, _ inputCount: Int, _ outputCount: Int, most: Float
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
            let inverse = reach > 0 ? most / reach : 0
            let to = codes.base + start + lane * group
            for input in 0..<inputCount {
                let code = (from[input * width] * inverse).rounded(.toNearestOrEven)
                to[input / group * group * width + input % group] = Int8(max(-most, min(most, code)))
            }
            scales.base[output] = reach / most
        }
        return (codes, scales)
    }

    /// `output[r] (+)= rows[r] W + b`, then GELU if wanted.
    ///
    /// - Parameters:
    ///   - kernels: what computes.
    ///   - rows: all inputs, narrow if the layer is.
    ///   - outputs: the outputs to compute, a multiple of 16 from a multiple of 16 on; all of them if nil.
    ///   - output: rows of as many values, the first one for the first of `outputs`.
    ///   - outputStride: values from one output row to the next.
    ///   - adding: adds to what `output` holds.
    ///   - gelu: applies GELU to the sum.
    func apply(
        _ kernels: KernelSet, _ rows: QuantisedRows, outputs: Range<Int>? = nil,
        to output: UnsafeMutablePointer<Float>, stride outputStride: Int, adding: Bool = false,
        gelu: Bool = false
    ) {
        assert(rows.isNarrow == isNarrow, "rows of other codes than the layer takes")
        let width = LinearWeights.panelWidth
        let outputs = outputs ?? 0..<outputCount
        let first = outputs.lowerBound
        var product = turn_u8s8_product(
            a: rows.codes, a_stride: rows.stride, a_group_stride: rows.groupStride, a_scales: rows.scales,
            a_scales_stride: rows.scaleStride, a_scales_group_stride: rows.groupScaleStride,
            centred: rows.isCentred ? 1 : 0, narrow: isNarrow ? 1 : 0, rows: rows.count,
            groups: inputCount / groupDepth,
            depth: groupDepth, weights: codes.base + first * inputCount,
            panel_stride: inputCount * width, panels: outputs.count / width, scales: scales.base + first,
            sums: isPaired ? nil : sums.base + first, pairs: isPaired ? sums.base + first : nil,
            sums_group_stride: outputCount, bias: bias.base + first, c: output,
            c_stride: outputStride, accumulate: adding ? 1 : 0, gelu: gelu ? 1 : 0, sparse: 0)
        kernels.table.pointee.u8s8_gemm(&product)
    }
}
