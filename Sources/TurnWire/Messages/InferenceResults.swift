import SwiftProtobuf

/// What the server tells in `session_created`: the thresholds that go with its model.
public struct SessionDefaults: Sendable, Hashable {
    /// End-of-turn threshold by language, as sent (float32, keys not normalised).
    public var thresholds: [String: Float]
    /// The threshold of every other language; 0 when the server sent none.
    public var defaultThreshold: Float
    /// Backchannel threshold by language, as sent.
    public var backchannelThresholds: [String: Float]
    /// The backchannel threshold of every other language; 0 when the server sent none.
    public var defaultBackchannelThreshold: Float

    public init(
        thresholds: [String: Float], defaultThreshold: Float,
        backchannelThresholds: [String: Float] = [:], defaultBackchannelThreshold: Float = 0
    ) {
        self.thresholds = thresholds
        self.defaultThreshold = defaultThreshold
        self.backchannelThresholds = backchannelThresholds
        self.defaultBackchannelThreshold = defaultBackchannelThreshold
    }

    init(_ proto: ProtoSessionCreated) {
        thresholds = proto.defaultThresholds
        defaultThreshold = proto.defaultThreshold
        backchannelThresholds = proto.defaultBackchannelThresholds
        defaultBackchannelThreshold = proto.defaultBackchannelThreshold
    }

    var proto: ProtoSessionCreated {
        .with {
            $0.defaultThresholds = thresholds
            $0.defaultThreshold = defaultThreshold
            $0.defaultBackchannelThresholds = backchannelThresholds
            $0.defaultBackchannelThreshold = defaultBackchannelThreshold
        }
    }
}

/// An error the server reports.
public struct ServerFailure: Sendable, Hashable {
    /// Like an HTTP status.
    public var code: Int
    public var message: String

    public init(code: Int, message: String) {
        self.code = code
        self.message = message
    }
}

/// How long a prediction took, and which audio it saw.
public struct InferenceStats: Sendable, Hashable {
    /// `created_at` of the oldest audio in the window, since the Unix epoch.
    public var earliestClientCreatedAt: Duration?
    /// `created_at` of the newest audio in the window, since the Unix epoch.
    public var latestClientCreatedAt: Duration?
    /// From ``latestClientCreatedAt`` to the sending of the answer.
    public var clientLatency: Duration?
    /// From the arrival of the question to the sending of the answer.
    public var serverLatency: Duration
    /// Time spent on the features.
    public var preprocessing: Duration
    /// Time spent in the network.
    public var inference: Duration

    public init(
        earliestClientCreatedAt: Duration? = nil, latestClientCreatedAt: Duration? = nil,
        clientLatency: Duration? = nil, serverLatency: Duration = .zero, preprocessing: Duration = .zero,
        inference: Duration = .zero
    ) {
        self.earliestClientCreatedAt = earliestClientCreatedAt
        self.latestClientCreatedAt = latestClientCreatedAt
        self.clientLatency = clientLatency
        self.serverLatency = serverLatency
        self.preprocessing = preprocessing
        self.inference = inference
    }

    init(_ proto: ProtoInferenceStats) {
        earliestClientCreatedAt =
            proto.hasEarliestClientCreatedAt ? proto.earliestClientCreatedAt.sinceUnixEpoch : nil
        latestClientCreatedAt =
            proto.hasLatestClientCreatedAt ? proto.latestClientCreatedAt.sinceUnixEpoch : nil
        clientLatency = proto.hasClientE2ELatency ? proto.clientE2ELatency.duration : nil
        serverLatency = proto.serverE2ELatency.duration
        preprocessing = proto.preprocessingDuration.duration
        inference = proto.inferenceDuration.duration
    }

    var proto: ProtoInferenceStats {
        .with {
            if let earliestClientCreatedAt {
                $0.earliestClientCreatedAt = Google_Protobuf_Timestamp(
                    sinceUnixEpoch: earliestClientCreatedAt)
            }
            if let latestClientCreatedAt {
                $0.latestClientCreatedAt = Google_Protobuf_Timestamp(sinceUnixEpoch: latestClientCreatedAt)
            }
            if let clientLatency { $0.clientE2ELatency = Google_Protobuf_Duration(duration: clientLatency) }
            if serverLatency != .zero {
                $0.serverE2ELatency = Google_Protobuf_Duration(duration: serverLatency)
            }
            if preprocessing != .zero {
                $0.preprocessingDuration = Google_Protobuf_Duration(duration: preprocessing)
            }
            if inference != .zero {
                $0.inferenceDuration = Google_Protobuf_Duration(duration: inference)
            }
        }
    }
}

/// The answer to a question for the end of the turn.
public struct RemotePrediction: Sendable, Hashable {
    /// What computed it.
    public enum Backend: Sendable, Hashable {
        case unknown
        /// From audio.
        case multimodal
        /// From a transcript.
        case text
        /// A value this version does not know.
        case unrecognized(Int)

        init(_ proto: ProtoEotPrediction.EotBackend) {
            switch proto {
            case .unknown: self = .unknown
            case .multimodal: self = .multimodal
            case .text: self = .text
            case .UNRECOGNIZED(let value): self = .unrecognized(value)
            }
        }

        var proto: ProtoEotPrediction.EotBackend {
            switch self {
            case .unknown: .unknown
            case .multimodal: .multimodal
            case .text: .text
            case .unrecognized(let value): .UNRECOGNIZED(value)
            }
        }
    }

    /// P(turn ended) as sent; not checked to be in 0...1.
    public var probability: Float
    /// P(backchannel opportunity) as sent; 0 when absent.
    public var backchannelProbability: Float
    public var backend: Backend
    /// Nil when the server sent none.
    public var stats: InferenceStats?

    public init(
        probability: Float, backchannelProbability: Float = 0, backend: Backend = .unknown,
        stats: InferenceStats? = nil
    ) {
        self.probability = probability
        self.backchannelProbability = backchannelProbability
        self.backend = backend
        self.stats = stats
    }

    init(_ proto: ProtoEotPrediction) {
        probability = proto.probability
        backchannelProbability = proto.backchannelProbability
        backend = Backend(proto.backend)
        stats = proto.hasInferenceStats ? InferenceStats(proto.inferenceStats) : nil
    }

    var proto: ProtoEotPrediction {
        .with {
            $0.probability = probability
            $0.backchannelProbability = backchannelProbability
            $0.backend = backend.proto
            if let stats { $0.inferenceStats = stats.proto }
        }
    }
}
