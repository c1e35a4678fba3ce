import Testing
import TurnAudio
import TurnCore
import TurnTesting

@Suite struct AudioIngressTests {
    static let stereo = try! AudioFormat(sampleRate: 16_000, channelCount: 2)

    @Test func `16 kHz mono passes unchanged, integers scaled by 1 over 32768`() throws {
        var ingress = AudioIngress()
        let output = try ingress.push(AudioFrame(.int16([-32_768, -1, 0, 1, 32_767]), format: .mono16kHz))
        let expected: [Float] = [-1, -0x1p-15, 0, 0x1p-15, 1 - 0x1p-15]
        #expect(output == expected)
        #expect(
            try ingress.push(AudioFrame(.float32([-1, 0.25, 1.5]), format: .mono16kHz)) == [-1, 0.25, 1.5])
        #expect(ingress.latency == .zero)
        #expect(ingress.flush().isEmpty)
    }

    @Test func `R-111 and S-10 channels are averaged`() throws {
        var ingress = AudioIngress()
        let output = try ingress.push(
            AudioFrame(.int16([100, 300, 200, 400, -100, 100, 1, 2]), format: Self.stereo))
        // The mean in float: no floor as in the reference's integers.
        #expect(output.map { $0 * 32_768 } == [200, 300, 0, 1.5])
    }

    @Test(arguments: 1...8)
    func `the mean of up to 8 channels, across block borders`(channelCount: Int) throws {
        let format = try AudioFormat(sampleRate: 16_000, channelCount: channelCount)
        let frameCount = 2_500
        var generator = SeededGenerator(seed: UInt64(channelCount))
        let samples = (0..<(frameCount * channelCount)).map { _ in
            Int16.random(in: .min ... .max, using: &generator)
        }
        var ingress = AudioIngress()
        let output = try ingress.push(AudioFrame(.int16(samples), format: format))
        var fromFloats = AudioIngress()
        let floats = samples.map { Float($0) / 32_768 }
        #expect(try fromFloats.push(AudioFrame(.float32(floats), format: format)) == output)
        #expect(output.count == frameCount)
        for index in 0..<frameCount {
            let sum = samples[(index * channelCount)..<((index + 1) * channelCount)].reduce(0) {
                $0 + Int($1)
            }
            // One rounding each of the share and the product.
            #expect(abs(Double(output[index]) - Double(sum) / Double(channelCount) / 32_768) < 1.5e-7)
        }
    }

    @Test(arguments: [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
    func `frames of any size give what the resampler gives for the whole`(rate: Int) throws {
        let format = try AudioFormat(sampleRate: rate, channelCount: 2)
        let mono = ResamplerStreamTests.noise(rate / 4, seed: UInt64(rate))
        let expected = try Resampler.resample(mono, from: rate, to: 16_000)
        let interleaved = mono.flatMap { [$0, $0] }
        var generator = SeededGenerator(seed: 21)
        var ingress = AudioIngress()
        var output: [Float] = []
        var start = 0
        while start < mono.count {
            let end = min(mono.count, start + Int.random(in: 0...3_000, using: &generator))
            let samples = Array(interleaved[(2 * start)..<(2 * end)])
            output += try ingress.push(AudioFrame(.float32(samples), format: format))
            start = end
        }
        #expect(ingress.latency > .zero && ingress.latency <= .milliseconds(10))
        output += ingress.flush()
        #expect(output == expected)
    }

    @Test func `another format is refused without a trace`() throws {
        let format = try AudioFormat(sampleRate: 48_000)
        let input = ResamplerStreamTests.noise(4_000, seed: 5)
        var ingress = AudioIngress()
        var output = try ingress.push(AudioFrame(.float32(Array(input[..<2_000])), format: format))
        for other in [AudioFormat.mono16kHz, try AudioFormat(sampleRate: 48_000, channelCount: 2)] {
            let error = #expect(throws: TurnError.self) {
                _ = try ingress.push(AudioFrame(.int16([1, 2, 3, 4]), format: other))
            }
            #expect(error?.code == .invalidAudio)
        }
        #expect(ingress.format == format)
        // Integers of the same rate and channels are the same format.
        output += try ingress.push(AudioFrame(.int16([]), format: format))
        output += try ingress.push(AudioFrame(.float32(Array(input[2_000...])), format: format))
        output += ingress.flush()
        #expect(try output == Resampler.resample(input, from: 48_000, to: 16_000))
    }

    @Test func `after flush or reset another format may follow`() throws {
        var ingress = AudioIngress()
        let input = ResamplerStreamTests.noise(1_000, seed: 6)
        for rate in [8_000, 16_000, 48_000, 48_000, 8_000] {
            let frame = try AudioFrame(.float32(input), format: AudioFormat(sampleRate: rate))
            let output = try ingress.push(frame) + ingress.flush()
            #expect(try output == Resampler.resample(input, from: rate, to: 16_000))
            #expect(ingress.format == nil)
            _ = try ingress.push(frame)
            ingress.reset()
            #expect(ingress.format == nil)
            #expect(ingress.flush().isEmpty)
        }
    }

    /// The reference's resampler answers at once, within 10 samples; this one holds back its group delay.
    @Test(arguments: [8_000, 24_000, 44_100, 48_000])
    func `R-114 50 ms at another rate are 800 samples once flushed`(rate: Int) throws {
        let format = try AudioFormat(sampleRate: rate)
        var ingress = AudioIngress()
        let frame = try AudioFrame(.int16([Int16](repeating: 9, count: rate / 20)), format: format)
        let pushed = try ingress.push(frame).count
        #expect((800 - 160...800).contains(pushed))
        #expect(pushed + ingress.flush().count == 800)
    }

    @Test func `R-116 one sample from 8 kHz gives nothing yet`() throws {
        let format = try AudioFormat(sampleRate: 8_000)
        var ingress = AudioIngress()
        #expect(try ingress.push(AudioFrame(.int16([1_000]), format: format)).isEmpty)
        #expect(
            try !ingress.push(AudioFrame(.int16([Int16](repeating: 0, count: 80)), format: format)).isEmpty)
    }

    @Test func `samples that are not finite, or absurd, count as 0`() throws {
        var ingress = AudioIngress()
        let values: [Float] = [
            .nan, .infinity, -.infinity, .signalingNaN, .greatestFiniteMagnitude, 1_000_001, 1_000_000, -0.5,
        ]
        #expect(
            try ingress.push(AudioFrame(.float32(values), format: .mono16kHz)) == [
                0, 0, 0, 0, 0, 0, 1_000_000, -0.5,
            ])

        let format = try AudioFormat(sampleRate: 44_100, channelCount: 8)
        var resampled = AudioIngress()
        let damaged = [Float](repeating: .infinity, count: 800) + [Float](repeating: 1_000_000, count: 80_000)
        let output = try resampled.push(AudioFrame(.float32(damaged), format: format))
        #expect(output.count > 3_000 && output.allSatisfy(\.isFinite))
    }

    @Test func `pointers give the same as frames`() throws {
        let format = try AudioFormat(sampleRate: 24_000, channelCount: 3)
        let floats = ResamplerStreamTests.noise(3_000, seed: 8)
        let integers = floats.map { Int16($0 * 32_767) }
        var (frames, pointers) = (AudioIngress(), AudioIngress())
        var output: [Float] = []
        try floats.withUnsafeBufferPointer { try pointers.push($0, format: format) { output += $0 } }
        try integers.withUnsafeBufferPointer { try pointers.push($0, format: format) { output += $0 } }
        pointers.flush { output += $0 }
        var expected = try frames.push(AudioFrame(.float32(floats), format: format))
        expected += try frames.push(AudioFrame(.int16(integers), format: format))
        expected += frames.flush()
        #expect(output == expected)

        let error = #expect(throws: TurnError.self) {
            try integers[..<4].withUnsafeBufferPointer { try pointers.push($0, format: format) { _ in } }
        }
        #expect(error?.code == .invalidArgument)
        #expect(pointers.format == nil)
    }

    @Test func `the output rate can be chosen`() throws {
        var ingress = try AudioIngress(outputSampleRate: 48_000)
        let input = ResamplerStreamTests.noise(1_000, seed: 10)
        let output = try ingress.push(AudioFrame(.float32(input), format: .mono16kHz)) + ingress.flush()
        #expect(try output == Resampler.resample(input, from: 16_000, to: 48_000))
        #expect(throws: TurnError.self) { try AudioIngress(outputSampleRate: 1) }
    }
}
