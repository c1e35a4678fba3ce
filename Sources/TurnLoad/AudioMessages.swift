import NIOCore
import TurnCore

/// The messages of one recording, encoded once for all sessions: only the two time stamps of a message change from one
/// sending to the next, so a message is a copy with twenty bytes written anew.
package struct AudioMessages: Sendable {
    /// One `input_audio`, and whether a prediction is asked for behind it.
    package struct Frame: Sendable {
        fileprivate let template: ByteBuffer
        /// Whether a pause lies within this frame.
        package let endsPause: Bool

        /// The message, ready to send.
        ///
        /// - Parameter time: becomes both `created_at`.
        /// - Returns: the payload of a frame.
        package func message(at time: WireStamp) -> ByteBuffer {
            var message = template
            message.setBytes(time.bytes, at: AudioMessages.outerStamp)
            message.setBytes(time.bytes, at: template.writerIndex - AudioMessages.innerStampFromEnd)
            return message
        }
    }

    /// In the order of the recording; the rest that is shorter than a frame is left out.
    package let frames: [Frame]

    /// - Parameters:
    ///   - audio: what to send.
    ///   - frameSampleCount: samples a message; at most a second's.
    package init(_ audio: LoadAudio, frameSampleCount: Int) {
        precondition((1...LoadAudio.sampleRate).contains(frameSampleCount))
        let count = audio.samples.count / frameSampleCount
        var pauses = Set(audio.pauses.map { ($0 - 1) / frameSampleCount })
        // A pause in the rest that is left out belongs to the last frame.
        if pauses.remove(count) != nil { pauses.insert(count - 1) }
        frames = (0..<count).map { index in
            let start = index * frameSampleCount
            return Frame(
                template: Self.template(audio.samples[start..<(start + frameSampleCount)]),
                endsPause: pauses.contains(index))
        }
    }

    /// Where the stamp of the whole message begins: behind its field and length.
    fileprivate static let outerStamp = 2
    /// How far from its end the audio's own stamp begins: itself, then `num_samples` in four bytes.
    fileprivate static let innerStampFromEnd = WireStamp.byteCount + 4

    /// `ClientMessage{created_at, input_audio{audio, created_at, num_samples}}` with empty stamps.
    private static func template(_ samples: ArraySlice<Int16>) -> ByteBuffer {
        let audioByteCount = samples.count * 2
        let stamp = WireStamp(.zero).bytes
        var inner = ByteBuffer()
        inner.writeInteger(UInt8(0x0A))
        inner.writeVarint(audioByteCount)
        for sample in samples { inner.writeInteger(sample, endianness: .little) }
        inner.writeBytes([0x12, UInt8(stamp.count)])
        inner.writeBytes(stamp)
        inner.writeInteger(UInt8(0x18))
        inner.writeVarint(samples.count, byteCount: 3)

        var message = ByteBuffer()
        message.writeBytes([0x0A, UInt8(stamp.count)])
        message.writeBytes(stamp)
        message.writeInteger(UInt8(0x1A))
        message.writeVarint(inner.readableBytes)
        message.writeBuffer(&inner)
        return message
    }
}

/// A `google.protobuf.Timestamp` that always takes the same number of bytes: both fields are variable-length numbers of
/// five bytes, the shorter ones filled up with empty groups of seven bits, which every decoder takes.
package struct WireStamp: Sendable {
    package static let byteCount = 12
    package let bytes: [UInt8]

    /// - Parameter time: since the Unix epoch; until the year 3058, which is where five bytes end.
    package init(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt8(0x08))
        buffer.writeVarint(Int(seconds), byteCount: 5)
        buffer.writeInteger(UInt8(0x10))
        buffer.writeVarint(Int(attoseconds / 1_000_000_000), byteCount: 5)
        bytes = Array(buffer.readableBytesView)
    }
}

extension ByteBuffer {
    /// Writes a number of protobuf's variable length; with `byteCount` in exactly so many bytes.
    fileprivate mutating func writeVarint(_ value: Int, byteCount: Int? = nil) {
        var rest = UInt64(value)
        var written = 1
        while byteCount.map({ written < $0 }) ?? (rest > 0x7F) {
            writeInteger(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
            written += 1
        }
        writeInteger(UInt8(rest & 0x7F))
    }
}
