import SwiftProtobuf

/// How audio is coded on the wire.
public enum AudioEncoding: Sendable, Hashable {
    /// Signed 16-bit little-endian linear PCM.
    case pcmS16LE
    case opus
    /// A value this version does not know.
    case unrecognized(Int)

    init(_ proto: ProtoAudioEncoding) {
        switch proto {
        case .pcmS16Le: self = .pcmS16LE
        case .opus: self = .opus
        case .UNRECOGNIZED(let value): self = .unrecognized(value)
        }
    }

    var proto: ProtoAudioEncoding {
        switch self {
        case .pcmS16LE: .pcmS16Le
        case .opus: .opus
        case .unrecognized(let value): .UNRECOGNIZED(value)
        }
    }
}

/// What a client announces when it opens a session.
public struct SessionSettings: Sendable, Hashable {
    /// What the session is asked to detect.
    public enum Detection: Sendable, Hashable {
        /// Not said; a session is for end-of-turn detection then. The only form this library's client sends.
        case unspecified
        /// End of turn, told explicitly.
        case endOfTurn
        /// Interruptions (barge-in), which is another service.
        case interruption
    }

    /// Samples a second and channel, in hertz.
    public var sampleRate: Int
    public var encoding: AudioEncoding
    public var detection: Detection

    public init(
        sampleRate: Int = 16_000, encoding: AudioEncoding = .pcmS16LE, detection: Detection = .unspecified
    ) {
        self.sampleRate = sampleRate
        self.encoding = encoding
        self.detection = detection
    }

    init(_ proto: ProtoSessionSettings) {
        sampleRate = Int(proto.sampleRate)
        encoding = AudioEncoding(proto.encoding)
        detection =
            switch proto.typeSettings {
            case .eotSettings: .endOfTurn
            case .interruptionSettings: .interruption
            case nil: .unspecified
            }
    }

    var proto: ProtoSessionSettings {
        .with {
            $0.sampleRate = UInt32(clamping: sampleRate)
            $0.encoding = encoding.proto
            switch detection {
            case .unspecified: break
            case .endOfTurn: $0.eotSettings = ProtoEotSettings()
            case .interruption: $0.interruptionSettings = ProtoInterruptionSettings()
            }
        }
    }
}
