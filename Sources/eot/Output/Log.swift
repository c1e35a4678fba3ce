import ArgumentParser

/// What goes to standard error besides failures.
struct Log: Sendable {
    /// How much is told; each level includes those before it.
    enum Level: String, Sendable, CaseIterable, Comparable, ExpressibleByArgument {
        case error, warning, info, debug

        static func < (left: Level, right: Level) -> Bool {
            allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
        }
    }

    let level: Level

    func error(_ message: @autoclosure () -> String) { write(.error, message) }
    func warning(_ message: @autoclosure () -> String) { write(.warning, message) }
    func info(_ message: @autoclosure () -> String) { write(.info, message) }
    func debug(_ message: @autoclosure () -> String) { write(.debug, message) }

    private func write(_ level: Level, _ message: () -> String) {
        guard level <= self.level else { return }
        StandardError.write("eot: \(level.rawValue): \(OneLine.text(message()))\n")
    }
}
