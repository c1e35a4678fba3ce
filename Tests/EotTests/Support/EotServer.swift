import Foundation

/// `eot serve` as a process of its own.
final class EotServer: Sendable {
    let port: Int
    private let process: Process
    private let errors: URL
    private let scratch: Scratch

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Starts it on a free port; returns once it listens.
    init(_ arguments: [String], environment: [String: String?] = [:]) async throws {
        scratch = try Scratch()
        errors = try scratch.file("stderr", Data())
        process = Process()
        process.executableURL = Eot.executable
        process.arguments = ["serve", "--port", "0"] + arguments
        process.currentDirectoryURL = Repository.root
        process.environment = Eot.environment(environment)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        for _ in 0..<1_000 {
            let text = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
            if let match = text.firstMatch(of: /(?m)^listening \{"host":"[^"]*","port":(\d+)\}$/),
                let port = Int(match.1)
            {
                self.port = port
                return
            }
            guard process.isRunning else { throw Failure(description: "it ended: \(text)") }
            try await Task.sleep(for: .milliseconds(10))
        }
        process.terminate()
        throw Failure(description: "it does not listen")
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// What it told so far.
    var log: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// Waits until its log holds a text.
    func waitForLog(_ text: String) async throws {
        for _ in 0..<1_000 {
            if log.contains(text) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Failure(description: "no \(text) in \(log)")
    }

    /// Waits for its end.
    ///
    /// - Returns: its exit status; nil when a signal killed it.
    func waitForExit() async throws -> Int32? {
        for _ in 0..<2_000 where process.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        guard !process.isRunning else { throw Failure(description: "it does not end: \(log)") }
        return process.terminationReason == .exit ? process.terminationStatus : nil
    }
}
