import TurnAudio
import TurnCore
import TurnEvaluation

/// A line between the speaker and the detector.
struct LineSettings: Sendable {
    /// 8 kHz, mu-law.
    let telephone: Bool
    /// Decibels between speech and noise; nil for no noise.
    let snr: Double?
    let noiseSeed: UInt64

    /// The line for the condition column; empty for none.
    var text: String {
        let noise = snr.map { " snr=\($0) seed=\(noiseSeed)" } ?? ""
        return (telephone ? " telephone" : "") + noise
    }

    /// The recording of a turn, mono at 16 kHz, as it sounds at the other end of the line.
    func apply(_ recording: [Float], _ turn: ScoringTurn) throws(TurnError) -> [Float] {
        var samples = recording
        if let snr {
            var generator = SplitMix64(seed: noiseSeed ^ Self.hash(turn.id))
            LineImpairment.addNoise(
                &samples, speech: Self.speech(turn, sampleCount: samples.count), decibels: snr,
                using: &generator)
        }
        guard telephone else { return samples }
        let narrow = try Self.resample(samples, from: 16_000, to: 8_000)
        return try Self.resample(narrow.map { LineImpairment.muLaw($0) }, from: 8_000, to: 16_000)
    }

    private static func resample(
        _ samples: [Float], from input: Int, to output: Int
    ) throws(TurnError) -> [Float] {
        var resampler = try Resampler(from: input, to: output)
        var result: [Float] = []
        result.reserveCapacity(samples.count * output / input + 64)
        samples.withUnsafeBufferPointer { buffer in
            resampler.process(buffer) { result.append(contentsOf: $0) }
        }
        resampler.flush { result.append(contentsOf: $0) }
        return result
    }

    /// What lies between the silences.
    private static func speech(_ turn: ScoringTurn, sampleCount: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        for silence in turn.silences {
            let end = min(sampleCount, Int(silence.start * 16_000))
            if start < end { ranges.append(start..<end) }
            start = min(sampleCount, Int(silence.end * 16_000))
        }
        return ranges
    }

    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
