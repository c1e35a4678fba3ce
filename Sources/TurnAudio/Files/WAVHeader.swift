import TurnCore

/// What stands before the samples of a WAV file.
///
/// Sources: Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0; Microsoft,
/// WAVE_FORMAT_EXTENSIBLE; EBU Tech 3306 (RF64).
struct WAVHeader {
    /// How the samples are written.
    enum Codec {
        case linear(SampleEncoding)
        /// A compressed or unusual format, by its registered number, or with an unusual sample size.
        case other(String)
    }

    let codec: Codec
    let sampleRate: Int
    let channelCount: Int
    /// Bytes of samples that the file declares; nil for "until the end", as streams are written.
    let dataByteCount: UInt64?

    /// Chunks that may come before the samples, in bytes: more is no audio file of this world.
    private static let largestPreamble: UInt64 = 1 << 26

    private struct Format {
        let codec: Codec
        let sampleRate: Int
        let channelCount: Int
    }

    /// Whether the next bytes begin a WAV file, of whatever kind.
    static func isNext(in source: inout BufferedByteSource) throws(TurnError) -> Bool {
        guard try source.require(12) else { return false }
        let bytes = source.withAvailableBytes { LittleEndianBytes(Array($0.prefix(12))) }
        return bytes.hasText("WAVE", at: 8)
            && (bytes.hasText("RIFF") || bytes.hasText("RF64") || bytes.hasText("BW64")
                || bytes.hasText("RIFX"))
    }

    /// Reads up to the first sample.
    ///
    /// - Throws: ``TurnError`` `.invalidAudio` when the bytes are no WAV file or a damaged one.
    init(from source: inout BufferedByteSource) throws(TurnError) {
        guard let start = try source.take(12), start.hasText("WAVE", at: 8) else {
            throw Self.damaged("does not begin as a WAV file does")
        }
        guard !start.hasText("RIFX") else {
            throw Self.damaged("is a big-endian WAV file (RIFX), which is not supported")
        }
        let is64Bit = start.hasText("RF64") || start.hasText("BW64")
        guard is64Bit || start.hasText("RIFF") else {
            throw Self.damaged("does not begin as a WAV file does")
        }

        let fileByteCount = start.uint32(at: 4)
        var longDataByteCount: UInt64?
        var format: Format?
        while let chunk = try source.take(8) {
            let byteCount = chunk.uint32(at: 4)
            if chunk.hasText("data") {
                guard let format else { throw Self.damaged("has its samples before their format") }
                codec = format.codec
                sampleRate = format.sampleRate
                channelCount = format.channelCount
                dataByteCount = Self.dataByteCount(
                    declared: byteCount, long: longDataByteCount, fileByteCount: fileByteCount,
                    position: source.position)
                return
            }
            var rest = UInt64(byteCount) + UInt64(byteCount & 1)
            if chunk.hasText("fmt "), format == nil {
                guard byteCount >= 16, let bytes = try source.take(Int(min(byteCount, 40))) else {
                    throw Self.damaged("has a format chunk of less than 16 bytes")
                }
                format = try Self.parseFormat(bytes)
                rest -= UInt64(bytes.bytes.count)
            } else if chunk.hasText("ds64"), is64Bit, byteCount >= 24 {
                guard let bytes = try source.take(24) else { throw Self.damaged("ends within its header") }
                longDataByteCount = bytes.uint64(at: 8)
                rest -= 24
            }
            guard source.position + rest <= Self.largestPreamble else {
                throw Self.damaged("has no samples within its first \(Self.largestPreamble >> 20) MiB")
            }
            guard try source.skip(rest) else { break }
        }
        throw Self.damaged(format == nil ? "has no format chunk" : "has no samples")
    }

    private static func parseFormat(_ bytes: LittleEndianBytes) throws(TurnError) -> Format {
        var tag = bytes.uint16(at: 0)
        let channelCount = Int(bytes.uint16(at: 2))
        let sampleRate = bytes.uint32(at: 4)
        let frameByteCount = Int(bytes.uint16(at: 12))
        let bitCount = Int(bytes.uint16(at: 14))
        if tag == 0xfffe, bytes.bytes.count >= 40 {
            // The sub-format is a GUID: the tag, then the fixed rest of all registered tags.
            let guidTail: [UInt8] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
            guard bytes.bytes[26..<40].elementsEqual(guidTail) else {
                return Format(codec: .other("an unknown extensible format"), sampleRate: 0, channelCount: 0)
            }
            tag = bytes.uint16(at: 24)
        }
        let encoding: SampleEncoding? =
            switch (tag, bitCount) {
            case (1, 1...8): .uint8
            case (1, 9...16): .int16
            case (1, 17...24): .int24
            case (1, 25...32): .int32
            case (3, 32): .float32
            case (3, 64): .float64
            case (6, 8): .aLaw
            case (7, 8): .muLaw
            default: nil
            }
        guard let encoding else {
            return Format(
                codec: .other("format \(tag) with \(bitCount) bits"), sampleRate: 0, channelCount: 0)
        }
        guard AudioFormat.channelCounts.contains(channelCount) else {
            throw damaged("has \(channelCount) channels where 1 to 8 are supported")
        }
        guard AudioFormat.sampleRates.contains(Int(sampleRate)) else {
            throw damaged("has a rate of \(sampleRate) Hz where 8000 to 192000 Hz are supported")
        }
        guard frameByteCount == channelCount * encoding.byteCount else {
            throw damaged(
                "has \(frameByteCount) bytes in a sample frame of \(channelCount) x \(bitCount) bits")
        }
        return Format(codec: .linear(encoding), sampleRate: Int(sampleRate), channelCount: channelCount)
    }

    /// The length of the samples, unless a program that could not go back wrote the header.
    private static func dataByteCount(
        declared: UInt32, long: UInt64?, fileByteCount: UInt32, position: UInt64
    ) -> UInt64? {
        switch declared {
        case .max:
            return long == .max || long == 0 ? nil : long
        case 0:
            // An honest zero has the file's length beside it, and something after the samples.
            let isHonest = fileByteCount != .max && UInt64(fileByteCount) + 8 > position
            return isHonest ? 0 : nil
        default:
            return UInt64(declared)
        }
    }

    private static func damaged(_ what: String) -> TurnError {
        TurnError(.invalidAudio, "the audio \(what); check the file")
    }
}
