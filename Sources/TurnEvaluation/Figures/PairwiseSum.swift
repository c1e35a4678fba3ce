/// Sums as numpy adds a contiguous float64 array: pairwise in blocks of 128 with eight running sums, so that
/// means agree with numpy's to the last bit.
enum PairwiseSum {
    /// The sum of `value(0)` ... `value(count - 1)`.
    @inline(__always)
    static func sum(_ count: Int, _ value: (Int) -> Double) -> Double { sum(0, count, value) }

    private static func sum(_ start: Int, _ count: Int, _ value: (Int) -> Double) -> Double {
        if count < 8 {
            // numpy starts from -0.0, which changes nothing but the sign of an empty sum.
            var total = 0.0
            for index in start..<start + count { total += value(index) }
            return total
        }
        if count <= 128 {
            var lanes = (
                value(start), value(start + 1), value(start + 2), value(start + 3), value(start + 4),
                value(start + 5), value(start + 6), value(start + 7)
            )
            var index = 8
            while index < count - count % 8 {
                lanes.0 += value(start + index)
                lanes.1 += value(start + index + 1)
                lanes.2 += value(start + index + 2)
                lanes.3 += value(start + index + 3)
                lanes.4 += value(start + index + 4)
                lanes.5 += value(start + index + 5)
                lanes.6 += value(start + index + 6)
                lanes.7 += value(start + index + 7)
                index += 8
            }
            let pairs = ((lanes.0 + lanes.1) + (lanes.2 + lanes.3), (lanes.4 + lanes.5) + (lanes.6 + lanes.7))
            var total = pairs.0 + pairs.1
            while index < count {
                total += value(start + index)
                index += 1
            }
            return total
        }
        var half = count / 2
        half -= half % 8
        return sum(start, half, value) + sum(start + half, count - half, value)
    }
}
