import SwiftProtobuf
import TurnCore

/// A message from server to client: one binary WebSocket frame.
///
/// A value. Fields that this version does not know survive decoding and encoding.
public struct ServerMessage: Sendable, Hashable {
    /// What a message says.
    public enum Body: Sendable, Hashable {
        case sessionCreated(SessionDefaults)
        case inferenceStarted
        case inferenceStopped
        case sessionClosed
        case error(ServerFailure)
        case prediction(RemotePrediction)
        /// An answer of the interruption service.
        case interruptionPrediction(isInterruption: Bool, probabilities: [Float], stats: InferenceStats?)
    }

    private var proto: ProtoServerMessage

    /// - Parameters:
    ///   - body: what to say.
    ///   - requestID: the question this answers.
    ///   - createdAt: when it is sent, since the Unix epoch.
    ///   - clientCreatedAt: `created_at` of the client's message that this answers.
    public init(
        _ body: Body, requestID: String? = nil, createdAt: Duration? = nil, clientCreatedAt: Duration? = nil
    ) {
        proto = ProtoServerMessage()
        proto.message = body.proto
        if let requestID { proto.requestID = requestID }
        if let createdAt { proto.serverCreatedAt = Google_Protobuf_Timestamp(sinceUnixEpoch: createdAt) }
        if let clientCreatedAt {
            proto.clientCreatedAt = Google_Protobuf_Timestamp(sinceUnixEpoch: clientCreatedAt)
        }
    }

    /// Reads a message from the payload of a frame.
    ///
    /// - Parameter bytes: the payload, from any peer.
    /// - Throws: ``TurnError`` `.malformedMessage`.
    public init(decoding bytes: [UInt8]) throws(TurnError) {
        proto = try decodeMessage(ProtoServerMessage.self, from: bytes)
    }

    /// The payload of the frame.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` when it is larger than 2 GB.
    public func encoded() throws(TurnError) -> [UInt8] { try encodeMessage(proto) }

    /// When the server sent it, by the server's clock, since the Unix epoch.
    public var createdAt: Duration? { proto.hasServerCreatedAt ? proto.serverCreatedAt.sinceUnixEpoch : nil }

    /// When the client sent what this answers, by the client's clock, since the Unix epoch.
    public var clientCreatedAt: Duration? {
        proto.hasClientCreatedAt ? proto.clientCreatedAt.sinceUnixEpoch : nil
    }

    /// The question this answers.
    public var requestID: String? { proto.hasRequestID ? proto.requestID : nil }

    /// What the message says; nil when it says nothing, or something this version does not know.
    public var body: Body? { proto.message.map(Body.init) }
}

extension ServerMessage.Body {
    fileprivate init(_ proto: ProtoServerMessage.OneOf_Message) {
        self =
            switch proto {
            case .sessionCreated(let created): .sessionCreated(SessionDefaults(created))
            case .inferenceStarted: .inferenceStarted
            case .inferenceStopped: .inferenceStopped
            case .sessionClosed: .sessionClosed
            case .error(let error): .error(ServerFailure(code: Int(error.code), message: error.message))
            case .eotPrediction(let prediction): .prediction(RemotePrediction(prediction))
            case .interruptionPrediction(let prediction):
                .interruptionPrediction(
                    isInterruption: prediction.isInterruption, probabilities: prediction.probabilities,
                    stats: prediction.hasInferenceStats ? InferenceStats(prediction.inferenceStats) : nil)
            }
    }

    fileprivate var proto: ProtoServerMessage.OneOf_Message {
        switch self {
        case .sessionCreated(let defaults): .sessionCreated(defaults.proto)
        case .inferenceStarted: .inferenceStarted(ProtoInferenceStarted())
        case .inferenceStopped: .inferenceStopped(ProtoInferenceStopped())
        case .sessionClosed: .sessionClosed(ProtoSessionClosed())
        case .error(let failure):
            .error(
                .with {
                    $0.code = UInt32(clamping: failure.code)
                    $0.message = failure.message
                })
        case .prediction(let prediction): .eotPrediction(prediction.proto)
        case .interruptionPrediction(let isInterruption, let probabilities, let stats):
            .interruptionPrediction(
                .with {
                    $0.isInterruption = isInterruption
                    $0.probabilities = probabilities
                    if let stats { $0.inferenceStats = stats.proto }
                })
        }
    }
}
