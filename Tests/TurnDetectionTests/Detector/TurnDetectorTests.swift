import Testing
import TurnCore
import TurnDetection
import TurnTesting

@Suite struct TurnDetectorTests {
    static let credentials = [
        "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret",
    ]

    private func make(
        _ environment: [String: String], version: TurnDetectorVersion? = nil,
        log: CapturedLog = CapturedLog(),
        endpoints: Recorder<[CloudEndpoint]> = Recorder([]),
        _ configure: (inout TurnDetectorOptions) throws -> Void = { _ in }
    ) throws -> TurnDetector {
        var options = TurnDetectorOptions()
        options.environment = environment
        options.version = version
        options.logger = log.logger
        try configure(&options)
        return try TurnDetector(
            localModel: LocalModel(ScriptedTurnModel([0.5])),
            cloud: { endpoint in
                endpoints.update { $0.append(endpoint) }
                return ScriptedTransport()
            }, options: options)
    }

    @Test func `R-001 neither hosted nor in development: the local model`() throws {
        let detector = try make(Self.credentials)
        #expect(detector.model == "turn-detector-v1-mini")
        #expect(detector.provider == "livekit")
        #expect(detector.localModel.name == "scripted")
        #expect(detector.localModel.windowSampleCount == 128_000)
    }

    @Test(arguments: [
        (["LIVEKIT_REMOTE_EOT_URL": ""], true), (["LIVEKIT_REMOTE_EOT_URL": "x"], true),
        (["LIVEKIT_DEV_MODE": "1"], true), (["LIVEKIT_DEV_MODE": "true"], false),
        (["LIVEKIT_DEV_MODE": "0"], false),
    ])
    func `R-002 hosted or in development with credentials: the service`(
        environment: [String: String], isCloud: Bool
    ) throws {
        let detector = try make(Self.credentials.merging(environment) { _, new in new })
        #expect(detector.model == (isCloud ? "turn-detector-v1" : "turn-detector-v1-mini"))
    }

    @Test func `R-003 hosted without credentials: the local model and one warning`() throws {
        let log = CapturedLog()
        let detector = try make(["LIVEKIT_REMOTE_EOT_URL": ""], log: log)
        #expect(detector.model == "turn-detector-v1-mini")
        #expect(log.warnings.count == 1)
        #expect(log.warnings.first?.contains("LIVEKIT_API_KEY, LIVEKIT_API_SECRET") == true)
    }

