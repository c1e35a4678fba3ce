#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Audio to measure with.
enum BenchSignal {
    /// Samples at 16 kHz: voiced syllables, four a second, with a gliding pitch and the formants of a vowel, in
    /// soft noise; the same on every machine.
    static func speechLike(sampleCount: Int) -> [Float] {
        var state: UInt32 = 1
        var phase = 0.0
        return (0..<sampleCount).map { index in
            let time = Double(index) / 16_000
            phase += (120 + 25 * sin(2 * .pi * 0.7 * time)) / 16_000
            var voice = 0.0
            for harmonic in 1...30 {
                let frequency = Double(harmonic) * 120
                voice += gain(frequency) * sin(2 * .pi * phase * Double(harmonic))
            }
            let syllable = max(0, sin(2 * .pi * 4 * time)) * (sin(2 * .pi * 0.35 * time) > -0.6 ? 1 : 0)
            state = state &* 1_664_525 &+ 1_013_904_223
            let noise = Double(state >> 8) / Double(1 << 24) - 0.5
            return Float(0.05 * voice * syllable + 0.004 * noise)
        }
    }

    /// The resonances of an open vowel.
    private static func gain(_ frequency: Double) -> Double {
        [(730.0, 90.0), (1_090.0, 110.0), (2_440.0, 170.0)].reduce(0.02) { sum, formant in
            let distance = (frequency - formant.0) / formant.1
            return sum + 1 / (1 + distance * distance)
        }
    }
}
