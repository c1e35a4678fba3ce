import Foundation
import TurnCore

/// What a telephone line does to speech: the coding and the noise.
public enum LineImpairment {
    /// Through 8-bit mu-law coding and back (ITU-T G.711): what an 8 kHz telephone channel leaves of each sample.
    ///
    /// - Parameter sample: -1...1; beyond that it is clipped.
    /// - Returns: the decoded sample.
    public static func muLaw(_ sample: Float) -> Float {
        let bounded = sample.isFinite ? min(max(sample, -1), 1) : 0
        // 14-bit magnitude, biased, so that segments start at powers of two.
        let magnitude = min(Int((bounded.magnitude * 32_768).rounded()), 32_635) + 132
        let exponent = Int.bitWidth - 1 - magnitude.leadingZeroBitCount - 7
        let mantissa = (magnitude >> (exponent + 3)) & 0x0f
        let decoded = (((mantissa << 3) + 132) << exponent) - 132
        return (bounded < 0 ? -1 : 1) * Float(decoded) / 32_768
    }

    /// Adds white Gaussian noise.
    ///
    /// - Parameters:
    ///   - samples: mono audio.
    ///   - speech: ranges of `samples` that hold speech; its power is the signal's.
    ///   - decibels: ratio of the powers of speech and noise.
    ///   - generator: fixes the noise.
    package static func addNoise(
        _ samples: inout [Float], speech: [Range<Int>], decibels: Double, using generator: inout SplitMix64
    ) {
        var power = 0.0
        var count = 0
        for range in speech {
            for sample in samples[range.clamped(to: samples.indices)] {
                power += Double(sample) * Double(sample)
                count += 1
            }
        }
        guard count > 0, power > 0 else { return }
        let amplitude = (power / Double(count) / pow(10, decibels / 10)).squareRoot()
        for index in samples.indices { samples[index] += Float(amplitude * normal(&generator)) }
    }

    /// A standard normal value: twelve uniform ones added, which needs no library function and so is the same on every
    /// machine; its tails end at 6.
    private static func normal(_ generator: inout SplitMix64) -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += Double(generator.next() >> 11) / 9_007_199_254_740_992 }
        return sum
    }
}
