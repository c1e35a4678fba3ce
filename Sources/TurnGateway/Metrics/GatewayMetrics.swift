import CoreMetrics

/// What the gateway counts and measures.
struct GatewayMetrics: Sendable {
    /// Why a session or a request was turned away.
    enum Refusal: String, CaseIterable {
        case noToken = "no_token"
        case badToken = "bad_token"
        case noGrant = "no_grant"
        case overload, draining
        case sessionLimit = "session_limit"
        case keyLimit = "key_limit"
        case connectionLimit = "connection_limit"
        case handshake
    }

    /// A limit that a peer ran into.
    enum Limit: String, CaseIterable {
        case messageRate = "message_rate"
        case audioRate = "audio_rate"
        case messageSize = "message_size"
        case handshakeTime = "handshake_time"
        case firstMessageTime = "first_message_time"
        case idleTime = "idle_time"
        case pongTime = "pong_time"
        case writeBuffer = "write_buffer"
        case headerSize = "header_size"
        case bodySize = "body_size"
        case bodyTime = "body_time"
        case bodyMemory = "body_memory"
    }

    /// How a question for a prediction ended.
    enum Outcome: String, CaseIterable {
        case answered, superseded, stopped, late, failed
        /// Its session ended before.
        case abandoned
    }

    let connections: Meter
    let sessions: Meter
    let sessionsOpened: Counter
    let sessionLength: Recorder
    let audioSeconds: FloatingPointCounter
    let messages: Counter
    let queueLength: Meter
    let recentQueueWait: Meter
    let load: Meter
    let isOverloaded: Meter
    let isDraining: Meter
    let queueWait: Timer
    let features: Timer
    let encoder: Timer
    let serverLatency: Timer

    private let refusals: [Refusal: Counter]
    private let limits: [Limit: Counter]
    private let predictions: [Outcome: Counter]
    private let factory: any MetricsFactory

    init(_ factory: any MetricsFactory, info: GatewayInfo) {
        self.factory = factory
        connections = Meter(label: "eot_connections", factory: factory)
        sessions = Meter(label: "eot_sessions", factory: factory)
        sessionsOpened = Counter(label: "eot_sessions_opened_total", factory: factory)
        sessionLength = Recorder(label: "eot_session_seconds", factory: factory)
        audioSeconds = FloatingPointCounter(label: "eot_audio_seconds_total", factory: factory)
        messages = Counter(label: "eot_messages_total", factory: factory)
        queueLength = Meter(label: "eot_queue_length", factory: factory)
        recentQueueWait = Meter(label: "eot_queue_wait_recent_seconds", factory: factory)
        load = Meter(label: "eot_load", factory: factory)
        isOverloaded = Meter(label: "eot_overloaded", factory: factory)
        isDraining = Meter(label: "eot_draining", factory: factory)
        queueWait = Timer(label: "eot_queue_wait_seconds", factory: factory)
        features = Timer(label: "eot_features_seconds", factory: factory)
        encoder = Timer(label: "eot_encoder_seconds", factory: factory)
        serverLatency = Timer(label: "eot_server_latency_seconds", factory: factory)
        func counters<Kind: CaseIterable & Hashable & RawRepresentable>(
            _ label: String, _ dimension: String
        ) -> [Kind: Counter] where Kind.RawValue == String {
            Dictionary(
                uniqueKeysWithValues: Kind.allCases.map {
                    ($0, Counter(label: label, dimensions: [(dimension, $0.rawValue)], factory: factory))
                })
        }
        refusals = counters("eot_sessions_refused_total", "reason")
        limits = counters("eot_limit_hits_total", "limit")
        predictions = counters("eot_predictions_total", "outcome")
        Meter(
            label: "eot_build_info",
            dimensions: [("version", info.version), ("model", info.model), ("kernels", info.kernels)],
            factory: factory
        ).set(1)
        Meter(label: "eot_workers", factory: factory).set(info.workers)
    }

    func refused(_ reason: Refusal) { refusals[reason]?.increment() }
    func hit(_ limit: Limit) { limits[limit]?.increment() }
    func predicted(_ outcome: Outcome) { predictions[outcome]?.increment() }

    /// An error message or an HTTP error was sent.
    func failed(_ code: Int) {
        Counter(label: "eot_errors_total", dimensions: [("code", "\(code)")], factory: factory).increment()
    }

    /// A session ended with a close code.
    func closed(_ code: UInt16) {
        // Peers may choose among a thousand codes of their own.
        let text = (1000...1014).contains(code) ? "\(code)" : "other"
        Counter(label: "eot_sessions_closed_total", dimensions: [("code", text)], factory: factory)
            .increment()
    }

    /// A request was answered over HTTP.
    func answered(_ route: String, _ status: Int) {
        Counter(
            label: "eot_http_requests_total", dimensions: [("route", route), ("status", "\(status)")],
            factory: factory
        ).increment()
    }

    static let help = [
        "eot_connections": "TCP connections that are open.",
        "eot_sessions": "Sessions that are open.",
        "eot_sessions_opened_total": "Sessions that were opened.",
        "eot_sessions_closed_total": "Sessions that ended, by WebSocket close code.",
        "eot_sessions_refused_total": "Sessions and requests that were turned away, by reason.",
        "eot_session_seconds": "How long sessions lasted.",
        "eot_audio_seconds_total": "Audio received, in seconds.",
        "eot_messages_total": "Messages received.",
        "eot_limit_hits_total": "Peers that ran into a limit.",
        "eot_predictions_total": "Questions for a prediction, by what became of them.",
        "eot_queue_length": "Questions that wait for a worker.",
        "eot_queue_wait_recent_seconds": "Nine in ten questions of the last seconds waited no longer.",
        "eot_queue_wait_seconds": "From a question's arrival to a worker.",
        "eot_features_seconds": "Time a prediction spent on features.",
        "eot_encoder_seconds": "Time a prediction spent in the network.",
        "eot_server_latency_seconds": "From a question's arrival to the sending of its answer.",
        "eot_errors_total": "Errors that were sent to peers, by code.",
        "eot_http_requests_total": "Requests answered over HTTP.",
        "eot_load": "Share of the workers' time that the open sessions are expected to take; 1 is all of it.",
        "eot_overloaded": "1 while new sessions are turned away for overload.",
        "eot_draining": "1 while the gateway shuts down.",
        "eot_build_info": "What runs.",
        "eot_workers": "Predictions that are computed at once.",
    ]
}

/// What runs, for metrics.
struct GatewayInfo: Sendable {
    let version: String
    let model: String
    let kernels: String
    let workers: Int
}
