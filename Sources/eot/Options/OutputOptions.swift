import ArgumentParser

/// What is printed.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON Lines: one object a line, its \"type\" first.")
    var json = false

    @Option(help: ArgumentHelp("What to tell on standard error.", valueName: "level"))
    var logLevel: Log.Level = .warning

    var log: Log { Log(level: logLevel) }
}
