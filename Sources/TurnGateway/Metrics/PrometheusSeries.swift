import CoreMetrics
import NIOConcurrencyHelpers

/// One line, or one histogram, of ``PrometheusRegistry``.
protocol PrometheusSeries: AnyObject, Sendable {
    func write(_ name: String, _ dimensions: String, to text: inout String)
}

/// A counter or a gauge.
final class PrometheusNumber: PrometheusSeries, CounterHandler, FloatingPointCounterHandler, MeterHandler {
    private let value = NIOLockedValueBox(0.0)

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { value.withLockedValue { $0 += amount } }
    func decrement(by amount: Double) { value.withLockedValue { $0 -= amount } }
    func set(_ new: Int64) { set(Double(new)) }
    func set(_ new: Double) { value.withLockedValue { $0 = new } }
    func reset() { set(0.0) }

    func write(_ name: String, _ dimensions: String, to text: inout String) {
        let braces = dimensions.isEmpty ? "" : "{\(dimensions)}"
        text += "\(name)\(braces) \(prometheusText(value.withLockedValue { $0 }))\n"
    }
}

/// A histogram with the bounds of ``PrometheusRegistry``.
final class PrometheusHistogram: PrometheusSeries, RecorderHandler, TimerHandler {
    private struct State {
        /// One more than there are bounds; not cumulated.
        var counts = [Int](repeating: 0, count: PrometheusRegistry.bounds.count + 1)
        var sum = 0.0
    }

    private let state = NIOLockedValueBox(State())

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket =
            PrometheusRegistry.bounds.firstIndex { value <= $0 } ?? PrometheusRegistry.bounds.count
        state.withLockedValue {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func write(_ name: String, _ dimensions: String, to text: inout String) {
        let state = state.withLockedValue { $0 }
        let prefix = dimensions.isEmpty ? "" : dimensions + ","
        var count = 0
        for (index, bucket) in state.counts.enumerated() {
            count += bucket
            let bounds = PrometheusRegistry.bounds
            let bound = index < bounds.count ? prometheusText(bounds[index]) : "+Inf"
            text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(count)\n"
        }
        let braces = dimensions.isEmpty ? "" : "{\(dimensions)}"
        text += "\(name)_sum\(braces) \(prometheusText(state.sum))\n\(name)_count\(braces) \(count)\n"
    }
}

/// A number as Prometheus reads it; whole ones without a fraction.
private func prometheusText(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
}
