import TurnTesting

/// WAV files put together chunk by chunk, also those that no writer would make.
struct WAVBuilder {
    var identifier: String
    /// The length after the first 8 bytes; nil for the true one.
    var riffByteCount: UInt32?
    private var chunks: [UInt8] = []

    init(identifier: String = "RIFF", riffByteCount: UInt32? = nil) {
        self.identifier = identifier
        self.riffByteCount = riffByteCount
    }

    /// A chunk, padded to an even length; `declared` is the length to state, nil for the true one.
    mutating func chunk(_ name: String, _ content: [UInt8], declared: UInt32? = nil) {
        chunks += name.utf8
        chunks += WAVBytes.littleEndian(declared ?? UInt32(content.count))
        chunks += content
        if !content.count.isMultiple(of: 2) { chunks.append(0) }
    }

    /// A format chunk.
    mutating func format(
        tag: UInt16 = 1, channels: UInt16 = 1, rate: UInt32 = 16_000, frameByteCount: UInt16 = 2,
        bits: UInt16 = 16, extra: [UInt8] = []
    ) {
        chunk(
            "fmt ",
            WAVBytes.littleEndian(tag) + WAVBytes.littleEndian(channels) + WAVBytes.littleEndian(rate)
                + WAVBytes.littleEndian(rate &* UInt32(frameByteCount))
                + WAVBytes.littleEndian(frameByteCount) + WAVBytes.littleEndian(bits) + extra)
    }

    /// The file.
    var bytes: [UInt8] {
        Array(identifier.utf8) + WAVBytes.littleEndian(riffByteCount ?? UInt32(chunks.count + 4))
            + "WAVE".utf8 + chunks
    }

    /// 16-bit samples as bytes.
    static func pcm16(_ samples: [Int16]) -> [UInt8] { samples.flatMap { WAVBytes.littleEndian($0) } }
}
