import CoreMetrics
import NIOConcurrencyHelpers
import NIOCore

/// Counts connections and bounds how many there may be.
final class ConnectionCount: Sendable {
    private let limit: Int
    private let metrics: GatewayMetrics
    private let count = NIOLockedValueBox(0)

    init(limit: Int, metrics: GatewayMetrics) {
        self.limit = limit
        self.metrics = metrics
    }

    /// Counts a connection until it closes.
    ///
    /// - Returns: false when there are too many; it is not counted then.
    func enter(_ channel: any Channel) -> Bool {
        let hasRoom = count.withLockedValue { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard hasRoom else {
            metrics.refused(.connectionLimit)
            return false
        }
        metrics.connections.increment()
        channel.closeFuture.whenComplete { _ in
            self.count.withLockedValue { $0 -= 1 }
            self.metrics.connections.decrement()
        }
        return true
    }
}
