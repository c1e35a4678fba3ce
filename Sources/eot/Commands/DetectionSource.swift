import TurnCore
import TurnDetection

/// Who predicts for a recording: this device, or a gateway with the device behind it.
struct DetectionSource {
    let detector: TurnDetector
    /// Whether the gateway has answered; nil where the device predicts.
    let readiness: Readiness?

    /// This device.
    ///
    /// - Parameters:
    ///   - model: predicts.
    ///   - thresholds: the model's.
    ///   - log: where warnings go.
    /// - Throws: ``TurnError`` when no detector can be made.
    init(_ model: any TurnModel, thresholds: ThresholdTable, log: Log) throws(TurnError) {
        var options = TurnDetectorOptions()
        options.version = .v1Mini
        options.environment = [:]
        options.localThresholds = thresholds
        options.logger = log.logger
        detector = try TurnDetector(localModel: LocalModel(model), options: options)
        readiness = nil
    }

    /// A gateway.
    ///
    /// - Parameters:
    ///   - url: its address.
    ///   - cloud: credentials and the rest.
    ///   - model: answers while the gateway does not.
    ///   - thresholds: the model's.
    ///   - override: thresholds in place of the gateway's, if they were given.
    ///   - log: where warnings go.
    /// - Throws: ``TurnError`` for an address, credentials or certificates that cannot be used.
    init(
        _ url: String, _ cloud: CloudOptions, model: any TurnModel, thresholds: ThresholdTable,
        override: ThresholdOverride?, log: Log
    ) throws(TurnError) {
        let readiness = Readiness()
        detector = try cloud.detector(
            url, model: model, thresholds: thresholds, override: override, log: log, readiness: readiness)
        self.readiness = readiness
    }

    /// What a session's last answers came from.
    func model(of session: TurnSession) -> String {
        let service = TurnDetectorVersion.v1.modelName
        return session.model == service ? service : detector.localModel.name
    }
}
