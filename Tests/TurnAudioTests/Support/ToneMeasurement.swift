import Foundation
import TurnAudio

/// What a resampler makes of a sine: fitted to its steady state at the times that its samples stand for.
struct ToneMeasurement {
    /// Amplitude out over amplitude in.
    let gain: Double
    /// How much later than it should the tone comes, in seconds.
    let delay: Double
    /// Everything that is not the tone, RMS, relative to the tone that went in.
    let residual: Double
    /// The whole output, RMS, relative to the tone that went in.
    let level: Double

    init(frequency: Double, from inputRate: Int, to outputRate: Int) throws {
        let count = inputRate * 3 / 10
        let input = (0..<count).map { Float(sin(2 * Double.pi * frequency * Double($0) / Double(inputRate))) }
        let output = try Resampler.resample(input, from: inputRate, to: outputRate)
        // Filters are 20 ms long at most; what is 30 ms away from both ends is steady.
        let margin = outputRate * 3 / 100
        let range = margin..<(output.count - margin)
        var (ss, sc, cc, ys, yc, yy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for index in range {
            let angle = 2 * Double.pi * frequency * Double(index) / Double(outputRate)
            let (s, c, y) = (sin(angle), cos(angle), Double(output[index]))
            ss += s * s
            sc += s * c
            cc += c * c
            ys += y * s
            yc += y * c
            yy += y * y
        }
        let determinant = ss * cc - sc * sc
        let a = (ys * cc - yc * sc) / determinant
        let b = (yc * ss - ys * sc) / determinant
        gain = (a * a + b * b).squareRoot()
        delay = -atan2(b, a) / (2 * Double.pi * frequency)
        let power = Double(range.count) / 2
        residual = (max(0, yy - a * ys - b * yc) / power).squareRoot()
        level = (yy / power).squareRoot()
    }
}

/// A ratio of amplitudes in dB.
func decibels(_ ratio: Double) -> Double { 20 * log10(max(ratio, 1e-12)) }
