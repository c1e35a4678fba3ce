import Testing
import TurnAudio
import TurnCore
import TurnTesting

@Suite struct ResamplerStreamTests {
    static let ratios: [(Int, Int)] = [
        (44_100, 16_000), (48_000, 16_000), (8_000, 16_000), (11_025, 16_000), (8_001, 16_000),
        (191_999, 16_000), (16_000, 44_100), (192_000, 8_000), (8_000, 192_000), (16_000, 16_000),
    ]

    static func noise(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    }

    @Test(arguments: ratios)
    func `any cut of the input gives the same bits`(from: Int, to: Int) throws {
        let input = Self.noise(from / 4 + 17, seed: 7)
        let whole = try Resampler.resample(input, from: from, to: to)
        for largest in [1, 2, 160, 1023, 5000] {
            var generator = SeededGenerator(seed: UInt64(largest))
            var resampler = try Resampler(from: from, to: to)
            var output: [Float] = []
            var start = 0
            while start < input.count {
                let end = min(input.count, start + Int.random(in: 0...largest, using: &generator))
                output += resampler.process(Array(input[start..<end]))
                start = end
            }
            output += resampler.flush()
            #expect(output.map(\.bitPattern) == whole.map(\.bitPattern), "pieces of up to \(largest)")
        }
    }

    @Test(arguments: ratios)
    func `flush gives ceil(count x out / in) samples and starts over`(from: Int, to: Int) throws {
        var resampler = try Resampler(from: from, to: to)
        for count in [0, 1, 2, 3, 159, 160, 441, 1000, 4096, 10_007] {
            let input = Self.noise(count, seed: UInt64(count))
            var output = resampler.process(input)
            output += resampler.flush()
            #expect(output.count == (count * to + from - 1) / from, "\(count) samples")
            #expect(output.count == resampler.outputCount(forInputCount: count))
            #expect(try output == Resampler.resample(input, from: from, to: to), "\(count) samples")
        }
        #expect(resampler.flush().isEmpty)
    }

    @Test func `reset forgets the stream`() throws {
        var resampler = try Resampler(from: 44_100, to: 16_000)
        _ = resampler.process(Self.noise(5_000, seed: 1))
        resampler.reset()
        let input = Self.noise(3_000, seed: 2)
        let output = resampler.process(input) + resampler.flush()
        #expect(try output == Resampler.resample(input, from: 44_100, to: 16_000))
    }

    @Test func `a copy is a stream of its own`() throws {
        var first = try Resampler(from: 48_000, to: 16_000)
        _ = first.process(Self.noise(999, seed: 3))
        var second = first
        _ = second.process(Self.noise(5_000, seed: 4))
        var third = try Resampler(from: 48_000, to: 16_000)
        _ = third.process(Self.noise(999, seed: 3))
        let rest = Self.noise(2_000, seed: 5)
        #expect(first.process(rest) == third.process(rest))
    }

    /// Nothing drifts: the response to an impulse an hour later has the same bits in the place that the ratio says.
    @Test func `an hour at 44.1 kHz ends where it should`() throws {
        let periods = 44_100 * 3600 / 441
        var impulse = [Float](repeating: 0, count: 4410)
        impulse[1000] = 1
        let expected = try Resampler.resample(impulse, from: 44_100, to: 16_000)

        var resampler = try Resampler(from: 44_100, to: 16_000)
        var outputCount = 0
        var loudest: Float = 0
        let silence = [Float](repeating: 0, count: 44_100)
        silence.withUnsafeBufferPointer { silence in
            for _ in 0..<3600 {
                resampler.process(silence) { output in
                    outputCount += output.count
                    for sample in output { loudest = max(loudest, abs(sample)) }
                }
            }
        }
        #expect(loudest == 0)
        // What an hour's flush would add belongs to the silence; what follows is the impulse alone.
        let held = periods * 160 - outputCount
        #expect((1...73).contains(held))
        let tail = resampler.process(impulse) + resampler.flush()
        #expect(tail.count == expected.count + held)
        #expect(Array(tail.dropFirst(held)) == expected)
        #expect(tail.prefix(held).allSatisfy { $0 == 0 })
        #expect(resampler.outputCount(forInputCount: 44_100 * 3600) == 16_000 * 3600)
    }

    @Test func `every ratio keeps its table within 1 MiB and its delay within 10 ms`() throws {
        let rates =
            Array(stride(from: 8_000, through: 192_000, by: 5_003)) + [8_001, 11_025, 44_100, 192_000]
        for rate in rates {
            for (from, to) in [(rate, 16_000), (16_000, rate)] {
                let resampler = try Resampler(from: from, to: to)
                #expect(resampler.filterByteCount <= 1 << 20, "\(from) to \(to)")
                #expect(resampler.latency <= .milliseconds(10), "\(from) to \(to)")
            }
        }
    }

    /// Designed anew each time, these would take minutes; held each on its own, 3 GB.
    @Test(.timeLimit(.minutes(15)))
    func `resamplers of a ratio share one table`() throws {
        let resamplers = try (0..<5_000).map { _ in try Resampler(from: 8_001, to: 16_000) }
        #expect(Set(resamplers.map(\.filterByteCount)).count == 1)
    }

    @Test func `resamplers made by many threads at once agree`() async throws {
        let input = Self.noise(2_000, seed: 9)
        let expected = try Resampler.resample(input, from: 22_051, to: 16_000)
        try await withThrowingTaskGroup(of: [Float].self) { group in
            for _ in 0..<16 {
                group.addTask { try Resampler.resample(input, from: 22_051, to: 16_000) }
            }
            for try await output in group { #expect(output == expected) }
        }
    }

    @Test func `a constant stays constant`() throws {
        for (from, to) in Self.ratios {
            let output = try Resampler.resample([Float](repeating: 0.5, count: from / 5), from: from, to: to)
            let margin = to / 50
            // Rounding of sums of up to 3,500 products.
            #expect(
                output[margin..<(output.count - margin)].allSatisfy { abs($0 - 0.5) < 1e-6 },
                "\(from) to \(to)")
        }
    }

    @Test(arguments: [
        (7_999, 16_000), (192_001, 16_000), (0, 16_000), (-1, 16_000), (16_000, 0), (Int.max, 16_000),
    ])
    func `rates outside 8 to 192 kHz are refused`(from: Int, to: Int) {
        let error = #expect(throws: TurnError.self) { try Resampler(from: from, to: to) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `not finite samples pass by`() throws {
        var resampler = try Resampler(from: 48_000, to: 16_000)
        var input = Self.noise(3_000, seed: 11)
        let clean = input
        input[100] = .nan
        input[101] = .infinity
        _ = resampler.process(input)
        var reference = try Resampler(from: 48_000, to: 16_000)
        _ = reference.process(clean)
        let rest = Self.noise(3_000, seed: 12)
        #expect(resampler.process(rest) == reference.process(rest))
    }
}
