import Foundation
import Testing

/// `eot serve` as a process of its own, on a free port of loopback; gone with its last user.
final class GatewayProcess: Sendable {
    static let key = "devkey"
    static let secret = "a-secret-that-is-long-enough-for-HS256"

    let port: Int
    private let process: Process
    /// Keeps the pipe of standard error empty.
    private let errors: FileHandle

    /// Starts it and waits until it accepts connections.
    init(_ arguments: [String] = []) async throws {
        process = Process()
        process.executableURL = Eot.executable
        process.arguments =
            ["serve", "--port", "0", "--api-key", Self.key, "--api-secret", Self.secret] + arguments
        process.currentDirectoryURL = Repository.root
        process.environment = Eot.environment([:])
        let pipe = Pipe()
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        errors = pipe.fileHandleForReading
        try process.run()
        let listening = AsyncStream.makeStream(of: Int?.self)
        Thread.detachNewThread { [errors] in
            var text = ""
            while case let data = errors.availableData, !data.isEmpty {
                text = String((text + String(decoding: data, as: UTF8.self)).suffix(65_536))
                if let port = Self.port(in: text) { listening.continuation.yield(port) }
            }
            listening.continuation.yield(nil)
            listening.continuation.finish()
        }
        var ports = listening.stream.makeAsyncIterator()
        let found = await ports.next() ?? nil
        port = try #require(found, "the gateway did not start")
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Asks it to end, as a service manager does; gives the exit status.
    func terminate() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// The port of a line `listening {"host":…,"port":…}`.
    private static func port(in text: String) -> Int? {
        guard let line = EotResult.lines(text).first(where: { $0.hasPrefix("listening {") }),
            let object = try? JSONSerialization.jsonObject(with: Data(line.dropFirst(10).utf8)),
            let port = (object as? [String: Any])?["port"] as? Int
        else { return nil }
        return port
    }
}
