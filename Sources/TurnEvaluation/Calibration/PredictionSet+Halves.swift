import TurnCore

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
