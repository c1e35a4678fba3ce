import NIOCore
public import TurnCore

/// How a gateway works. The defaults are those of `eot serve`.
public struct GatewayOptions: Sendable {
    /// The name or address to listen at; loopback, unless told otherwise.
    public var host = "127.0.0.1"
    /// The port; 0 for a free one.
    public var port = 8080
    /// Predictions that are computed at once; as many as there are processors. 0 computes none by itself.
    public var workers = System.coreCount
    /// Threads for connections; one for each processor, at most 4.
    public var eventLoops = min(System.coreCount, 4)
    /// The thresholds that are announced to clients; the default must be above 0.
    public var thresholds = Thresholds.smartTurn()
    /// Certificate and key for TLS; nil for none.
    public var tls: GatewayTLS?
    /// When nine in ten questions of the last seconds waited up to this, and the others longer, new sessions are
    /// turned away; 100 ms.
    public var maximumQueueWait = Duration.milliseconds(100)
    /// The share of the workers' time that sessions may be expected to take; 0.9. Beyond it, new ones are turned away
    /// before questions begin to wait.
    public var maximumLoad = 0.9
    /// Time that sessions have to end once the gateway shuts down; 10 s.
    public var drain = Duration.seconds(10)
    /// What peers may do.
    public var limits = GatewayLimits()

    public init() {}
}

/// What a gateway's peers may do, and for how long.
public struct GatewayLimits: Sendable {
    /// Largest frame and largest message, in bytes; 1 MiB. A larger one ends the session (1009).
    public var maximumMessageByteCount = 1 << 20
    /// Messages a second and session; 1000. So many may come at once; more end the session (error 429, 1008).
    public var messagesPerSecond = 1_000
    /// Seconds of audio a second and session; 8. More, beyond ``audioBurst``, ends the session (error 429, 1008).
    public var audioSpeed = 8.0
    /// Seconds of audio that may come at once, as after an interruption; 60.
    public var audioBurst = 60.0
    /// From accepting a connection to the end of its first request's head, TLS included; 10 s.
    public var handshakeTimeout = Duration.seconds(10)
    /// From the upgrade to the first message; 5 s.
    public var firstMessageTimeout = Duration.seconds(5)
    /// From a request's head to the end of its body; 30 s.
    public var bodyTimeout = Duration.seconds(30)
    /// Time between pings; 20 s.
    public var pingInterval = Duration.seconds(20)
    /// From a ping to its pong; 20 s.
    public var pongTimeout = Duration.seconds(20)
    /// Time without a message after which a session ends, and without a request after which a connection does; 5 min.
    public var idleTimeout = Duration.seconds(300)
    /// Sessions at once; 4096. More are refused (503).
    public var maximumSessions = 4_096
    /// The share of the sessions that one key may have, 0...1; 1. More are refused (429).
    public var keyShare = 1.0
    /// Connections at once, in the handshake and for single requests too; 8192. More are closed as they come.
    public var maximumConnections = 8_192
    /// Bytes that wait for a peer that does not read; 1 MiB. More end the session (1008).
    public var maximumOutboundByteCount = 1 << 20
    /// Names and values of a request's headers together, in bytes; 16 KiB. More are refused (431).
    public var maximumHeaderByteCount = 16_384
    /// A request's body, in bytes; 16 MiB. A larger one is refused (413).
    public var maximumBodyByteCount = 16 << 20
    /// Bodies of all requests at once, in bytes; 256 MiB. More are refused (503).
    public var maximumBodyMemory = 256 << 20
    /// How long a question may wait for a worker; 1 s. Then its client has given up, and it is dropped.
    public var questionTimeout = Duration.seconds(1)

    public init() {}
}

extension GatewayOptions {
    /// - Throws: ``TurnError`` `.invalidArgument` naming the first value that is out of range.
    func validate() throws(TurnError) {
        func check(_ isGood: Bool, _ text: @autoclosure () -> String) throws(TurnError) {
            guard isGood else { throw TurnError(.invalidArgument, text()) }
        }
        try check((0...65_535).contains(port), "port \(port) is out of range; use 0 to 65535")
        try check((0...1_024).contains(workers), "\(workers) workers are out of range; use 1 to 1024")
        try check(
            (1...1_024).contains(eventLoops), "\(eventLoops) event loops are out of range; use 1 to 1024")
        let defaultThreshold = thresholds.defaultValue ?? 0
        try check(
            defaultThreshold > 0 && defaultThreshold <= 1,
            "clients take no default threshold of \(defaultThreshold); use one above 0, up to 1")
        try check(
            maximumLoad > 0 && maximumLoad <= 1_000,
            "a load of \(maximumLoad) is out of range; use a number above 0, up to 1000")
        let counts = [
            limits.maximumMessageByteCount, limits.messagesPerSecond, limits.maximumSessions,
            limits.maximumConnections, limits.maximumOutboundByteCount, limits.maximumHeaderByteCount,
            limits.maximumBodyByteCount, limits.maximumBodyMemory,
        ]
        try check(
            counts.allSatisfy { (1...(1 << 31)).contains($0) },
            "a limit is out of range; use a number from 1 to 2147483648")
        try check(
            limits.audioSpeed > 0 && limits.audioSpeed <= 1e6 && limits.audioBurst > 0
                && limits.audioBurst <= 1e6,
            "a limit of audio is out of range; use a number above 0, up to 1000000")
        try check(
            limits.keyShare > 0 && limits.keyShare <= 1,
            "a key's share of \(limits.keyShare) is out of range; use a number above 0, up to 1")
        let times = [
            limits.handshakeTimeout, limits.firstMessageTimeout, limits.bodyTimeout, limits.pingInterval,
            limits.pongTimeout, limits.idleTimeout, limits.questionTimeout, maximumQueueWait,
        ]
        try check(
            times.allSatisfy { $0 > .zero && $0 <= .seconds(86_400) } && drain >= .zero
                && drain <= .seconds(86_400),
            "a time is out of range; use more than nothing, at most a day")
    }
}

extension TimeAmount {
    /// The same time; the gateway's own are at most a day.
    init(_ duration: Duration) {
        let parts = duration.components
        self = .nanoseconds(parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
    }
}

extension Duration {
    init(_ amount: TimeAmount) { self = .nanoseconds(amount.nanoseconds) }

    /// As a number of seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
