import TurnCore

/// Makes WAV files in memory.
public enum WAVBytes {
    /// A WAV file of 16-bit PCM.
    ///
    /// - Parameters:
    ///   - samples: interleaved.
    ///   - format: rate and channels of the samples.
    /// - Returns: 44 bytes of header, then the samples.
    public static func pcm16(_ samples: [Int16], format: AudioFormat) -> [UInt8] {
        let dataByteCount = UInt32(samples.count * 2)
        let frameByteCount = UInt32(format.channelCount * 2)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(44 + samples.count * 2)
        bytes += "RIFF".utf8
        bytes += littleEndian(36 + dataByteCount)
        bytes += "WAVEfmt ".utf8
        bytes += littleEndian(UInt32(16))
        bytes += littleEndian(UInt16(1))
        bytes += littleEndian(UInt16(format.channelCount))
        bytes += littleEndian(UInt32(format.sampleRate))
        bytes += littleEndian(UInt32(format.sampleRate) * frameByteCount)
        bytes += littleEndian(UInt16(frameByteCount))
        bytes += littleEndian(UInt16(16))
        bytes += "data".utf8
        bytes += littleEndian(dataByteCount)
        for sample in samples { bytes += littleEndian(UInt16(bitPattern: sample)) }
        return bytes
    }

    /// The bytes of a header field or a sample.
    public static func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        (0..<(Value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
