#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the process was started with.
enum Terminal {
    static let isStandardOutput = isatty(1) == 1
    static let isStandardError = isatty(2) == 1

    /// Whether standard output gets colours: on a terminal, never with `NO_COLOR` (no-color.org).
    static let hasColors: Bool =
        isStandardOutput && getenv("NO_COLOR") == nil && environment("TERM") != "dumb"

    /// A variable's value; nil when it is missing or empty.
    static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// A closed pipe is told by a failing write instead of a signal.
    static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    static func exit(_ status: Int32) -> Never {
        #if canImport(Glibc)
            Glibc.exit(status)
        #elseif canImport(Musl)
            Musl.exit(status)
        #elseif canImport(Darwin)
            Darwin.exit(status)
        #endif
    }
}
