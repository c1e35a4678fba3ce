import ArgumentParser

@main
struct Eot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eot",
        abstract: "Tells from audio when a speaker has finished: end-of-turn detection on this device.",
        usage: "eot <command> [options]",
        discussion: """
            Results go to standard output, everything else to standard error. With --json a command prints JSON \
            Lines: one object a line, with its "type" first. Times are seconds from the first sample.

            EXIT STATUS:
              0   done                        70  our own fault
              1   load: something was lost
              64  wrong usage                 74  reading or writing failed
              65  the data is bad             77  not allowed
              66  an input is missing         78  configuration: a model that is
              69  a service is unreachable        not installed, a bad value

            ENVIRONMENT:
              EOT_MODEL_DIR  folder of the model files; else .eot/models here or in a
                             parent folder, else ~/.local/share/eot/models
              LIVEKIT_API_KEY, LIVEKIT_API_SECRET
                             credentials for --cloud and token; the names with
                             INFERENCE_API in place of API go before them
              NO_COLOR       no colours, whatever its value
            """,
        version: "0.1.0",
        subcommands: [
            Detect.self, Listen.self, Predict.self, VAD.self, Score.self, Eval.self, Calibrate.self,
            Serve.self, Load.self, Bench.self, Models.self, Token.self,
        ])

    static func main() async {
        Terminal.ignoreBrokenPipes()
        let failure = await run(Array(CommandLine.arguments.dropFirst()))
        if let failure, !failure.message.isEmpty { StandardError.write("eot: \(failure.message)\n") }
        Terminal.exit((failure?.status ?? .done).rawValue)
    }

    /// Parses and runs; nil when all went well.
    private static func run(_ arguments: [String]) async -> Failure? {
        var command: any ParsableCommand
        do {
            command = try parseAsRoot(arguments)
        } catch {
            guard exitCode(for: error) == .success else {
                return Failure(parserMessage: message(for: error), command: commandName(arguments))
            }
            return printHelp(error)
        }
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return nil
        } catch {
            // `help` and a command without a run of its own ask for help by throwing.
            return exitCode(for: error) == .success ? printHelp(error) : Failure(error)
        }
    }

    private static func printHelp(_ request: any Error) -> Failure? {
        do {
            var output = StandardOutput()
            try output.write(line: fullMessage(for: request))
            try output.flush()
            return nil
        } catch {
            return Failure(error)
        }
    }

    /// `eot`, with the subcommand's name if the arguments begin with one.
    private static func commandName(_ arguments: [String]) -> String {
        let names = configuration.subcommands.map { $0._commandName }
        guard let first = arguments.first, names.contains(first) else { return "eot" }
        return "eot \(first)"
    }
}
