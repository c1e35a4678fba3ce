import NIOCore
import TurnCore
import TurnWebSocket

/// What a load run does.
public struct LoadOptions: Sendable {
    /// When sessions ask for predictions.
    public enum Mode: Sendable, Hashable {
        /// At the pauses of their speech, as live conversations do.
        case realTime
        /// Always: the next question follows each answer. The rate of answers is what the gateway can do at most.
        case saturate
    }

    /// The lengths of audio a message that are allowed.
    public static let frameDurations: [Duration] = [.milliseconds(20), .milliseconds(50)]

    /// Sessions at the same time.
    public var sessionCount: Int
    /// How long is measured.
    public var duration: Duration
    public var mode = Mode.realTime
    /// Sessions open evenly over this time, before the measurement.
    public var startUp: Duration
    /// Between the last session's opening and the measurement; audio flows and questions are asked meanwhile.
    public var warmUp: Duration
    /// Audio a message: 20 or 50 ms. LiveKit's rooms deliver 50 ms.
    public var frameDuration = Duration.milliseconds(50)
    /// An answer that takes longer is late: LiveKit Agents 1.8.9 has gone on without it by then.
    public var answerLimit = Duration.seconds(1)
    /// How long a session lives before it makes place for a new one, a fifth more or less; nil for the whole run.
    public var sessionDuration: Duration?
    /// Event loops.
    public var threadCount = 1

    /// - Parameters:
    ///   - sessionCount: sessions at the same time.
    ///   - duration: how long is measured.
    public init(sessionCount: Int, duration: Duration) {
        self.sessionCount = sessionCount
        self.duration = duration
        startUp = max(.seconds(1), .milliseconds(10) * sessionCount)
        warmUp = .zero
    }

    var frameSampleCount: Int {
        Int((frameDuration / .milliseconds(1)).rounded()) * LoadAudio.sampleRate / 1_000
    }

    /// How long a question is waited for before it counts as lost.
    var patience: Duration { answerLimit + .seconds(1) }

    func check() throws(TurnError) {
        guard (1...100_000).contains(sessionCount), duration >= .milliseconds(100),
            Self.frameDurations.contains(frameDuration), startUp >= .zero, warmUp >= .zero,
            answerLimit > .zero, (1...64).contains(threadCount),
            sessionDuration.map({ $0 >= .seconds(1) }) ?? true
        else {
            throw TurnError(
                .invalidArgument,
                "the load cannot be made; use 1 to 100000 sessions of 1 s or more, 0.1 s or more of measuring, and "
                    + "frames of 20 or 50 ms")
        }
    }
}

/// The gateway under load.
public struct LoadTarget: Sendable {
    public var url: WebSocketURL
    public var client: WebSocketClient
    /// The headers of a new connection, with a fresh access token. Called on event loops.
    public var headers: @Sendable () throws -> [(name: String, value: String)]
    /// The wall clock: time since the Unix epoch, for the stamps of messages.
    public var now: @Sendable () -> Duration

    public init(
        url: WebSocketURL, client: WebSocketClient, now: @escaping @Sendable () -> Duration,
        headers: @escaping @Sendable () throws -> [(name: String, value: String)]
    ) {
        self.url = url
        self.client = client
        self.now = now
        self.headers = headers
    }
}
