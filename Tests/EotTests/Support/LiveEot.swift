import Foundation
import Testing

/// A run of `eot listen` whose standard input stays open.
final class LiveEot {
    let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let errors = Pipe()

    /// Starts the command.
    init(_ arguments: [String]) throws {
        signal(SIGPIPE, SIG_IGN)
        process.executableURL = Eot.executable
        process.arguments = ["listen"] + arguments
        process.currentDirectoryURL = Repository.root
        process.environment = Eot.environment([:])
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    deinit { process.terminate() }

    /// Pushes samples of 16 kHz mono.
    func push(_ samples: [Int16]) throws {
        try input.fileHandleForWriting.write(contentsOf: Data(WAV.raw(samples)))
    }

    /// What it printed until a line of that type came.
    func records(until type: String) throws -> [JSONRecord] {
        var text = ""
        while !text.contains("\"type\":\"\(type)\"") || !text.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "the command ended early: \(text)")
            text += String(decoding: data, as: UTF8.self)
        }
        return try JSONRecord.all(EotResult.lines(text))
    }

    /// Ends the input, and gives the rest of what it printed.
    func finish() throws -> (records: [JSONRecord], errors: String) {
        try input.fileHandleForWriting.close()
        let rest = output.fileHandleForReading.readDataToEndOfFile()
        let told = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return (
            try JSONRecord.all(EotResult.lines(String(decoding: rest, as: UTF8.self))),
            String(decoding: told, as: UTF8.self)
        )
    }
}
