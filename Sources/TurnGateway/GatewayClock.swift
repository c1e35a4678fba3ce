public import NIOCore
import TurnWire

/// The clocks that a gateway goes by.
public struct GatewayClock: Sendable {
    /// Never goes back; measures waits.
    public var monotonic: @Sendable () -> NIODeadline
    /// The time since the Unix epoch; stamps messages and checks tokens.
    public var wall: @Sendable () -> Duration

    public init(
        monotonic: @escaping @Sendable () -> NIODeadline, wall: @escaping @Sendable () -> Duration
    ) {
        self.monotonic = monotonic
        self.wall = wall
    }

    /// The system's.
    public static let system = GatewayClock(monotonic: { .now() }, wall: WallClock.now)
}
