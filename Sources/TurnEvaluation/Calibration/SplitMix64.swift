/// SplitMix64 (Steele, Lea, Flood 2014): random numbers whose sequence is fixed by the seed, on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mixed(state)
    }

    /// A bijection that spreads every bit of `value`.
    static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension PredictionSet {
    /// Two parts of about equal size that share no turn; which part a turn falls to depends on its id and the seed
    /// alone.
    public func halves(seed: UInt64) -> (first: PredictionSet, second: PredictionSet) {
        func isFirst(_ span: LabelledSpan) -> Bool {
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ SplitMix64.mixed(seed)
            for byte in span.id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return SplitMix64.mixed(hash) & 1 == 0
        }
        return (filter(isFirst), filter { !isFirst($0) })
    }
}
