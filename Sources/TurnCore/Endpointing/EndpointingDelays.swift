/// How long after the last speech a turn ends.
public struct EndpointingDelays: Sendable, Hashable {
    /// After a prediction that the turn has ended.
    public let min: Duration
    /// After a prediction that it has not, if silence goes on.
    public let max: Duration

    /// - Throws: ``TurnError`` `.invalidArgument` for a delay outside 0...24 h. A `min` above `max` is allowed and
    ///   shortened to it, as the reference does.
    public init(min: Duration, max: Duration) throws(TurnError) {
        for delay in [min, max] { try delay.checkOption("an endpointing delay") }
        self.init(unchecked: Swift.min(min, max), max)
    }

    init(unchecked min: Duration, _ max: Duration) {
        self.min = min
        self.max = max
    }
}
