import ArgumentParser
import Logging
import TurnCloud
import TurnCore
import TurnDetection
import TurnWebSocket

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Who one is at a gateway.
struct CredentialOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "API key (default: LIVEKIT_INFERENCE_API_KEY, else LIVEKIT_API_KEY).", valueName: "key"))
    var apiKey: String?

    @Option(
        help: ArgumentHelp(
            "API secret (default: LIVEKIT_INFERENCE_API_SECRET, else LIVEKIT_API_SECRET, which keeps it from other "
                + "users of this machine).", valueName: "secret"))
    var apiSecret: String?

    /// Key and secret, from the options or the environment.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` naming what is missing.
    func resolve() throws(TurnError) -> (key: String, secret: String) {
        let environment = ProcessInfo.processInfo.environment
        func value(_ option: String?, _ name: String) -> String {
            let names = ["LIVEKIT_INFERENCE_API_\(name)", "LIVEKIT_API_\(name)"]
            return option ?? names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        }
        let key = value(apiKey, "KEY")
        let secret = value(apiSecret, "SECRET")
        guard !key.isEmpty else {
            throw TurnError(.invalidArgument, "there is no API key; give --api-key or set LIVEKIT_API_KEY")
        }
        guard !secret.isEmpty else {
            throw TurnError(
                .invalidArgument, "there is no API secret; give --api-secret or set LIVEKIT_API_SECRET")
        }
        return (key, secret)
    }
}

/// Predictions through a gateway, the device standing behind it.
struct CloudOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Predict through the gateway at this address, such as https://host:8080; the device answers while the "
                + "gateway does not. A recording goes at four times its own speed, unless --realtime is given.",
            valueName: "url"))
    var cloud: String?

    @OptionGroup var credentials: CredentialOptions

    @Option(
        help: ArgumentHelp(
            "Trust only the certificate authorities of this PEM file (default: the system's).",
            valueName: "file"))
    var tlsCa: String?

    @Option(
        help: ArgumentHelp(
            "After the gateway was lost, try it again every so many seconds (default: never).", valueName: "s"
        ))
    var recover: Double?

    func validate() throws {
        guard cloud != nil || (tlsCa == nil && recover == nil) else {
            throw ValidationError("--tls-ca and --recover belong to a gateway; add --cloud URL")
        }
        if let recover, !(0.1...3_600).contains(recover) {
            throw ValidationError("--recover \(recover) is out of range; use 0.1 to 3600 seconds")
        }
    }

    /// Who predicts: the gateway of these options, or this device without one.
    ///
    /// - Parameters:
    ///   - model: the device's.
    ///   - thresholds: the model's.
    ///   - override: thresholds in place of a gateway's, if they were given.
    ///   - log: where warnings go.
    /// - Returns: the source, for one recording.
    /// - Throws: ``TurnError`` for an address, credentials or certificates that cannot be used.
    func source(
        _ model: any TurnModel, _ thresholds: ThresholdTable, override: ThresholdOverride?, log: Log
    ) throws(TurnError) -> DetectionSource {
        guard let cloud else { return try DetectionSource(model, thresholds: thresholds, log: log) }
        return try DetectionSource(
            cloud, self, model: model, thresholds: thresholds, override: override, log: log)
    }

    /// A detector that asks the gateway at `url`.
    ///
    /// - Parameters:
    ///   - url: the gateway's address.
    ///   - model: answers while the gateway does not.
    ///   - thresholds: the local model's.
    ///   - override: thresholds in place of the gateway's, if they were given.
    ///   - log: where warnings go.
    ///   - readiness: told when the gateway answered first.
    /// - Returns: the detector.
    /// - Throws: ``TurnError`` for an address, credentials or certificates that cannot be used.
    func detector(
        _ url: String, model: any TurnModel, thresholds: ThresholdTable, override: ThresholdOverride?,
        log: Log,
        readiness: Readiness
    ) throws(TurnError) -> TurnDetector {
        let (key, secret) = try credentials.resolve()
        let logger = log.logger
        var transport = CloudTransport.Options()
        transport.logger = logger
        transport.proxies = try ProxySettings(environment: ProcessInfo.processInfo.environment)
        if let tlsCa { transport.tls = try WebSocketTLS(certificateAuthorities: tlsCa) }

        var options = TurnDetectorOptions()
        options.version = .v1
        options.baseURL = url
        options.apiKey = key
        options.apiSecret = secret
        options.localThresholds = thresholds
        options.threshold = override
        options.logger = logger
        if let recover { options.fallbackPolicy = .recover(after: .fromSeconds(recover)) }
        return try TurnDetector(
            localModel: LocalModel(model),
            cloud: { [transport] endpoint throws(TurnError) in
                ObservedTransport(
                    try CloudTransport(
                        baseURL: endpoint.baseURL, apiKey: endpoint.apiKey, apiSecret: endpoint.apiSecret,
                        options: transport), readiness)
            },
            options: options)
    }
}

/// Whether a gateway has answered for the first time.
final class Readiness: Sendable {
    private let stream = AsyncStream.makeStream(of: Void.self)

    func signal() { stream.continuation.finish() }

    /// Returns when it has, when the session fell back, or when the time is over.
    func wait(for session: TurnSession, atMost limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.stream.stream {} }
            group.addTask {
                while !session.isFallback, !session.isDegraded, ContinuousClock.now < deadline {
                    guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

/// A transport that signals when its first session stands.
private struct ObservedTransport: TurnDetectionTransport {
    /// The stream's side, overheard.
    private final class Connection: TransportConnection {
        let base: any TransportConnection
        let readiness: Readiness

        init(_ base: any TransportConnection, _ readiness: Readiness) {
            self.base = base
            self.readiness = readiness
        }

        var sampleRate: Int { base.sampleRate }
        var options: ConnectionOptions { base.options }

        func connected(sessionID: String?) { base.connected(sessionID: sessionID) }
        func nextCommand() async -> TransportCommand? { await base.nextCommand() }
        func answer(_ answer: TransportAnswer) { base.answer(answer) }

        func adopt(_ defaults: ServerThresholds) throws(TransportError) {
            try base.adopt(defaults)
            readiness.signal()
        }
    }

    private let base: CloudTransport
    private let readiness: Readiness

    init(_ base: CloudTransport, _ readiness: Readiness) {
        self.base = base
        self.readiness = readiness
    }

    func run(_ connection: any TransportConnection) async throws {
        try await base.run(Connection(connection, readiness))
    }
}
