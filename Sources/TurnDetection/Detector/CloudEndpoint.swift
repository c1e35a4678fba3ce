public import TurnCore

/// Where and as whom to reach the service: what a ``CloudTransportFactory`` makes a transport from.
///
/// It prints without its credentials.
public struct CloudEndpoint: Sendable, CustomStringConvertible {
    /// Such as `https://agent-gateway.livekit.cloud/v1`; the transport appends its own path.
    public let baseURL: String
    public let apiKey: String
    public let apiSecret: String
    /// The environment that the detector was made with, for headers of a hosted job.
    public let environment: [String: String]

    public init(baseURL: String, apiKey: String, apiSecret: String, environment: [String: String] = [:]) {
        self.baseURL = baseURL
        self.apiKey = apiKey
        self.apiSecret = apiSecret
        self.environment = environment
    }

    public var description: String { "CloudEndpoint(\(baseURL))" }
}

/// Makes the transport of a detector whose version is the service. Called once for each detector.
///
/// A detector is handed this factory instead of linking the network itself: an application that stays on the device
/// then links no NIO, TLS or protobuf. `TurnCloud` brings one that speaks the service's protocol.
public typealias CloudTransportFactory =
    @Sendable (CloudEndpoint) throws(TurnError) -> any TurnDetectionTransport

/// What the environment and the options say about the service.
struct CloudResolution {
    /// Whether the process runs where the service is the natural choice.
    let isHosted: Bool
    let baseURL: String
    let apiKey: String
    let apiSecret: String

    init(_ options: TurnDetectorOptions) {
        let environment = options.environment
        isHosted =
            environment["LIVEKIT_REMOTE_EOT_URL"] != nil || environment["LIVEKIT_DEV_MODE"] == "1"
        let staging = environment["LIVEKIT_URL"]?.contains(".staging.livekit.cloud") ?? false
        baseURL = Self.resolve(
            options.baseURL, environment, ["LIVEKIT_INFERENCE_URL"],
            default: "https://agent-gateway\(staging ? ".staging" : "").livekit.cloud/v1")
        apiKey = Self.resolve(
            options.apiKey, environment, ["LIVEKIT_INFERENCE_API_KEY", "LIVEKIT_API_KEY"])
        apiSecret = Self.resolve(
            options.apiSecret, environment, ["LIVEKIT_INFERENCE_API_SECRET", "LIVEKIT_API_SECRET"])
    }

    /// What is missing, by the names of the variables that would give it.
    var missing: [String] {
        [
            ("LIVEKIT_INFERENCE_URL", baseURL), ("LIVEKIT_API_KEY", apiKey),
            ("LIVEKIT_API_SECRET", apiSecret),
        ].filter { $0.1.isEmpty }.map(\.0)
    }

    /// An argument counts even if it is empty, a variable only if it is not.
    private static func resolve(
        _ argument: String?, _ environment: [String: String], _ names: [String], default fallback: String = ""
    ) -> String {
        argument ?? names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? fallback
    }
}
