public import Logging
public import TurnCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which model a detector is configured for.
public enum TurnDetectorVersion: String, Sendable, Hashable, CaseIterable {
    /// The service.
    case v1
    /// The local model.
    case v1Mini = "v1-mini"

    /// - Throws: ``TurnError`` `.invalidArgument` for any other text (S-01).
    public init(text: String) throws(TurnError) {
        guard let version = TurnDetectorVersion(rawValue: text) else {
            throw TurnError(.invalidArgument, "there is no detector version \"\(text)\"; use v1 or v1-mini")
        }
        self = version
    }

    /// The name of the slot, as in LiveKit Agents: `turn-detector-v1` or `turn-detector-v1-mini`.
    public var modelName: String { "turn-detector-\(rawValue)" }
}

/// What happens after a stream had to fall back to the local model.
public enum FallbackPolicy: Sendable, Hashable {
    /// It stays there. New streams of the detector start there too.
    case sticky
    /// The service is tried again in the background after this time, and each time it has passed anew; the stream
    /// switches back between two turns.
    case recover(after: Duration)
}

/// How a ``TurnDetector`` is made. Everything has a default.
public struct TurnDetectorOptions: Sendable {
    /// Which model. Default nil: the service where the process is hosted or in development mode and an address and
    /// credentials are known, else the local model.
    public var version: TurnDetectorVersion?
    /// Thresholds of the end of a turn in place of the model's own. Default none.
    public var threshold: ThresholdOverride?
    /// Thresholds of backchannels in place of the service's. Default none.
    public var backchannelThreshold: ThresholdOverride?
    /// Address of the service. Default: `LIVEKIT_INFERENCE_URL`, else LiveKit's.
    public var baseURL: String?
    /// Default: `LIVEKIT_INFERENCE_API_KEY`, else `LIVEKIT_API_KEY`.
    public var apiKey: String?
    /// Default: `LIVEKIT_INFERENCE_API_SECRET`, else `LIVEKIT_API_SECRET`.
    public var apiSecret: String?
    /// The rate that audio is sent to the service at, in hertz. Default 16 000.
    public var sampleRate = 16_000
    /// Whether the local model answers when the service cannot. Default true.
    public var localFallback = true
    /// What happens after a fallback. Default: sticky, as the reference.
    public var fallbackPolicy = FallbackPolicy.sticky
    /// Default of the streams' connections (S-02).
    public var connectionOptions = ConnectionOptions.default
    /// The local model's thresholds. Default: Smart Turn's with the preset `balanced`.
    public var localThresholds: ThresholdTable
    /// Environment variables. Default: those of the process.
    public var environment: [String: String]
    /// Time. Default: the system's continuous clock.
    public var clock = TurnClock.continuous
    /// Where warnings go.
    public var logger = Logger(label: "turn-detection")

    /// - Parameter preset: gives the local model's thresholds; its delays belong to the session
    ///   (``TurnSessionOptions/init(preset:)``). `balanced` by default, as there.
    public init(preset: EndpointingPreset = .balanced) {
        localThresholds = Thresholds.smartTurn(preset)
        environment = ProcessInfo.processInfo.environment
    }
}
