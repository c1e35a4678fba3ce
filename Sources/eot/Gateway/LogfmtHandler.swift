import Logging
import TurnWire

/// Writes each event as one logfmt line on standard error: `time=… level=… event="…" session=…`.
struct LogfmtHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(level: Log.Level) {
        logLevel =
            switch level {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line =
            "time=\(Self.time(WallClock.now())) level=\(event.level) event=\(Self.value("\(event.message)"))"
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(Self.value("\(value)"))"
        }
        StandardError.write(line + "\n")
    }

    /// Quoted where it has to be; what comes from peers is bounded and on one line.
    static func value(_ text: String) -> String {
        let text = OneLine.text(text, limit: 200)
        let isBare =
            !text.isEmpty
            && text.utf8.allSatisfy {
                $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
            }
        return isBare ? text : JSONValue.string(text).text
    }

    /// RFC 3339 in UTC, to the millisecond.
    static func time(_ sinceEpoch: Duration) -> String {
        let (seconds, rest) = sinceEpoch.components
        let (day, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        // Howard Hinnant's days-to-date: years begin in March, so that the leap day is their last.
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let year = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date =
            "\(year + era * 400 + (month < 10 ? 0 : 1))-\(two(month < 10 ? month + 3 : month - 9))-"
            + two(dayOfYear - (153 * month + 2) / 5 + 1)
        let millisecond = String(1_000 + rest / 1_000_000_000_000_000).dropFirst()
        return "\(date)T\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60)).\(millisecond)Z"
    }
}
