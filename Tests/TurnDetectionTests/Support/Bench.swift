import TurnCore
import TurnDetection
import TurnTesting

/// A detector with all its surroundings scripted.
struct Bench {
    static let server = ServerThresholds(
        thresholds: [("en", 0.56), ("ja", 0.37), ("fr", 0.575)], defaultThreshold: 0.5)

    let log = CapturedLog()
    let clock = ManualClock()
    let model: ScriptedTurnModel
    let transport: ScriptedTransport
    let detector: TurnDetector
    let changes = Recorder<[TurnEvent.ServiceChange]>([])

    /// A detector of the service, unless there are no scripts; `service` takes the place of the scripted one.
    init(
        _ scripts: [ScriptedTransport.Script]? = [.connects],
        model: ScriptedTurnModel = ScriptedTurnModel([0.25]),
        localModel: LocalModel? = nil, service: (any TurnDetectionTransport)? = nil,
        _ configure: (inout TurnDetectorOptions) throws -> Void = { _ in }
    ) throws {
        var options = TurnDetectorOptions()
        options.environment = [:]
        options.logger = log.logger
        options.clock = TurnClock(clock)
        options.localThresholds = Thresholds.liveKitMini
        options.connectionOptions = try ConnectionOptions(maxRetry: 0)
        if scripts != nil {
            options.version = .v1
            options.apiKey = "key"
            options.apiSecret = "secret"
        }
        try configure(&options)
        let transport = ScriptedTransport(scripts ?? [])
        self.model = model
        self.transport = transport
        let factory: CloudTransportFactory = { _ in service ?? transport }
        detector = try TurnDetector(
            localModel: localModel ?? LocalModel(model), cloud: scripts == nil ? nil : factory,
            options: options)
    }

    func stream(_ options: ConnectionOptions? = nil) throws -> TurnDetectorStream {
        try detector.stream(connectionOptions: options) { [changes] change in
            changes.update { $0.append(change) }
        }
    }

    /// A stream whose connection stands.
    func connectedStream() async throws -> TurnDetectorStream {
        let stream = try stream()
        await transport.record.first { $0.connectCount == 1 }
        return stream
    }

    static func frame(_ sampleCount: Int = 160, _ value: Float = 0.25) throws -> AudioFrame {
        try AudioFrame(.float32([Float](repeating: value, count: sampleCount)), format: .mono16kHz)
    }
}
