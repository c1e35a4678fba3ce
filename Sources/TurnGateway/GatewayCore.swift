import CoreMetrics
import Logging
import NIOConcurrencyHelpers
import NIOCore
import TurnCore
import TurnWebSocket
import TurnWire

/// What all connections of a gateway share.
final class GatewayCore: Sendable {
    let model: any TurnModel
    let access: GatewayAccess
    let options: GatewayOptions
    let queue: PredictionQueue
    let monitor: LoadMonitor
    let table: SessionTable
    let registry: PrometheusRegistry
    let metrics: GatewayMetrics
    let logger: Logger
    let defaults: SessionDefaults
    let clock: GatewayClock
    /// Bytes of request bodies that are in memory.
    private let bodyMemory = NIOLockedValueBox(0)

    init(
        model: any TurnModel, access: GatewayAccess, options: GatewayOptions, version: String,
        kernels: String, logger: Logger, clock: GatewayClock
    ) {
        self.model = model
        self.access = access
        self.options = options
        self.logger = logger
        self.clock = clock
        queue = PredictionQueue(
            model: model, waitLimit: TimeAmount(options.limits.questionTimeout), now: clock.monotonic)
        monitor = LoadMonitor(
            waitLimit: TimeAmount(options.maximumQueueWait), loadLimit: options.maximumLoad,
            workers: options.workers, now: clock.monotonic())
        table = SessionTable(limits: options.limits)
        registry = PrometheusRegistry(help: GatewayMetrics.help)
        metrics = GatewayMetrics(
            registry,
            info: GatewayInfo(
                version: version, model: model.name, kernels: kernels, workers: options.workers))
        defaults = SessionDefaults(options.thresholds)
    }

    var now: NIODeadline { clock.monotonic() }

    /// Whether new sessions are turned away because there is too much to do.
    var isOverloaded: Bool {
        monitor.isOverloaded(now: now, oldestArrival: queue.oldestArrival)
    }

    /// The metrics' text, with what changes between two looks brought up to date.
    var metricsText: String {
        metrics.queueLength.set(queue.length)
        metrics.recentQueueWait.set(Duration(monitor.recentWait(now: now)).inSeconds)
        metrics.load.set(monitor.load(now: now))
        metrics.isOverloaded.set(isOverloaded ? 1 : 0)
        metrics.isDraining.set(table.isDraining ? 1 : 0)
        return registry.text
    }

    /// Notes how a question fared.
    func note(_ outcome: PredictionQueue.Outcome) {
        switch outcome {
        case .predicted(let prediction, let wait):
            monitor.record(wait, now: now)
            monitor.note { $0.answered(in: prediction.featuresDuration + prediction.inferenceDuration) }
            metrics.queueWait.recordNanoseconds(wait.nanoseconds)
            metrics.features.recordSeconds(prediction.featuresDuration.inSeconds)
            metrics.encoder.recordSeconds(prediction.inferenceDuration.inSeconds)
        case .late(let wait):
            monitor.record(wait, now: now)
            metrics.queueWait.recordNanoseconds(wait.nanoseconds)
        case .failed: break
        }
    }

    /// Reserves memory for a body.
    ///
    /// - Returns: whether there is so much.
    func reserveBodyMemory(_ byteCount: Int) -> Bool {
        bodyMemory.withLockedValue { used in
            guard used + byteCount <= options.limits.maximumBodyMemory else { return false }
            used += byteCount
            return true
        }
    }

    func freeBodyMemory(_ byteCount: Int) {
        bodyMemory.withLockedValue { $0 -= byteCount }
    }
}

extension SessionDefaults {
    /// What clients are told: a value for each language of the model and of the table.
    init(_ table: ThresholdTable) {
        var values: [String: Float] = [:]
        let languages = Thresholds.smartTurnLanguages.map(\.language) + table.values.keys
        for language in languages {
            if let value = table.value(for: LanguageCode(language)) { values[language] = Float(value) }
        }
        self.init(thresholds: values, defaultThreshold: Float(table.defaultValue ?? 0))
    }
}