    @Test func `R-004 the service without credentials: an error that names them`() throws {
        let error = #expect(throws: TurnError.self) { try make([:], version: .v1) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("LIVEKIT_API_KEY, LIVEKIT_API_SECRET") == true)
        let address = #expect(throws: TurnError.self) {
            try make(Self.credentials, version: .v1) { $0.baseURL = "" }
        }
        #expect(address?.message.contains("LIVEKIT_INFERENCE_URL") == true)
        #expect(throws: TurnError.self) {
            var options = TurnDetectorOptions()
            options.environment = Self.credentials
            options.version = .v1
            _ = try TurnDetector(localModel: LocalModel(ScriptedTurnModel([])), options: options)
        }
    }

    @Test(arguments: ["v1", "v1-mini", "v2", "V1", ""])
    func `S-01 a version is one of two`(text: String) throws {
        if let version = TurnDetectorVersion(rawValue: text) {
            #expect(try TurnDetectorVersion(text: text) == version)
        } else {
            #expect(throws: TurnError.self) { try TurnDetectorVersion(text: text) }
        }
    }

    struct Resolution: Sendable {
        let environment: [String: String]
        var argument: String?
        let key: String?
    }

    @Test(arguments: [
        Resolution(environment: [:], key: nil),
        Resolution(environment: ["LIVEKIT_API_KEY": ""], key: nil),
        Resolution(environment: ["LIVEKIT_API_KEY": " "], key: " "),
        Resolution(environment: ["LIVEKIT_API_KEY": "b", "LIVEKIT_INFERENCE_API_KEY": "a"], key: "a"),
        Resolution(environment: ["LIVEKIT_API_KEY": "b", "LIVEKIT_INFERENCE_API_KEY": ""], key: "b"),
        Resolution(environment: ["LIVEKIT_API_KEY": "b"], argument: "c", key: "c"),
        Resolution(environment: ["LIVEKIT_API_KEY": "b"], argument: "", key: nil),
    ])
    func `R-106 arguments before variables`(row: Resolution) throws {
        let endpoints = Recorder<[CloudEndpoint]>([])
        var environment = row.environment
        environment["LIVEKIT_API_SECRET"] = "secret"
        let build = {
            try make(environment, version: .v1, endpoints: endpoints) { $0.apiKey = row.argument }
        }
        if let key = row.key {
            _ = try build()
            #expect(endpoints.value.map(\.apiKey) == [key])
            #expect(!String(describing: endpoints.value).contains("secret"))
        } else {
            #expect(throws: TurnError.self) { try build() }
        }
    }

    @Test(
        arguments: [
            ([:], "https://agent-gateway.livekit.cloud/v1"),
            (
                ["LIVEKIT_URL": "wss://x.staging.livekit.cloud"],
                "https://agent-gateway.staging.livekit.cloud/v1"
            ),
            (["LIVEKIT_INFERENCE_URL": "https://own"], "https://own"),
            (["LIVEKIT_INFERENCE_URL": ""], "https://agent-gateway.livekit.cloud/v1"),
        ] as [([String: String], String)])
    func `R-106 the address of the service`(environment: [String: String], address: String) throws {
        let endpoints = Recorder<[CloudEndpoint]>([])
        _ = try make(
            Self.credentials.merging(environment) { _, new in new }, version: .v1, endpoints: endpoints)
        #expect(endpoints.value.map(\.baseURL) == [address])
    }

    @Test func `R-029 overrides warn once each`() throws {
        let plain = CapturedLog()
        _ = try make([:], log: plain)
        #expect(plain.warnings.isEmpty)
        let threshold = CapturedLog()
        _ = try make([:], log: threshold) { $0.threshold = try .value(0.5) }
        #expect(threshold.warnings == ["the threshold of the end of a turn is overridden"])
        let backchannel = CapturedLog()
        let detector = try make([:], log: backchannel) { $0.backchannelThreshold = try .value(0.7) }
        #expect(backchannel.warnings == ["the threshold of backchannels is overridden"])
        detector.updateOptions(threshold: try .value(0.4))
        #expect(backchannel.warnings.count == 3)
    }

    @Test func `R-031 R-022 a local detector`() throws {
        let detector = try make([:]) { $0.localThresholds = Thresholds.liveKitMini }
        #expect(detector.threshold(for: "en") == 0.36)
        #expect(detector.backchannelThreshold(for: "en") == nil)
        detector.updateOptions(threshold: try .value(0.42))
        #expect(detector.threshold(for: "en") == 0.42)
        #expect(detector.supports("xx"))
    }

    @Test func `R-079 a detector of defaults needs no options`() throws {
        let detector = try TurnDetector(localModel: LocalModel(ScriptedTurnModel([0.5])))
        #expect(detector.threshold(for: nil) == EndpointingPreset.balanced.threshold)
    }

    @Test func `the description holds no secret and no address`() throws {
        let detector = try make(Self.credentials, version: .v1) {
            $0.baseURL = "https://own"
            $0.threshold = try .value(0.5)
        }
        let description = detector.describeOptions()
        #expect(description.model == "turn-detector-v1")
        #expect(description.localModel == "scripted")
        #expect(description.sampleRate == 16_000)
        #expect(description.localFallback)
        #expect(description.thresholdOverride == (try .value(0.5)))
        #expect(description.backchannelThresholdOverride == nil)
        let text = String(describing: description)
        #expect(!text.contains("secret") && !text.contains("own"))
    }

    @Test func `options out of range are refused, those without effect warned of`() throws {
        #expect(throws: TurnError.self) { try make([:]) { $0.sampleRate = 4_000 } }
        for interval in [Duration.seconds(-1), .seconds(86_401), .seconds(Int64.max)] {
            #expect(throws: TurnError.self) {
                try make([:]) { $0.fallbackPolicy = .recover(after: interval) }
            }
        }
        let log = CapturedLog()
        _ = try make([:], log: log) { $0.localFallback = false }
        #expect(log.warnings.count == 1)
    }
}
