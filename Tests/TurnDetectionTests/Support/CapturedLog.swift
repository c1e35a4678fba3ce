import Logging
import TurnTesting

/// What was logged.
final class CapturedLog: Sendable {
    struct Line: Sendable {
        let level: Logger.Level
        let text: String
    }

    let lines = Recorder<[Line]>([])

    var logger: Logger {
        Logger(label: "test") { [lines] _ in Handler(lines: lines) }
    }

    var warnings: [String] { lines.value.filter { $0.level == .warning }.map(\.text) }

    var errors: [String] { lines.value.filter { $0.level == .error }.map(\.text) }

    private struct Handler: LogHandler {
        let lines: Recorder<[Line]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.update { $0.append(Line(level: event.level, text: event.message.description)) }
        }
    }
}
