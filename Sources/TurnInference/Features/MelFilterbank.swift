import CTurnKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

/// 80 triangular filters on the Slaney mel scale with Slaney area normalisation, 0...8000 Hz, over the 201 bins
/// of a 400-point transform at 16 kHz. Only the 391 weights that are not zero are kept.
///
/// Source: Slaney's Auditory Toolbox (1998), as in librosa and Whisper.
struct MelFilterbank: Sendable {
    static let filterCount = 80

    private var firstBins: [Int] = []
    private var binCounts: [Int] = []
    /// Of all filters, one after the other.
    private var weights: [Double] = []

    init(binCount: Int) {
        let binWidth = 8_000.0 / Double(binCount - 1)
        let top = Self.mel(hertz: 8_000)
        let edges = (0..<(Self.filterCount + 2)).map {
            Self.hertz(mel: top * Double($0) / Double(Self.filterCount + 1))
        }
        for index in 0..<Self.filterCount {
            let (low, centre, high) = (edges[index], edges[index + 1], edges[index + 2])
            let weights = (0..<binCount).map { bin in
                let frequency = binWidth * Double(bin)
                let triangle = min((frequency - low) / (centre - low), (high - frequency) / (high - centre))
                return max(0, triangle) * 2 / (high - low)
            }
            let first = weights.firstIndex { $0 > 0 } ?? 0
            let last = weights.lastIndex { $0 > 0 } ?? 0
            firstBins.append(first)
            binCounts.append(last - first + 1)
            self.weights += weights[first...last]
        }
    }

    /// The filters in the form that the kernels read.
    func withBank<Result>(_ body: (UnsafePointer<turn_mel_bank>) -> Result) -> Result {
        firstBins.withUnsafeBufferPointer { firstBins in
            binCounts.withUnsafeBufferPointer { binCounts in
                weights.withUnsafeBufferPointer { weights in
                    var bank = turn_mel_bank(
                        count: Self.filterCount, first_bins: firstBins.baseAddress!,
                        bin_counts: binCounts.baseAddress!, weights: weights.baseAddress!)
                    return body(&bank)
                }
            }
        }
    }

    private static func mel(hertz: Double) -> Double {
        hertz < 1_000 ? 3 * hertz / 200 : 15 + log(hertz / 1_000) * 27 / log(6.4)
    }

    private static func hertz(mel: Double) -> Double {
        mel < 15 ? 200 * mel / 3 : 1_000 * exp((mel - 15) * log(6.4) / 27)
    }
}
