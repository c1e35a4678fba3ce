import Logging
public import TurnCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Predicts the end of a speaker's turn from audio: by a service, by a model on this device, or by the one with the
/// other behind it.
///
/// A detector is long-lived configuration: it chooses the model, owns the thresholds and hands out a stream for each
/// conversation. It may be used from any thread.
///
/// Source: LiveKit Agents 1.8.9, its audio turn detector.
public final class TurnDetector: Sendable {
    /// As in the reference, whoever answers.
    public static let provider = "livekit"

    private struct State {
        var thresholds: Thresholds
        var version: TurnDetectorVersion
        var requestCounts: [String: Int] = [:]
    }

    let options: TurnDetectorOptions
    let local: LoadedModel
    /// No prediction by a service stays open longer, even if nobody calls it off.
    let predictionLimits: Timeouts
    /// A service is given so much time to end a session (S-24).
    let closingLimits: Timeouts
    private let transport: (any TurnDetectionTransport)?
    private let state: Lock<State>
    private let metricsBroadcast = Broadcast<PredictionMetrics>(limit: 256)

    /// Chooses the model as the options, the environment and their defaults say.
    ///
    /// - Parameters:
    ///   - localModel: the model on this device.
    ///   - cloud: makes the transport to the service. Default nil: the device alone, and `v1` is an error.
    ///   - options: everything else.
    /// - Throws: ``TurnError`` `.invalidArgument` for version `v1` without address, credentials or transport, naming
    ///   what is missing, for a sample rate that is not supported, and for a recovery interval outside 0...24 h.
    public init(
        localModel: LocalModel, cloud: CloudTransportFactory? = nil,
        options: TurnDetectorOptions = TurnDetectorOptions()
    ) throws(TurnError) {
        _ = try AudioFormat(sampleRate: options.sampleRate)
        if case .recover(let interval) = options.fallbackPolicy {
            try interval.checkOption("a recovery interval")
        }
        let endpoint = try Self.resolve(options, hasTransport: cloud != nil)
        if let endpoint, let cloud { transport = try cloud(endpoint) } else { transport = nil }
        self.options = options
        local = LoadedModel(localModel)
        predictionLimits = Timeouts(after: .seconds(10), clock: options.clock)
        closingLimits = Timeouts(after: .seconds(1), clock: options.clock)
        let version: TurnDetectorVersion = transport == nil ? .v1Mini : .v1
        let thresholds = Thresholds(
            local: options.localThresholds, usesCloud: version == .v1, override: options.threshold,
            backchannelOverride: options.backchannelThreshold)
        state = Lock(State(thresholds: thresholds, version: version))
        if version == .v1Mini, !options.localFallback {
            options.logger.warning("localFallback = false has no effect on the local model")
        }
        warnOfOverrides(thresholds)
    }

    /// The slot that new streams use: `turn-detector-v1` or `turn-detector-v1-mini`. Becomes the latter when any
    /// stream falls back.
    public var model: String { state.withLock { $0.version.modelName } }

    /// `livekit`, as in the reference.
    public var provider: String { Self.provider }

    /// What fills the slot of the local model.
    public var localModel: LocalModel { local.source }

    /// Figures of every prediction from now on. Each sequence gets all of them; one that is not read loses its oldest
    /// beyond 256.
    public var metrics: AsyncStream<PredictionMetrics> { metricsBroadcast.makeSequence() }

    /// Predictions answered so far, by slot name.
    public var requestCounts: [String: Int] { state.withLock { $0.requestCounts } }

    /// A new stream.
    ///
    /// - Parameters:
    ///   - connectionOptions: of this stream. Default: the detector's (S-02).
    ///   - onChange: called when another model takes over; from any thread, and quick.
    /// - Returns: a stream of the model in use now; after a fallback that is the local one.
    /// - Throws: ``TurnError`` when no stream can be set up; with the options checked it never does.
    public func stream(
        connectionOptions: ConnectionOptions? = nil,
        onChange: (@Sendable (TurnEvent.ServiceChange) -> Void)? = nil
    ) throws(TurnError) -> TurnDetectorStream {
        let version = state.withLock { $0.version }
        let core = try StreamCore(
            detector: self, service: version == .v1 ? .cloud : .local,
            connectionOptions: connectionOptions ?? options.connectionOptions, onChange: onChange)
        if let transport, version == .v1 || options.fallbackPolicy != .sticky { core.start(transport) }
        return TurnDetectorStream(core: core)
    }

    /// The probability below which a turn in that language is judged unfinished; nil while a service's thresholds
    /// are awaited.
    public func threshold(for language: LanguageCode?) -> Double? {
        state.withLock { $0.thresholds.endOfTurn(for: language) }
    }

