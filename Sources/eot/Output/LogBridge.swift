import Logging

extension Log {
    /// The same place for libraries that log with swift-log.
    var logger: Logger {
        var logger = Logger(label: "eot") { _ in LogBridge(log: self) }
        logger.logLevel =
            switch level {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
        return logger
    }
}

/// Takes what libraries log to standard error, as one line each.
private struct LogBridge: LogHandler {
    let log: Log
    var logLevel = Logger.Level.warning
    var metadata: Logger.Metadata = [:]

    init(log: Log) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        switch event.level {
        case .critical, .error: log.error("\(event.message)")
        case .warning: log.warning("\(event.message)")
        case .notice, .info: log.info("\(event.message)")
        case .debug, .trace: log.debug("\(event.message)")
        }
    }
}
