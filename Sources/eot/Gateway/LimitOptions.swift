import ArgumentParser
import TurnCore
import TurnGateway

/// What the gateway's clients may do. Each limit has a metric, `eot_limit_hits_total` or `eot_sessions_refused_total`.
struct LimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Largest message, in bytes.", valueName: "n"))
    var maxMessage = 1 << 20

    @Option(help: ArgumentHelp("Messages a second and session.", valueName: "n"))
    var maxMessageRate = 1_000

    @Option(help: ArgumentHelp("Seconds of audio a second and session.", valueName: "x"))
    var maxAudioSpeed = 8.0

    @Option(help: ArgumentHelp("Seconds of audio that may come at once.", valueName: "s"))
    var audioBurst = 60.0

    @Option(help: ArgumentHelp("Sessions at once.", valueName: "n"))
    var maxSessions = 4_096

    @Option(
        help: ArgumentHelp(
            "Share of the sessions that one key may have, above 0, up to 1.", valueName: "share"))
    var keyShare = 1.0

    @Option(help: ArgumentHelp("Connections at once, sessions among them.", valueName: "n"))
    var maxConnections = 8_192

    @Option(help: ArgumentHelp("Time to the end of a connection's first request head.", valueName: "s"))
    var handshakeTimeout = 10.0

    @Option(help: ArgumentHelp("Time from the upgrade to session_create.", valueName: "s"))
    var createTimeout = 5.0

    @Option(help: ArgumentHelp("Time from a request's head to the end of its body.", valueName: "s"))
    var bodyTimeout = 30.0

    @Option(help: ArgumentHelp("Time between pings.", valueName: "s"))
    var pingInterval = 20.0

    @Option(help: ArgumentHelp("Time for a pong.", valueName: "s"))
    var pongTimeout = 20.0

    @Option(help: ArgumentHelp("Time without a message after which a session ends.", valueName: "s"))
    var idleTimeout = 300.0

    @Option(help: ArgumentHelp("Bytes that may wait for a client that does not read.", valueName: "n"))
    var maxWriteBuffer = 1 << 20

    @Option(help: ArgumentHelp("Headers of a request, in bytes.", valueName: "n"))
    var maxHeaders = 16_384

    @Option(help: ArgumentHelp("Body of a request, in bytes.", valueName: "n"))
    var maxBody = 16 << 20

    @Option(help: ArgumentHelp("Bodies of all requests at once, in bytes.", valueName: "n"))
    var maxBodyMemory = 256 << 20

    @Option(
        help: ArgumentHelp("Time that a question may wait for a worker; then it is dropped.", valueName: "s"))
    var questionTimeout = 1.0

    @Option(
        help: ArgumentHelp(
            "New sessions are refused while more than one question in ten waits longer than this.",
            valueName: "s"))
    var maxQueueWait = 0.1

    @Option(
        help: ArgumentHelp(
            "New sessions are refused when those that are open are expected to take more than this share of the "
                + "workers' time.", valueName: "share"))
    var maxLoad = 0.9

    @Option(help: ArgumentHelp("Time that sessions have to end after SIGTERM.", valueName: "s"))
    var drain = 10.0

    /// The options of a gateway with these limits.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` for a time out of range; counts are checked by the gateway.
    func gatewayOptions() throws(TurnError) -> GatewayOptions {
        func duration(_ seconds: Double, _ name: String) throws(TurnError) -> Duration {
            guard seconds > 0, seconds <= 86_400 else {
                throw TurnError(
                    .invalidArgument,
                    "\(name) \(seconds) is out of range; use more than 0, up to 86400 seconds")
            }
            return .fromSeconds(seconds)
        }
        var options = GatewayOptions()
        var limits = GatewayLimits()
        limits.maximumMessageByteCount = maxMessage
        limits.messagesPerSecond = maxMessageRate
        limits.audioSpeed = maxAudioSpeed
        limits.audioBurst = audioBurst
        limits.maximumSessions = maxSessions
        limits.keyShare = keyShare
        limits.maximumConnections = maxConnections
        limits.handshakeTimeout = try duration(handshakeTimeout, "--handshake-timeout")
        limits.firstMessageTimeout = try duration(createTimeout, "--create-timeout")
        limits.bodyTimeout = try duration(bodyTimeout, "--body-timeout")
        limits.pingInterval = try duration(pingInterval, "--ping-interval")
        limits.pongTimeout = try duration(pongTimeout, "--pong-timeout")
        limits.idleTimeout = try duration(idleTimeout, "--idle-timeout")
        limits.maximumOutboundByteCount = maxWriteBuffer
        limits.maximumHeaderByteCount = maxHeaders
        limits.maximumBodyByteCount = maxBody
        limits.maximumBodyMemory = maxBodyMemory
        limits.questionTimeout = try duration(questionTimeout, "--question-timeout")
        options.limits = limits
        options.maximumQueueWait = try duration(maxQueueWait, "--max-queue-wait")
        options.maximumLoad = maxLoad
        options.drain = try duration(drain, "--drain")
        return options
    }
}
