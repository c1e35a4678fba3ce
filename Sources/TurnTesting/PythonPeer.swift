import Foundation

/// A program of `Tests/Peers`, in Python, that a test talks to: an implementation that is not ours.
///
/// Runs in a virtual environment that is built from PyPI on first use and kept under `.eot` in the repository. What the
/// program prints comes as ``lines``; it ends with ``stop()``, or with this process at the latest.
public final class PythonPeer: Sendable {
    /// What a peer could not do.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Each line of standard output, for one reader.
    public let lines: AsyncStream<String>
    private let process: Process

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - script: its file name in `Tests/Peers`.
    ///   - arguments: its arguments.
    /// - Throws: ``Failure`` when the environment cannot be built, or what the system says.
    public init(_ script: String, arguments: [String] = []) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: try Self.interpreter.get())
        process.arguments = ["-u", Self.folder.appendingPathComponent(script).path] + arguments
        let output = Pipe()
        // The program ends when its standard input does, so it cannot outlive this process.
        process.standardInput = Pipe()
        process.standardOutput = output
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        try process.run()
        let handle = output.fileHandleForReading
        Thread.detachNewThread {
            var rest = Data()
            while case let data = handle.availableData, !data.isEmpty {
                rest.append(data)
                while let end = rest.firstIndex(of: 0x0A) {
                    continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest.removeSubrange(...end)
                }
            }
            continuation.finish()
        }
    }

    deinit { stop() }

    /// Kills the program, as a crash would.
    public func stop() {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - script: its file name in `Tests/Peers`.
    ///   - arguments: its arguments.
    /// - Returns: what it printed, line by line.
    /// - Throws: as the initialiser.
    public static func run(_ script: String, arguments: [String] = []) async throws -> [String] {
        let peer = try PythonPeer(script, arguments: arguments)
        var lines: [String] = []
        for await line in peer.lines { lines.append(line) }
        return lines
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let folder = root.appendingPathComponent("Tests/Peers")

    /// The environment's Python, built once for a process.
    private static let interpreter = Result { () throws -> String in
        let setup = Process()
        setup.executableURL = URL(fileURLWithPath: "/bin/sh")
        setup.arguments = [folder.appendingPathComponent("setup.sh").path]
        let output = Pipe()
        setup.standardOutput = output
        try setup.run()
        let path = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        setup.waitUntilExit()
        guard setup.terminationStatus == 0 else {
            throw Failure(description: "Tests/Peers/setup.sh failed; it needs Python 3 with venv, and PyPI")
        }
        return path.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
