import Foundation
import SwiftProtobuf
import TurnCore

/// A piece of audio on the wire.
public struct InputAudio: Sendable, Hashable {
    /// Coded audio; for ``AudioEncoding/pcmS16LE`` interleaved little-endian samples.
    public var audio: [UInt8]
    /// Samples a channel.
    public var sampleCount: Int
    /// When the audio left the client's queue, since the Unix epoch.
    public var createdAt: Duration?

    public init(audio: [UInt8], sampleCount: Int, createdAt: Duration? = nil) {
        self.audio = audio
        self.sampleCount = sampleCount
        self.createdAt = createdAt
    }

    /// Mono samples, coded as ``AudioEncoding/pcmS16LE``.
    public init(samples: some Collection<Int16>, createdAt: Duration? = nil) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(samples.count * 2)
        for sample in samples {
            bytes.append(UInt8(truncatingIfNeeded: sample))
            bytes.append(UInt8(truncatingIfNeeded: sample >> 8))
        }
        self.init(audio: bytes, sampleCount: samples.count, createdAt: createdAt)
    }

    init(_ proto: ProtoInputAudio) {
        audio = [UInt8](proto.audio)
        sampleCount = Int(proto.numSamples)
        createdAt = proto.hasCreatedAt ? proto.createdAt.sinceUnixEpoch : nil
    }

    var proto: ProtoInputAudio {
        .with {
            $0.audio = Data(audio)
            $0.numSamples = UInt32(clamping: sampleCount)
            if let createdAt { $0.createdAt = Google_Protobuf_Timestamp(sinceUnixEpoch: createdAt) }
        }
    }
}

/// A message from client to server: one binary WebSocket frame.
///
/// A value. Fields that this version does not know survive decoding and encoding.
public struct ClientMessage: Sendable, Hashable {
    /// What a message says.
    public enum Body: Sendable, Hashable {
        /// Opens the session; always the first message. Nil settings stand for a message without any.
        case sessionCreate(SessionSettings?)
        case inputAudio(InputAudio)
        /// A turn was decided: forget the audio so far.
        case sessionFlush
        /// No more will come.
        case sessionClose
        /// Asks for a prediction.
        case inferenceStart(requestID: String)
        /// Withdraws that question.
        case inferenceStop(requestID: String)
        case bufferStart
        case bufferStop
        /// The conversation so far; for other services on the same wire.
        case chatContext
    }

    private var proto: ProtoClientMessage

    /// - Parameters:
    ///   - body: what to say.
    ///   - createdAt: when it is sent, since the Unix epoch.
    public init(_ body: Body, createdAt: Duration? = nil) {
        proto = ProtoClientMessage()
        proto.message = body.proto
        self.createdAt = createdAt
    }

    /// Reads a message from the payload of a frame.
    ///
    /// - Parameter bytes: the payload, from any peer.
    /// - Throws: ``TurnError`` `.malformedMessage`.
    public init(decoding bytes: [UInt8]) throws(TurnError) {
        proto = try decodeMessage(ProtoClientMessage.self, from: bytes)
    }

    /// The payload of the frame.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` when audio of over 2 GB makes it too large.
    public func encoded() throws(TurnError) -> [UInt8] { try encodeMessage(proto) }

    /// When the message was sent, since the Unix epoch.
    public var createdAt: Duration? {
        get { proto.hasCreatedAt ? proto.createdAt.sinceUnixEpoch : nil }
        set {
            if let newValue {
                proto.createdAt = Google_Protobuf_Timestamp(sinceUnixEpoch: newValue)
            } else {
                proto.clearCreatedAt()
            }
        }
    }

    /// What the message says; nil when it says nothing, or something this version does not know.
    public var body: Body? { proto.message.map(Body.init) }
}

extension ClientMessage.Body {
    fileprivate init(_ proto: ProtoClientMessage.OneOf_Message) {
        self =
            switch proto {
            case .sessionCreate(let create):
                .sessionCreate(create.hasSettings ? SessionSettings(create.settings) : nil)
            case .inputAudio(let audio): .inputAudio(InputAudio(audio))
            case .sessionFlush: .sessionFlush
            case .sessionClose: .sessionClose
            case .inferenceStart(let start): .inferenceStart(requestID: start.requestID)
            case .inferenceStop(let stop): .inferenceStop(requestID: stop.requestID)
            case .bufferStart: .bufferStart
            case .bufferStop: .bufferStop
            case .eotInputChatContext: .chatContext
            }
    }

    fileprivate var proto: ProtoClientMessage.OneOf_Message {
        switch self {
        case .sessionCreate(let settings):
            .sessionCreate(.with { if let settings { $0.settings = settings.proto } })
        case .inputAudio(let audio): .inputAudio(audio.proto)
        case .sessionFlush: .sessionFlush(ProtoSessionFlush())
        case .sessionClose: .sessionClose(ProtoSessionClose())
        case .inferenceStart(let requestID): .inferenceStart(.with { $0.requestID = requestID })
        case .inferenceStop(let requestID): .inferenceStop(.with { $0.requestID = requestID })
        case .bufferStart: .bufferStart(ProtoBufferStart())
        case .bufferStop: .bufferStop(ProtoBufferStop())
        case .chatContext: .eotInputChatContext(ProtoEotInputChatContext())
        }
    }
}
