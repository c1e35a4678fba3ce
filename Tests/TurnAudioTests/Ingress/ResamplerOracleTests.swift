import Foundation
import Testing
import TurnAudio

/// Against soxr's HQ setting, and against the signal itself at the times that the output stands for.
@Suite struct ResamplerOracleTests {
    struct Case: Decodable {
        struct Piece: Decodable {
            let start: Int
            let samples: String
        }

        let signal: BandLimitedSignal
        let from: Int
        let to: Int
        let pieces: [Piece]
    }

    static let cases: [Case] = try! Fixture.load("resampler.json")

    @Test(arguments: cases.indices)
    func `agrees with soxr HQ and with the signal`(index: Int) throws {
        let entry = Self.cases[index]
        let narrower = Double(min(entry.from, entry.to)) / 2
        let input = entry.signal.samples(rate: entry.from, narrower: narrower)
        let output = try Resampler.resample(input, from: entry.from, to: entry.to)
        #expect(output.count == entry.to)

        let truth = entry.signal.samples(rate: entry.to, narrower: narrower)
        // The first and last 10 ms miss the input beyond the recording. The voice ends at 0.88 N: what remains is
        // the rounding of floats. The sweep's sidebands reach past 0.9 N, where the filter begins to fall.
        let margin = entry.to / 100
        let error = (margin..<(entry.to - margin)).reduce(Float(0)) { max($0, abs(output[$1] - truth[$1])) }
        #expect(error < (entry.signal == .sweep ? 3e-5 : 1e-6))

        // At ratios of small numbers both agree to rounding, the sweep's end apart. At the others soxr is
        // up to 3e-4 off the signal itself, which is why the signal is checked first.
        let isSmallRatio =
            (entry.from * 6).isMultiple(of: entry.to) || (entry.to * 6).isMultiple(of: entry.from)
        let tolerance: Float =
            switch (entry.signal, isSmallRatio) {
            case (.sweep, true): 3e-6
            case (.voice, true): 1e-6
            case (.sweep, false): 5e-4
            case (.voice, false): 3e-5
            }
        var difference: Float = 0
        for piece in entry.pieces {
            for (offset, expected) in try Fixture.floats(piece.samples).enumerated() {
                difference = max(difference, abs(output[piece.start + offset] - expected))
            }
        }
        print(
            "resampler \(entry.from) -> \(entry.to) Hz, \(entry.signal): to the signal \(error), to soxr \(difference)"
        )
        #expect(difference < tolerance)
    }
}
