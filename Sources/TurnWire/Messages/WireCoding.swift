import SwiftProtobuf
import TurnCore

extension TurnError.Code {
    /// Bytes from a peer are not a message of the protocol.
    public static let malformedMessage = TurnError.Code(rawValue: "malformed_message")
}

/// Decodes one message. Whatever the bytes are, the outcome is a message or an error.
func decodeMessage<Message: SwiftProtobuf.Message>(
    _ type: Message.Type, from bytes: [UInt8]
) throws(TurnError) -> Message {
    do {
        return try Message(serializedBytes: bytes)
    } catch {
        throw TurnError(
            .malformedMessage,
            "\(bytes.count) bytes are not a message of the end-of-turn protocol; check what the peer speaks",
            cause: error)
    }
}

/// Encodes one message; equal messages give equal bytes.
func encodeMessage(_ message: some SwiftProtobuf.Message) throws(TurnError) -> [UInt8] {
    do {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        return try message.serializedBytes(options: options)
    } catch {
        throw TurnError(
            .invalidArgument, "the message is too large for the wire; push audio in smaller pieces",
            cause: error)
    }
}
