import Foundation

/// A program of `Tests`, in Python, that a test talks to: an implementation that is not ours.
///
/// Runs in a virtual environment that is built from PyPI on first use and kept under `.eot` in the repository. What the
/// program prints comes as ``lines``; it ends with ``stop()``, or with this process at the latest.
public final class PythonPeer: Sendable {
    /// A folder of programs with an environment of their own.
    public enum Folder: String, Sendable {
        /// Servers, clients and codecs made of public libraries.
        case peers = "Tests/Peers"
        /// The official clients of the gateway.
        case interop = "Tests/Interop"
    }

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
    ///   - script: its file name.
    ///   - arguments: its arguments.
    ///   - folder: where it is.
    /// - Throws: ``Failure`` when the environment cannot be built, or what the system says.
    public init(_ script: String, arguments: [String] = [], in folder: Folder = .peers) throws {
        process = Process()
        let interpreter = folder == .peers ? Self.peersInterpreter : Self.interopInterpreter
        process.executableURL = URL(fileURLWithPath: try interpreter.get())
        process.arguments =
            ["-u", Self.root.appendingPathComponent("\(folder.rawValue)/\(script)").path] + arguments
        let output = Pipe()
        // The program ends when its standard input does, so it cannot outlive this process.
        process.standardInput = Pipe()
        process.standardOutput = output
        try process.run()
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
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

    /// Kills the program, as a crash would, and returns once it is gone.
    public func stop() {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        // On Linux Foundation lets go of a process only here.
        process.waitUntilExit()
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - script: its file name.
    ///   - arguments: its arguments.
    ///   - folder: where it is.
    /// - Returns: what it printed, line by line.
    /// - Throws: as the initialiser.
    public static func run(
        _ script: String, arguments: [String] = [], in folder: Folder = .peers
    ) async throws -> [String] {
        let peer = try PythonPeer(script, arguments: arguments, in: folder)
        var lines: [String] = []
        for await line in peer.lines { lines.append(line) }
        peer.process.waitUntilExit()
        return lines
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The environments' Pythons, each built once for a process.
    private static let peersInterpreter = Result { try interpreter(of: .peers) }
    private static let interopInterpreter = Result { try interpreter(of: .interop) }

    private static func interpreter(of folder: Folder) throws -> String {
        let setup = Process()
        setup.executableURL = URL(fileURLWithPath: "/bin/sh")
        setup.arguments = [root.appendingPathComponent("\(folder.rawValue)/setup.sh").path]
        let output = Pipe()
        setup.standardOutput = output
        try setup.run()
        let path = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        setup.waitUntilExit()
        guard setup.terminationStatus == 0 else {
            throw Failure(
                description: "\(folder.rawValue)/setup.sh failed; it needs Python 3 with venv, and PyPI")
        }
        return path.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
