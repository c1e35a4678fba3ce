import Logging

/// Keeps what is logged.
public final class CapturedLog: Sendable {
    /// One message.
    public struct Line: Sendable {
        public let level: Logger.Level
        public let message: String
        /// The logger's and the message's own.
        public let metadata: Logger.Metadata
    }

    public let lines = Recorder<[Line]>([])

    public init() {}

    /// Logs into this log, all levels.
    public var logger: Logger { Logger(label: "test") { [lines] _ in Handler(lines: lines) } }

    /// Each message with its level and metadata, as one line.
    public var all: [String] { lines.value.map { "\($0.level): \($0.message) \($0.metadata)" } }

    public var warnings: [String] { messages(.warning) }

    public var errors: [String] { messages(.error) }

    private func messages(_ level: Logger.Level) -> [String] {
        lines.value.filter { $0.level == level }.map(\.message)
    }

    private struct Handler: LogHandler {
        let lines: Recorder<[Line]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            lines.update {
                $0.append(Line(level: event.level, message: event.message.description, metadata: all))
            }
        }
    }
}
