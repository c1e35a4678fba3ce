import SwiftProtobuf

// Wall-clock times are durations since the Unix epoch: exact to the nanosecond the wire carries, and the type all
// other times of this library have.

extension Duration {
    /// Seconds a protobuf Duration may hold either way; a Timestamp's range (years 1 to 9999) lies within.
    private static let wireSeconds: ClosedRange<Int64> = -315_576_000_000...315_576_000_000

    /// A value from the wire. What lies outside the ranges of the protobuf types is clamped to them, so that no
    /// peer can make later arithmetic overflow.
    init(wireSeconds seconds: Int64, nanoseconds: Int32) {
        let seconds = min(max(seconds, Self.wireSeconds.lowerBound), Self.wireSeconds.upperBound)
        let nanoseconds = min(max(nanoseconds, -999_999_999), 999_999_999)
        self = .seconds(seconds) + .nanoseconds(Int64(nanoseconds))
    }

    /// Whole seconds and nanoseconds of the same sign, within the range of the wire.
    fileprivate var wireParts: (seconds: Int64, nanoseconds: Int32) {
        let limit = Duration.seconds(Self.wireSeconds.upperBound)
        let parts = min(max(self, .zero - limit), limit).components
        return (parts.seconds, Int32(parts.attoseconds / 1_000_000_000))
    }
}

extension Google_Protobuf_Timestamp {
    /// The time since the Unix epoch.
    var sinceUnixEpoch: Duration { Duration(wireSeconds: seconds, nanoseconds: nanos) }

    init(sinceUnixEpoch time: Duration) {
        var (seconds, nanoseconds) = time.wireParts
        if nanoseconds < 0 {
            // A timestamp's nanoseconds count forward, before 1970 too.
            seconds -= 1
            nanoseconds += 1_000_000_000
        }
        self.init(seconds: seconds, nanos: nanoseconds)
    }
}

extension Google_Protobuf_Duration {
    var duration: Duration { Duration(wireSeconds: seconds, nanoseconds: nanos) }

    init(duration: Duration) {
        let (seconds, nanoseconds) = duration.wireParts
        self.init(seconds: seconds, nanos: nanoseconds)
    }
}
