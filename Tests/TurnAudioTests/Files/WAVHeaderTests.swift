import Testing
import TurnAudio
import TurnCore
import TurnTesting

/// Headers as they are met in the wild.
@Suite struct WAVHeaderTests {
    static let samples: [Int16] = [1, -2, 300, -400, 32_767, -32_768]
    static var data: [UInt8] { WAVBuilder.pcm16(samples) }

    static func read(_ bytes: [UInt8]) throws(TurnError) -> [Float] {
        try AudioFileReader(wav: MemoryByteSource(bytes)).readAll()
    }

    static func expectSamples(_ bytes: [UInt8], _ comment: Comment? = nil) throws {
        #expect(try read(bytes) == samples.map { Float($0) / 32_768 }, comment)
    }

    static func expectRefusal(_ bytes: [UInt8], naming text: String) {
        let error = #expect(throws: TurnError.self) { try read(bytes) }
        #expect(error?.code == .invalidAudio)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }

    @Test func `the test writer's files are read`() throws {
        let format = try AudioFormat(sampleRate: 48_000, channelCount: 2)
        let reader = try AudioFileReader(wav: MemoryByteSource(WAVBytes.pcm16(Self.samples, format: format)))
        #expect(reader.format == format)
        #expect(reader.encoding == .int16)
        #expect(reader.declaredSampleCount == 3)
        #expect(reader.declaredDuration == .nanoseconds(62_500))
        #expect(try reader.readFrame() == AudioFrame(.int16(Self.samples), format: format))
        #expect(try reader.readFrame() == nil)
    }

    @Test func `unknown chunks, odd ones too, are passed over`() throws {
        var wav = WAVBuilder()
        wav.chunk("JUNK", [1, 2, 3])
        wav.chunk("bext", [UInt8](repeating: 7, count: 100_001))
        wav.format()
        wav.chunk("LIST", [1])
        wav.chunk("fmt ", [9, 9])
        wav.chunk("data", Self.data)
        wav.chunk("LIST", [UInt8](repeating: 1, count: 99))
        try Self.expectSamples(wav.bytes)
    }

    @Test func `data of odd length keeps its last byte from the next chunk`() throws {
        var wav = WAVBuilder()
        wav.format(frameByteCount: 1, bits: 8)
        wav.chunk("data", [0, 128, 255])
        wav.chunk("LIST", [1, 2, 3, 4])
        #expect(try Self.read(wav.bytes) == [-1, 0, 127 / 128])
    }

    @Test(arguments: [
        (UInt32(0), UInt32(0)), (0, .max), (36, 0), (.max, .max), (0, 0x7fff_fff0), (.max, 0x7fff_ff00),
    ])
    func `headers of streams read to the end`(riff: UInt32, data: UInt32) throws {
        var wav = WAVBuilder()
        wav.riffByteCount = riff
        wav.format()
        wav.chunk("data", Self.data, declared: data)
        try Self.expectSamples(wav.bytes)
        let reader = try AudioFileReader(wav: MemoryByteSource(wav.bytes))
        #expect((reader.declaredSampleCount == nil) == (data == 0 || data == .max))
    }

    @Test func `an honest zero length is an empty recording`() throws {
        var wav = WAVBuilder()
        wav.format()
        wav.chunk("data", [])
        #expect(try Self.read(wav.bytes).isEmpty)
        wav.chunk("LIST", [1, 2, 3, 4, 5, 6])
        #expect(try Self.read(wav.bytes).isEmpty)
    }

    @Test(arguments: ["RF64", "BW64"]) func `64-bit lengths`(identifier: String) throws {
        func ds64(_ dataByteCount: UInt64) -> [UInt8] {
            WAVBytes.littleEndian(UInt64(0)) + WAVBytes.littleEndian(dataByteCount)
                + WAVBytes.littleEndian(UInt64(0)) + WAVBytes.littleEndian(UInt32(0))
        }
        var wav = WAVBuilder(identifier: identifier, riffByteCount: .max)
        wav.chunk("ds64", ds64(UInt64(Self.data.count)))
        wav.format()
        wav.chunk("data", Self.data, declared: .max)
        wav.chunk("LIST", [1, 2])
        try Self.expectSamples(wav.bytes)

        var long = WAVBuilder(identifier: identifier, riffByteCount: .max)
        long.chunk("ds64", ds64(6_000_000_000))
        long.format()
        long.chunk("data", Self.data, declared: .max)
        let reader = try AudioFileReader(wav: MemoryByteSource(long.bytes))
        #expect(reader.declaredSampleCount == 3_000_000_000)
        #expect(reader.declaredDuration == .seconds(187_500))
        #expect(try reader.readAll().count == Self.samples.count)
    }

    @Test(arguments: [
        (UInt16(1), UInt16(12), UInt16(2), SampleEncoding.int16), (1, 4, 1, .uint8), (1, 20, 3, .int24),
        (1, 32, 4, .int32), (3, 32, 4, .float32), (3, 64, 8, .float64), (6, 8, 1, .aLaw), (7, 8, 1, .muLaw),
    ])
    func `the extensible header names the encoding`(
        tag: UInt16, bits: UInt16, byteCount: UInt16, encoding: SampleEncoding
    ) throws {
        let guid = WAVBytes.littleEndian(tag) + [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
        var wav = WAVBuilder()
        wav.format(
            tag: 0xfffe, frameByteCount: byteCount, bits: bits,
            extra: WAVBytes.littleEndian(UInt16(22)) + WAVBytes.littleEndian(bits) + [0, 0, 0, 0] + guid)
        wav.chunk("data", [UInt8](repeating: 0x40, count: 24))
        let reader = try AudioFileReader(wav: MemoryByteSource(wav.bytes))
        #expect(reader.encoding == encoding)
        #expect(try reader.readAll().count == 24 / Int(byteCount))
    }

    @Test func `what cannot be read is named`() {
        func wav(_ change: (inout WAVBuilder) -> Void) -> [UInt8] {
            var wav = WAVBuilder()
            change(&wav)
            wav.chunk("data", Self.data)
            return wav.bytes
        }
        Self.expectRefusal([], naming: "does not begin")
        Self.expectRefusal(Array("ID3 and so on, no WAV".utf8), naming: "does not begin")
        Self.expectRefusal(wav { $0.identifier = "RIFX" }, naming: "RIFX")
        Self.expectRefusal(wav { _ in }, naming: "before their format")
        Self.expectRefusal(wav { $0.chunk("fmt ", [1, 0]) }, naming: "format chunk")
        Self.expectRefusal(wav { $0.format(channels: 0, frameByteCount: 0) }, naming: "0 channels")
        Self.expectRefusal(wav { $0.format(channels: 9, frameByteCount: 18) }, naming: "9 channels")
        Self.expectRefusal(wav { $0.format(rate: 7_999) }, naming: "7999 Hz")
        Self.expectRefusal(wav { $0.format(rate: .max) }, naming: "4294967295 Hz")
        Self.expectRefusal(wav { $0.format(frameByteCount: 3) }, naming: "3 bytes in a sample frame")
        Self.expectRefusal(wav { $0.format(tag: 0x11, bits: 4) }, naming: "format 17 with 4 bits")
        Self.expectRefusal(wav { $0.format(bits: 0) }, naming: "format 1 with 0 bits")
        Self.expectRefusal(wav { $0.format(tag: 3, bits: 16) }, naming: "format 3 with 16 bits")
        Self.expectRefusal(
            wav { $0.format(tag: 0xfffe, extra: [UInt8](repeating: 1, count: 24)) }, naming: "extensible")
        var headless = WAVBuilder()
        headless.format()
        Self.expectRefusal(headless.bytes, naming: "has no samples")
        Self.expectRefusal(WAVBuilder().bytes, naming: "no format chunk")
    }
}
