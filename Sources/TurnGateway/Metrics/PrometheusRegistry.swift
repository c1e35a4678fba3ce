public import CoreMetrics
import NIOConcurrencyHelpers

/// Keeps metrics of swift-metrics' API in memory, and writes them in Prometheus' text format 0.0.4.
///
/// Counters, meters and recorders become counters, gauges and histograms under their own labels; timers become
/// histograms in seconds. Labels and dimensions must be such as Prometheus allows. Series stay until they are
/// destroyed, so dimensions must come from small, closed sets.
public final class PrometheusRegistry: MetricsFactory, Sendable {
    private struct Family {
        let kind: String
        /// By the text of their dimensions.
        var series: [String: any PrometheusSeries] = [:]
    }

    /// Upper bounds of the histograms' buckets, in seconds; the bounds that decide (the queue wait, a second) are
    /// among them.
    static let bounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10,
    ]

    private let families = NIOLockedValueBox<[String: Family]>([:])
    private let help: [String: String]

    /// - Parameter help: what metrics mean, by label.
    public init(help: [String: String] = [:]) {
        self.help = help
    }

    /// All metrics, in the order of their names.
    public var text: String {
        var text = ""
        for (name, family) in families.withLockedValue({ $0 }).sorted(by: { $0.key < $1.key }) {
            if let help = help[name] { text += "# HELP \(name) \(help)\n" }
            text += "# TYPE \(name) \(family.kind)\n"
            for (dimensions, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.write(name, dimensions, to: &text)
            }
        }
        return text
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, "counter") { PrometheusNumber() }
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, "counter") { PrometheusNumber() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, "gauge") { PrometheusNumber() }
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        series(label, dimensions, "histogram") { PrometheusHistogram() }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, "histogram") { PrometheusHistogram() }
    }

    public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    /// The series of a label and its dimensions; the one that is there already, if it is of the same kind.
    private func series<Series: PrometheusSeries>(
        _ label: String, _ dimensions: [(String, String)], _ kind: String, _ make: () -> Series
    ) -> Series {
        let key = dimensions.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        return families.withLockedValue { families in
            var family = families[label] ?? Family(kind: kind)
            if let known = family.series[key] as? Series { return known }
            let series = make()
            // A label that is used for two kinds keeps the first; the second is counted, but not shown.
            if family.kind == kind { family.series[key] = series }
            families[label] = family
            return series
        }
    }

    private func destroy(_ handler: AnyObject) {
        families.withLockedValue { families in
            for label in families.keys {
                let left = families[label]?.series.filter { $0.value !== handler }
                families[label]?.series = left ?? [:]
            }
        }
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
