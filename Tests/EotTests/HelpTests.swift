import Testing

@Suite struct HelpTests {
    static let commands = [
        "detect", "listen", "predict", "vad", "score", "eval", "calibrate", "load", "bench", "models",
    ]

    @Test func `the command explains itself`() async throws {
        let help = try await Eot.run(["--help"])
        #expect(help.status == 0 && help.errors.isEmpty)
        for command in Self.commands { #expect(help.output.contains("\n  \(command) "), "\(command)") }
        for word in ["EXIT STATUS", "EOT_MODEL_DIR", "NO_COLOR"] {
            #expect(help.output.contains(word), "\(word)")
        }
        let alone = try await Eot.run([])
        #expect(alone.status == 0 && alone.output == help.output)
    }

    @Test func `the version is a number`() async throws {
        let result = try await Eot.run(["--version"])
        #expect(result.status == 0)
        #expect(result.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil, "\(result.output)")
    }

    @Test(arguments: commands)
    func `each command explains each of its options with examples`(_ command: String) async throws {
        for arguments in [[command, "--help"], ["help", command]] {
            let result = try await Eot.run(arguments)
            #expect(result.status == 0 && result.errors.isEmpty)
            #expect(result.output.contains("EXAMPLES:\n") && result.output.contains("eot \(command)"))
            #expect(result.output.contains("JSON LINES"))
            // Every option has its line of explanation: text after two spaces or on the next line.
            for line in result.outputLines where line.hasPrefix("  --") {
                let explained = line.dropFirst(2).contains("  ") || line.count > 24
                #expect(explained, "\(line)")
            }
        }
    }
}
