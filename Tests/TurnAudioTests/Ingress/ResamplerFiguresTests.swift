import Foundation
import Testing
import TurnAudio

/// Ripple, rejection and delay, measured with sines; prints what docs/audio.md quotes.
@Suite struct ResamplerFiguresTests {
    static let ratios: [(Int, Int)] = [
        (8_000, 16_000), (11_025, 16_000), (12_000, 16_000), (22_050, 16_000), (24_000, 16_000),
        (32_000, 16_000), (44_100, 16_000), (48_000, 16_000), (96_000, 16_000), (192_000, 16_000),
        (8_001, 16_000), (15_999, 16_000), (47_999, 16_000), (191_999, 16_000),
        (16_000, 8_000), (16_000, 44_100), (16_000, 48_000), (8_000, 192_000), (192_000, 8_000),
    ]

    @Test(arguments: ratios)
    func `passes to 0.9 of Nyquist, stops from 1.0 on, within 10 ms`(from: Int, to: Int) throws {
        let narrower = Double(min(from, to)) / 2
        var (ripple, image, alias, delay) = (0.0, 0.0, 0.0, 0.0)

        for step in 1...30 {
            let tone = try ToneMeasurement(
                frequency: 0.9 * narrower * Double(step) / 30, from: from, to: to)
            ripple = max(ripple, abs(decibels(tone.gain)))
            image = max(image, tone.residual)
            delay = max(delay, abs(tone.delay))
        }
        // The transition band may lose level, but must not leak what is not the tone.
        for step in 1...9 {
            let frequency = narrower * (0.9 + Double(step) / 100)
            image = max(image, try ToneMeasurement(frequency: frequency, from: from, to: to).residual)
        }
        if from > to {
            // Denser near the edge, where the filter is weakest; 1.0005 keeps off the edge itself, where the alias
            // of a sine is a sine at the output's Nyquist frequency whose level depends on its phase.
            let wide = Double(from) / 2
            let edge = (0...20).map { narrower * (1.0005 + Double($0) / 200) }.filter { $0 < wide }
            let far = (1...20).map { narrower + (wide - narrower) * (Double($0) - 0.37) / 20 }
            for frequency in edge + far {
                alias = max(alias, try ToneMeasurement(frequency: frequency, from: from, to: to).level)
            }
        }
        let resampler = try Resampler(from: from, to: to)
        let latency = Double(resampler.latency.components.attoseconds) / 1e15

        print(
            "resampler \(from) -> \(to) Hz: ripple \(rounded(ripple, 5)) dB, images \(rounded(decibels(image), 1)) dB, "
                + (from > to ? "aliases \(rounded(decibels(alias), 1)) dB, " : "")
                + "latency \(rounded(latency, 2)) ms, time error \(rounded(delay * 1e9, 2)) ns, "
                + "table \(resampler.filterByteCount / 1024) KiB")
        #expect(ripple <= 0.01)
        #expect(decibels(image) <= -100)
        #expect(decibels(alias) <= -100)
        #expect(latency <= 10)
        // 0.1 µs is 1/600 of a sample at 16 kHz.
        #expect(delay < 1e-7)
    }

    private func rounded(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
