/// The sum of float32 values in the order in which numpy adds them, so that mean and variance of a window are
/// those of the numpy original to the last bit.
///
/// Source: numpy's pairwise summation (Higham 1993, "The accuracy of floating point summation"): halves down to
/// blocks of 128, eight running sums in a block.
func pairwiseSum(_ values: UnsafeBufferPointer<Float>) -> Float {
    let count = values.count
    if count < 8 {
        // numpy starts from -0.0, which only matters for sums of negative zeros
        return values.reduce(0, +)
    }
    if count <= 128 {
        var sums = SIMD8<Float>()
        for lane in 0..<8 { sums[lane] = values[lane] }
        var index = 8
        while index + 8 <= count {
            sums += UnsafeRawPointer(values.baseAddress! + index).loadUnaligned(as: SIMD8<Float>.self)
            index += 8
        }
        var sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
        while index < count {
            sum += values[index]
            index += 1
        }
        return sum
    }
    var half = count / 2
    half -= half % 8
    return pairwiseSum(UnsafeBufferPointer(rebasing: values[..<half]))
        + pairwiseSum(UnsafeBufferPointer(rebasing: values[half...]))
}
