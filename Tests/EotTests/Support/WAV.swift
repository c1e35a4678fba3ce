import Foundation
import TurnTesting

/// WAV bytes for tests.
enum WAV {
    /// A file of 16-bit PCM.
    static func pcm16(_ samples: [Int16], rate: Int = 16_000, channels: Int = 1) -> [UInt8] {
        var bytes: [UInt8] = Array("RIFF".utf8)
        bytes += little(UInt32(36 + samples.count * 2)) + Array("WAVEfmt ".utf8) + little(UInt32(16))
        bytes += little(UInt16(1)) + little(UInt16(channels)) + little(UInt32(rate))
        bytes += little(UInt32(rate * channels * 2)) + little(UInt16(channels * 2)) + little(UInt16(16))
        bytes += Array("data".utf8) + little(UInt32(samples.count * 2)) + raw(samples)
        return bytes
    }

    /// The samples alone.
    static func raw(_ samples: [Int16]) -> [UInt8] { samples.flatMap { little(UInt16(bitPattern: $0)) } }

    static func silence(seconds: Double) -> [UInt8] {
        pcm16([Int16](repeating: 0, count: Int(seconds * 16_000)))
    }

    /// The samples of a 16-bit PCM file: its chunk `data`.
    static func samples(ofFileAt path: String) throws -> [Int16] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var start = 12
        while true {
            let header = bytes[start..<(start + 8)]
            let count = header.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            start += 8
            if header.prefix(4).elementsEqual("data".utf8) {
                return stride(from: start, to: min(start + count, bytes.count) - 1, by: 2).map {
                    Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
                }
            }
            start += count + count % 2
        }
    }

    private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