    /// The same for an answer of that source: the local model has a scale of its own while it stands in for a service
    /// that is awaited or was lost for a moment.
    public func threshold(for language: LanguageCode?, of source: PredictionSource) -> Double? {
        state.withLock { state in
            let table = source == .local ? state.thresholds.localEndOfTurn : state.thresholds.endOfTurn
            return table.value(for: language)
        }
    }

    /// The probability from which the moment invites a backchannel; nil if unknown or disabled.
    public func backchannelThreshold(for language: LanguageCode?) -> Double? {
        state.withLock { $0.thresholds.backchannel(for: language) }
    }

    /// Whether a turn in that language can be judged. Always true in practice: every model has a catch-all.
    public func supports(_ language: LanguageCode?) -> Bool {
        state.withLock { $0.thresholds.supports(language) }
    }

    /// The thresholds in force, as values.
    public var thresholds: Thresholds { state.withLock { $0.thresholds } }

    /// Replaces overrides; what is nil stays. Live streams see them at once. Warns for each override in force.
    public func updateOptions(
        threshold: ThresholdOverride? = nil, backchannelThreshold: ThresholdOverride? = nil
    ) {
        let thresholds = state.withLock { state in
            state.thresholds.update(override: threshold, backchannelOverride: backchannelThreshold)
            return state.thresholds
        }
        warnOfOverrides(thresholds)
    }

    /// What it is set to, for logs. Never credentials or addresses.
    public func describeOptions() -> TurnDetectorDescription {
        let (thresholds, version) = state.withLock { ($0.thresholds, $0.version) }
        return TurnDetectorDescription(
            model: version.modelName, provider: provider, localModel: localModel.name,
            sampleRate: options.sampleRate, localFallback: options.localFallback,
            thresholdOverride: thresholds.override,
            backchannelThresholdOverride: thresholds.backchannelOverride)
    }

    private func warnOfOverrides(_ thresholds: Thresholds) {
        if thresholds.override != nil {
            options.logger.warning("the threshold of the end of a turn is overridden")
        }
        if thresholds.backchannelOverride != nil {
            options.logger.warning("the threshold of backchannels is overridden")
        }
    }

    /// Where the service is, if it shall be used.
    private static func resolve(
        _ options: TurnDetectorOptions, hasTransport: Bool
    ) throws(TurnError) -> CloudEndpoint? {
        guard options.version != .v1Mini else { return nil }
        let resolution = CloudResolution(options)
        if options.version == nil, !resolution.isHosted || !hasTransport { return nil }
        let missing = resolution.missing
        guard missing.isEmpty else {
            let names = missing.joined(separator: ", ")
            if options.version == nil {
                options.logger.warning("using the local model, since the service needs \(names)")
                return nil
            }
            throw TurnError(.invalidArgument, "the detector v1 needs \(names); set them or use v1-mini")
        }
        guard hasTransport else {
            throw TurnError(
                .invalidArgument,
                "the detector v1 needs a transport to the service; hand one in or use v1-mini")
        }
        return CloudEndpoint(
            baseURL: resolution.baseURL, apiKey: resolution.apiKey, apiSecret: resolution.apiSecret,
            environment: options.environment)
    }
}

/// What the streams tell.
extension TurnDetector {
    func adopt(_ defaults: ServerThresholds) throws(TransportError) {
        let result = state.withLock { state in
            Result { () throws(TransportError) in try state.thresholds.adopt(defaults) }
        }
        try result.get()
    }

    func serviceLost() {
        state.withLock { state in
            state.version = .v1Mini
            state.thresholds.fallBack()
        }
    }

    func serviceRecovered() {
        state.withLock { state in
            state.version = .v1
            state.thresholds.recover()
        }
    }

    func report(_ prediction: EndOfTurnPrediction, total: Duration?) {
        let version: TurnDetectorVersion = prediction.source == .cloud ? .v1 : .v1Mini
        state.withLock { $0.requestCounts[version.modelName, default: 0] += 1 }
        metricsBroadcast.send(
            PredictionMetrics(
                timestamp: Date().timeIntervalSince1970, totalDuration: total,
                detectionDelay: prediction.detectionDelay, predictionDuration: prediction.inferenceDuration,
                requestCount: 1, modelName: version.modelName, modelProvider: Self.provider,
                localModelName: prediction.source == .local ? prediction.model : nil,
                source: prediction.source))
    }
}

/// What a ``TurnDetector`` is set to.
public struct TurnDetectorDescription: Sendable, Hashable {
    public let model: String
    public let provider: String
    /// What fills the slot of the local model.
    public let localModel: String
    public let sampleRate: Int
    public let localFallback: Bool
    public let thresholdOverride: ThresholdOverride?
    public let backchannelThresholdOverride: ThresholdOverride?
}
