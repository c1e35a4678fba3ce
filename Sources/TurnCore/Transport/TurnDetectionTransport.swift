/// A service that predicts the end of turns, as seen by a stream: one call of ``run(_:)`` is one connection.
///
/// A transport connects, serves and ends; everything else is the stream's: it queues audio while there is no
/// connection, tries again after a retryable error (``ConnectionOptions``), lets the local model answer meanwhile,
/// falls back for good, keeps at most one request in flight and drops stale answers. So a transport needs no retry
/// loop, no audio buffer and no time-out of predictions.
///
/// How it is driven:
/// 1. The stream calls ``run(_:)`` in a task of its own, again for each attempt, never twice at once.
/// 2. The transport connects within `connection.options.timeout`, and says so with
///    ``TransportConnection/connected(sessionID:)`` as soon as it can send. Until then nothing is taken from the queue.
/// 3. It calls ``TransportConnection/nextCommand()`` in a loop and sends what comes, in that order: audio, prediction
///    requests and flushes share one queue (S-05), so a request is preceded by all audio pushed before it.
/// 4. Meanwhile it reports what the service says: ``TransportConnection/adopt(_:)`` the thresholds of a new session,
///    ``TransportConnection/answer(_:)`` each prediction.
/// 5. After `.end` it closes gracefully, waits a second at most (S-24), and returns.
/// 6. When its task is cancelled (fallback, close of the stream) it closes the connection without delay and returns or
///    throws; whatever it does then is ignored. `nextCommand()` returns nil.
/// 7. When the connection fails it throws a ``TransportError`` with its true retryability.
///
/// One transport value serves many streams at once; state of a connection belongs into `run`.
public protocol TurnDetectionTransport: Sendable {
    /// One connection, from connecting to its end.
    ///
    /// - Parameter connection: the stream's side of it.
    /// - Throws: ``TransportError``; any other error counts as one that is not retryable.
    func run(_ connection: any TransportConnection) async throws
}

/// What a stream offers a ``TurnDetectionTransport`` for one connection. All members may be used from any task, but
/// ``nextCommand()`` from one at a time. After the connection was given up they do nothing.
public protocol TransportConnection: AnyObject, Sendable {
    /// The rate of the audio, to announce to the service.
    var sampleRate: Int { get }
    /// The handshake's time-out is the transport's to keep.
    var options: ConnectionOptions { get }

    /// The connection stands: from now on predictions are asked of it, and audio flows.
    ///
    /// - Parameter sessionID: the session's id if the service knows one; request ids then begin with it.
    func connected(sessionID: String?)

    /// The next thing to send; waits for one. Nil when the connection was given up or the task was cancelled.
    func nextCommand() async -> TransportCommand?

    /// Takes over the thresholds of a new session.
    ///
    /// - Throws: ``TransportError`` that is not retryable, if they cannot be used (no values, or a default of zero or
    ///   less). Let it end the connection.
    func adopt(_ defaults: ServerThresholds) throws(TransportError)

    /// Hands in an answer. One to a request that is no longer in flight is dropped.
    func answer(_ answer: TransportAnswer)
}

/// What a transport sends next.
public enum TransportCommand: Sendable, Hashable {
    /// Mono 16-bit samples at the connection's rate, in order and without gaps but for those of the bounded queue; at
    /// most 100 ms of them, never none.
    case audio([Int16])
    /// Asks for the prediction of all audio so far.
    case predict(requestID: String)
    /// Nothing sent so far counts any more.
    case flush
    /// No more follows; close gracefully.
    case end
}

/// What a service answered to a request.
public struct TransportAnswer: Sendable, Hashable {
    /// The request's id as it was sent.
    public var requestID: String
    /// P(turn ended) as it came.
    public var probability: Float
    /// P(backchannel), nil if the service gives none.
    public var backchannelProbability: Float?
    /// From the latest audio that counted to the answer's arrival, where the service tells (S-16).
    public var detectionDelay: Duration?
    /// The service's own time, from the request's arrival to the answer.
    public var inferenceDuration: Duration?
    /// From the capture of the latest audio to the answer as the service measured it, for metrics.
    public var totalDuration: Duration?

    public init(
        requestID: String, probability: Float, backchannelProbability: Float? = nil,
        detectionDelay: Duration? = nil, inferenceDuration: Duration? = nil, totalDuration: Duration? = nil
    ) {
        self.requestID = requestID
        self.probability = probability
        self.backchannelProbability = backchannelProbability
        self.detectionDelay = detectionDelay
        self.inferenceDuration = inferenceDuration
        self.totalDuration = totalDuration
    }
}

/// The thresholds that a service announces for a session, as they came over the wire.
public struct ServerThresholds: Sendable {
    /// By language text, in the order of arrival.
    public var thresholds: [(language: String, value: Float)]
    /// For every other language.
    public var defaultThreshold: Float
    /// Thresholds of backchannels by language; none if the service does not do them.
    public var backchannelThresholds: [(language: String, value: Float)]
    /// For every other language; zero if unknown.
    public var defaultBackchannelThreshold: Float

    public init(
        thresholds: [(language: String, value: Float)], defaultThreshold: Float,
        backchannelThresholds: [(language: String, value: Float)] = [], defaultBackchannelThreshold: Float = 0
    ) {
        self.thresholds = thresholds
        self.defaultThreshold = defaultThreshold
        self.backchannelThresholds = backchannelThresholds
        self.defaultBackchannelThreshold = defaultBackchannelThreshold
    }
}
