import CTurnKernels

extension LinearWeights {
    /// `output[r] (+)= input[r] W + b` for each row, in float32.
    ///
    /// - Parameters:
    ///   - kernels: what computes.
    ///   - input: `rows` rows of `inputCount` values, `inputStride` values apart; rows may overlap.
    ///   - inputStride: values from one input row to the next.
    ///   - rows: rows of input and output.
    ///   - output: `rows` rows of `outputCount` values, `outputStride` values apart.
    ///   - outputStride: values from one output row to the next.
    ///   - panel: memory for `inputCount` x 16 values; only int8 weights need it.
    ///   - adding: adds to what `output` holds.
    func apply(
        _ kernels: KernelSet, _ input: UnsafePointer<Float>, stride inputStride: Int, rows: Int,
        to output: UnsafeMutablePointer<Float>, stride outputStride: Int,
        _ panel: UnsafeMutablePointer<Float>? = nil, adding: Bool = false
    ) {
        let width = Self.panelWidth
        let table = kernels.table
        for index in 0..<panelCount {
            let columns = min(width, outputCount - index * width)
            let start = index * inputCount * width
            let weights: UnsafePointer<Float>
            switch storage {
            case .int8(let codes, let scales):
                guard let panel else { preconditionFailure("int8 weights need memory for a panel") }
                table.pointee.f32_dequantise_panel(
                    codes.base + start, scales.base + index * width, inputCount, panel)
                weights = UnsafePointer(panel)
            case .float32(let values):
                weights = UnsafePointer(values.base + start)
            }
            table.pointee.f32_gemm_panel(
                input, inputStride, rows, inputCount, weights, bias.base + index * width,
                output + index * width, outputStride, columns, adding ? 1 : 0)
        }
    }
}
