/// How a stream connects to a service, and how often it tries again. Waits are up to a quarter longer at random, and
/// longer still when the service asks for it (``TransportError/retryAfter``), a minute at most.
public struct ConnectionOptions: Sendable, Hashable {
    /// Further attempts after one that failed retryably. Default 3.
    public let maxRetry: Int
    /// The wait before every further attempt but the first, which follows after 0.1 s. Default 2 s.
    public let retryInterval: Duration
    /// The longest that a handshake may take. Default 10 s.
    public let timeout: Duration

    /// - Throws: ``TurnError`` `.invalidArgument` for a negative count, or a duration outside 0...24 h.
    public init(
        maxRetry: Int = 3, retryInterval: Duration = .seconds(2), timeout: Duration = .seconds(10)
    ) throws(TurnError) {
        guard maxRetry >= 0 else {
            throw TurnError(.invalidArgument, "the number of retries is negative; use 0 or more")
        }
        try retryInterval.checkOption("a retry interval")
        try timeout.checkOption("a connection time-out")
        self.init(unchecked: maxRetry, retryInterval, timeout)
    }

    private init(unchecked maxRetry: Int, _ retryInterval: Duration, _ timeout: Duration) {
        self.maxRetry = maxRetry
        self.retryInterval = retryInterval
        self.timeout = timeout
    }

    /// All defaults.
    public static let `default` = ConnectionOptions(unchecked: 3, .seconds(2), .seconds(10))

    /// The wait before further attempt `retry`, the first being 0.
    public func interval(beforeRetry retry: Int) -> Duration {
        retry == 0 ? .milliseconds(100) : retryInterval
    }
}
