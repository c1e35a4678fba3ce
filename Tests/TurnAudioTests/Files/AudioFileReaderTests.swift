import Testing
import TurnAudio
import TurnCore
import TurnTesting

@Suite struct AudioFileReaderTests {
    @Test func `a file is read by its path`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(WAVBytes.pcm16(WAVHeaderTests.samples, format: .mono16kHz), to: "a.wav")
        let reader = try AudioFileReader(path: path, decoderSearchPath: "")
        #expect(try reader.readAll() == WAVHeaderTests.samples.map { Float($0) / 32_768 })
    }

    @Test func `a missing file, a folder and no audio are told apart`() throws {
        let folder = try TemporaryFolder()
        let text = try folder.write(Array("Dear diary, this is not audio at all.".utf8), to: "diary.txt")
        let empty = try folder.write([], to: "empty.wav")
        let cases: [(String, TurnError.Code)] = [
            (folder.path + "/none.wav", .fileMissing), (text + "/none.wav", .fileMissing),
            (folder.path, .inputOutput), (text, .invalidAudio), (empty, .invalidAudio), ("", .fileMissing),
        ]
        for (path, code) in cases {
            let error = #expect(throws: TurnError.self) {
                _ = try AudioFileReader(path: path, decoderSearchPath: "")
            }
            #expect(error?.code == code, "\(path): \(error?.message ?? "")")
            #expect(error?.message.contains("\n") == false)
        }
    }

    @Test(arguments: [(SampleEncoding.int16, 2), (.float32, 4)])
    func `raw samples need no header; a cut one at the end is left out`(
        encoding: SampleEncoding, byteCount: Int
    ) throws {
        let values: [Float] = [0.5, -0.25, 0.125, -1]
        let bytes = values.flatMap { value in
            encoding == .int16
                ? WAVBytes.littleEndian(Int16(value * 32_768)) : WAVBytes.littleEndian(value.bitPattern)
        }
        let format = try AudioFormat(sampleRate: 16_000, channelCount: 2)
        for cut in 0..<(2 * byteCount) {
            let source = MemoryByteSource(Array(bytes.dropLast(cut)), largestRead: 3)
            let reader = AudioFileReader(raw: encoding, format: format, from: source)
            #expect(reader.declaredSampleCount == nil && reader.declaredDuration == nil)
            #expect(try reader.readAll() == Array(values.prefix(cut == 0 ? 4 : 2)), "\(cut) bytes missing")
        }
    }

    /// What a live pipe has delivered is handed on at once.
    @Test func `a frame does not wait for more than there is`() throws {
        let bytes = WAVBuilder.pcm16([1, 2, 3, 4, 5])
        let reader = AudioFileReader(
            raw: .int16, format: .mono16kHz, from: MemoryByteSource(bytes, largestRead: 4))
        #expect(try reader.readFrame()?.samples == .int16([1, 2]))
        #expect(try reader.readFrame(maximumSampleCount: 1)?.samples == .int16([3]))
        #expect(try reader.readFrame(maximumSampleCount: 0)?.samples == .int16([4]))
        #expect(try reader.readFrame()?.samples == .int16([5]))
        #expect(try reader.readFrame() == nil)
        #expect(try reader.readFrame() == nil)
    }

    @Test func `the rest as 16 kHz mono`() throws {
        let format = try AudioFormat(sampleRate: 48_000, channelCount: 2)
        let mono = ResamplerStreamTests.noise(20_000, seed: 3).map { Int16($0 * 32_767) }
        let bytes = WAVBytes.pcm16(mono.flatMap { [$0, $0] }, format: format)
        let expected = try Resampler.resample(mono.map { Float($0) / 32_768 }, from: 48_000, to: 16_000)
        #expect(try AudioFileReader(wav: MemoryByteSource(bytes)).readMono16kHz() == expected)
    }

    /// Two gigabytes pass through 64 KiB.
    @Test(.timeLimit(.minutes(15))) func `a long file is read in pieces`() throws {
        var wav = WAVBuilder()
        wav.format(channels: 2, rate: 48_000, frameByteCount: 4)
        wav.chunk("data", [], declared: 2_000_000_004)
        let reader = try AudioFileReader(
            wav: EndlessSource(start: wav.bytes, repeating: [UInt8](repeating: 1, count: 1 << 16)))
        #expect(reader.declaredSampleCount == 500_000_001)
        var (sampleCount, largest) = (0, 0)
        while let frame = try reader.readFrame(maximumSampleCount: .max) {
            sampleCount += frame.sampleCount
            largest = max(largest, frame.sampleCount)
        }
        #expect(sampleCount == 500_000_001)
        #expect(largest <= 1 << 14)
    }
}
