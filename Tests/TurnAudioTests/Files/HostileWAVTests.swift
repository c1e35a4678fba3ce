import Testing
import TurnAudio
import TurnCore
import TurnTesting

/// Bytes from people who mean no good: an error or what audio there is, never a trap, in bounded time and memory.
@Suite struct HostileWAVTests {
    /// 10,000 damaged files, always the same ones.
    @Test(.timeLimit(.minutes(15)))
    func `fixed-seed mutations`() throws {
        let files = WAVZooTests.zoo.map(\.file)
        var generator = SeededGenerator(seed: 2026)
        var refused = 0
        for _ in 0..<10_000 {
            let bytes = Self.mutated(files.randomElement(using: &generator)!, &generator)
            let largestRead = [1, 5, 64, Int.max].randomElement(using: &generator)!
            do throws(TurnError) {
                let reader = try AudioFileReader(wav: MemoryByteSource(bytes, largestRead: largestRead))
                var count = 0
                while let frame = try reader.readFrame() {
                    #expect(frame.format == reader.format && frame.sampleCount > 0)
                    count += frame.samples.count
                }
                #expect(count * reader.encoding.byteCount <= bytes.count)
            } catch {
                #expect(error.code == .invalidAudio)
                refused += 1
            }
        }
        // Mutations that all fail, or all pass, would test one half only.
        #expect((1_000...9_000).contains(refused))
    }

    private static func mutated(_ file: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = file
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            // Mostly in the header, where it hurts.
            let reach = Bool.random(using: &generator) ? min(80, bytes.count) : bytes.count
            guard reach > 0 else { break }
            let place = Int.random(in: 0..<reach, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 5))
            case 3: bytes.insert(contentsOf: bytes.prefix(place).suffix(9), at: place)
            case 4: bytes.removeSubrange(place...)
            default:
                let values: [UInt32] = [0, 1, 0x7fff_ffff, 0x8000_0000, .max - 1, .max]
                let value = values.randomElement(using: &generator)!
                let field = WAVBytes.littleEndian(value)
                for (offset, byte) in field.enumerated() where place + offset < bytes.count {
                    bytes[place + offset] = byte
                }
            }
        }
        return bytes
    }

    @Test func `random bytes are refused`() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<1_000 {
            let count = Int.random(in: 0...200, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let error = #expect(throws: TurnError.self) {
                _ = try AudioFileReader(wav: MemoryByteSource(bytes))
            }
            #expect(error?.code == .invalidAudio)
        }
    }

    /// A stream that goes on forever must not be read forever.
    @Test(.timeLimit(.minutes(15)), arguments: [UInt32(0), 1 << 16, .max])
    func `endless chunks end`(chunkByteCount: UInt32) throws {
        let source = EndlessSource(
            start: WAVBuilder().bytes,
            repeating: Array("JUNK".utf8) + WAVBytes.littleEndian(chunkByteCount)
                + [UInt8](repeating: 0, count: Int(min(chunkByteCount, 1 << 16))))
        let error = #expect(throws: TurnError.self) { _ = try AudioFileReader(wav: source) }
        #expect(error?.code == .invalidAudio)
    }

    @Test func `a declared length costs nothing`() throws {
        var wav = WAVBuilder()
        wav.format()
        wav.chunk("data", [1, 0, 2, 0], declared: .max - 1)
        let reader = try AudioFileReader(wav: MemoryByteSource(wav.bytes))
        #expect(try reader.readFrame(maximumSampleCount: .max)?.samples == .int16([1, 2]))
        #expect(try reader.readFrame(maximumSampleCount: .max) == nil)
    }

    @Test func `a source that fails, or lies, is an error`() throws {
        struct FailingSource: ByteSource {
            func read(into buffer: UnsafeMutableRawBufferPointer) throws(TurnError) -> Int {
                throw TurnError(.inputOutput, "the disk is gone; get a new one")
            }
        }
        struct LyingSource: ByteSource {
            let count: Int
            func read(into buffer: UnsafeMutableRawBufferPointer) -> Int { count }
        }
        for source in [FailingSource(), LyingSource(count: -1), LyingSource(count: .max)] as [any ByteSource]
        {
            let error = #expect(throws: TurnError.self) { _ = try AudioFileReader(wav: source) }
            #expect(error?.code == .inputOutput)
            let raw = AudioFileReader(raw: .int16, format: .mono16kHz, from: source)
            #expect(throws: TurnError.self) { _ = try raw.readFrame() }
        }
    }
}

/// A beginning, then the same bytes again and again.
struct EndlessSource: ByteSource {
    private let start: [UInt8]
    private let period: [UInt8]
    private var position = 0

    init(start: [UInt8], repeating period: [UInt8]) {
        self.start = start
        self.period = period
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let bytes: ArraySlice<UInt8>
        if position < start.count {
            bytes = start[position...]
        } else {
            bytes = period[((position - start.count) % period.count)...]
        }
        let count = min(buffer.count, bytes.count)
        bytes.prefix(count).withUnsafeBytes { buffer.copyMemory(from: $0) }
        position += count
        return count
    }
}
