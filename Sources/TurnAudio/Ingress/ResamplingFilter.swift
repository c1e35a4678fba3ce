#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Android)
    import Android
#endif

/// The coefficients of a ``Resampler``: a Kaiser-windowed sinc, one row of taps for each phase of the output.
///
/// With `s` = min(1, output/input), the filter passes up to 0.9 of the narrower Nyquist frequency and stops from
/// 1.0 of it on; its half length is about 71.1/s input samples, less than 10 ms at every rate from 8 kHz on.
/// A row is contiguous and holds a multiple of 16 taps.
///
/// Where one row for each phase would take more than ``maximumCoefficientCount`` coefficients (8001 to 16000 Hz
/// has 16,000 phases), the table holds 1024·s evenly spaced phases and the resampler interpolates linearly between
/// two rows; the error, (π/1024)²/8 of the signal at most, is 118 dB down.
///
/// Source: Kaiser's window and its length formula, Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5.3.
final class ResamplingFilter: Sendable {
    /// No table is larger: 1 MiB of coefficients.
    static let maximumCoefficientCount = 1 << 18
    /// Stopband attenuation that the window is designed for, in dB: the promise is 100.
    private static let attenuation = 110.0
    /// Width of the transition band, as a fraction of the narrower Nyquist frequency.
    private static let transition = 0.1
    private static let phasesPerSample = 1024.0

    /// Input samples on each side of the output's place in time.
    let halfLength: Int
    /// Rows that stand for different phases. Interpolated tables have one row more, phase 1.
    let phaseCount: Int
    /// Whether the resampler has to interpolate between rows.
    let isInterpolated: Bool
    /// Rows of ``tapCount`` coefficients, phase 0 first.
    let coefficients: [Float]

    var tapCount: Int { 2 * halfLength }

    /// - Parameters:
    ///   - upFactor: output rate over the greatest common divisor of both rates.
    ///   - downFactor: input rate over the greatest common divisor of both rates.
    init(upFactor: Int, downFactor: Int) {
        let scale = min(1, Double(upFactor) / Double(downFactor))
        // Half of Kaiser's (A - 7.95) / (2.285 Δω), with Δω = 2π · transition · scale/2 rad per input sample.
        let width = (Self.attenuation - 7.95) / (2.285 * 2 * Double.pi * Self.transition * scale)
        let halfLength = (Int(width.rounded(.up)) + 7) / 8 * 8
        let isInterpolated = upFactor * 2 * halfLength > Self.maximumCoefficientCount
        let phaseCount = isInterpolated ? Int((Self.phasesPerSample * scale).rounded(.up)) : upFactor

        let beta = 0.1102 * (Self.attenuation - 8.7)
        let window = KaiserWindow(beta: beta, halfLength: Double(halfLength))
        let cutoff = (1 - Self.transition / 2) * scale  // twice the frequency, in cycles per input sample
        let rowCount = phaseCount + (isInterpolated ? 1 : 0)
        var coefficients: [Float] = []
        coefficients.reserveCapacity(rowCount * 2 * halfLength)
        var row = [Double](repeating: 0, count: 2 * halfLength)
        for phase in 0..<rowCount {
            let offset = Double(phase) / Double(phaseCount) + Double(halfLength - 1)
            var sum = 0.0
            for tap in row.indices {
                let time = offset - Double(tap)
                let value = cutoff * Self.sinc(cutoff * time) * window.value(at: time)
                row[tap] = value
                sum += value
            }
            // Each row passes a constant unchanged, so that an offset in the input makes no tone in the output.
            for value in row { coefficients.append(Float(value / sum)) }
        }
        self.halfLength = halfLength
        self.phaseCount = phaseCount
        self.isInterpolated = isInterpolated
        self.coefficients = coefficients
    }

    /// sin(πx) / (πx).
    private static func sinc(_ x: Double) -> Double {
        abs(x) < 1e-9 ? 1 : sin(Double.pi * x) / (Double.pi * x)
    }
}

/// The Kaiser window I0(β √(1 - (t/T)²)) / I0(β) for |t| ≤ T.
private struct KaiserWindow {
    let beta: Double
    let halfLength: Double
    private let peak: Double

    init(beta: Double, halfLength: Double) {
        self.beta = beta
        self.halfLength = halfLength
        peak = Self.besselI0(beta)
    }

    func value(at time: Double) -> Double {
        let x = time / halfLength
        return Self.besselI0(beta * max(0, 1 - x * x).squareRoot()) / peak
    }

    /// Modified Bessel function of the first kind, order 0, by its power series.
    private static func besselI0(_ x: Double) -> Double {
        let quarter = x * x / 4
        var term = 1.0
        var sum = 1.0
        var k = 1.0
        while term > sum * 1e-17 {
            term *= quarter / (k * k)
            sum += term
            k += 1
        }
        return sum
    }
}
