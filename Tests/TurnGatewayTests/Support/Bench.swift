import NIOCore
import NIOEmbedded
import TurnCore
import TurnGateway
import TurnTesting
import TurnWire

/// A gateway without sockets, threads and moving clocks: tests move the time, and say when a worker takes a question.
final class Bench {
    static let key = "devkey"
    static let secret = "a-secret-word"
    /// The time since the Unix epoch when the test begins.
    static let epoch = Duration.seconds(1_800_000_000)

    let loop = EmbeddedEventLoop()
    let model: ProbeModel
    let gateway: Gateway
    let log = CapturedLog()

    init(
        model: ProbeModel = ProbeModel(), access: GatewayAccess? = nil,
        _ configure: (inout GatewayOptions) -> Void = { _ in }
    ) throws {
        self.model = model
        var options = GatewayOptions()
        options.workers = 0
        configure(&options)
        let loop = loop
        let clock = GatewayClock(
            monotonic: { loop.now },
            wall: { Self.epoch + .nanoseconds((loop.now - .uptimeNanoseconds(0)).nanoseconds) })
        gateway = try Gateway(
            model: model, access: access ?? .keys(GatewayKeys([Self.key: Self.secret])), options: options,
            logger: log.logger, clock: clock)
    }

    /// A connection that has sent nothing.
    func connect() throws -> Peer { try Peer(self) }

    /// A session after its `session_created`.
    func session(sampleRate: Int = 16_000) throws -> Peer {
        let peer = try connect()
        try peer.upgrade()
        try peer.send(.sessionCreate(SessionSettings(sampleRate: sampleRate)))
        guard case .sessionCreated = try peer.takeMessages().first?.body else {
            throw Unexpected("no session_created")
        }
        return peer
    }

    /// Answers what waits, and lets the answers out.
    func work() {
        while gateway.answerNext() {}
        loop.run()
    }

    func advance(_ time: TimeAmount) { loop.advanceTime(by: time) }

    static func token(
        key: String = key, secret: String = secret, now: Duration = epoch,
        timeToLive: Duration = .seconds(600)
    ) throws -> String {
        try AccessToken.mint(apiKey: key, apiSecret: secret, now: now, timeToLive: timeToLive)
    }

    /// A metric's value.
    func metric(_ line: String) -> Double? { Metrics.value(line, in: gateway.metricsText) }
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Reads Prometheus' text.
enum Metrics {
    /// The value of a series, named as in the text: `eot_limit_hits_total{limit="idle_time"}`.
    static func value(_ series: String, in text: String) -> Double? {
        for line in text.split(separator: "\n") where line.hasPrefix(series + " ") {
            return Double(line.dropFirst(series.count + 1))
        }
        return nil
    }
}
