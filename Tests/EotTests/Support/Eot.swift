import Foundation
import Testing

/// What one run of the command left behind.
struct EotResult: Sendable {
    let status: Int32
    let wasKilled: Bool
    let output: String
    let errors: String
    let duration: Duration

    var outputLines: [String] { Self.lines(output) }
    var errorLines: [String] { Self.lines(errors) }

    static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    }
}

/// Runs the built command `eot` as a process of its own, as its users do.
enum Eot {
    /// The command, which is built into the same folder as the tests.
    static let executable: URL = {
        let arguments = ProcessInfo.processInfo.arguments
        for path in arguments.filter({ $0.contains(".xctest") }) + arguments.prefix(1) {
            var folder = URL(fileURLWithPath: path)
            for _ in 0..<4 {
                folder.deleteLastPathComponent()
                let candidate = folder.appendingPathComponent("eot")
                var isFolder: ObjCBool = false
                if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder),
                    !isFolder.boolValue
                {
                    return candidate
                }
            }
        }
        return Repository.root.appendingPathComponent(".build/release/eot")
    }()

    /// Runs the command to its end, with `input` on standard input and the changes in `environment` (nil takes a
    /// variable away) made to a fixed, small one. Standard output goes to `output`, if given, instead of the
    /// result, and standard error to `errors`. The current folder is the repository by default, where the models are.
    static func run(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String?] = [:],
        folder: URL = Repository.root, output: FileHandle? = nil, errors: FileHandle? = nil,
        timeLimit: Duration = .seconds(240)
    ) async throws -> EotResult {
        try await Slots.shared.acquire()
        do {
            let result = try await runNow(arguments, input, environment, folder, (output, errors), timeLimit)
            await Slots.shared.release()
            return result
        } catch {
            await Slots.shared.release()
            throw error
        }
    }

    private static func runNow(
        _ arguments: [String], _ input: [UInt8], _ environment: [String: String?], _ folder: URL,
        _ streams: (output: FileHandle?, errors: FileHandle?), _ timeLimit: Duration
    ) async throws -> EotResult {
        let scratch = try Scratch()
        let inputFile = try scratch.file("stdin", Data(input))
        let outputFile = try scratch.file("stdout", Data())
        let errorFile = try scratch.file("stderr", Data())

        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = self.environment(environment)
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = try streams.output ?? FileHandle(forWritingTo: outputFile)
        process.standardError = try streams.errors ?? FileHandle(forWritingTo: errorFile)

        let clock = ContinuousClock()
        let start = clock.now
        let guardian = Task {
            try await Task.sleep(for: timeLimit)
            process.terminate()
        }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        guardian.cancel()
        return EotResult(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
            output: String(decoding: try Data(contentsOf: outputFile), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errorFile), as: UTF8.self),
            duration: clock.now - start)
    }

    /// What the command sees: nothing of the tests' own environment but where programs and the user are.
    static func environment(_ changes: [String: String?]) -> [String: String] {
        let own = ProcessInfo.processInfo.environment
        var result: [String: String] = [:]
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"] { result[name] = own[name] }
        result["HOME"] = "/nonexistent"
        for (name, value) in changes { result[name] = value }
        return result
    }

    /// As many runs at once as there are processors, so that no run waits for long.
    private actor Slots {
        static let shared = Slots()

        private var free = max(1, ProcessInfo.processInfo.activeProcessorCount)
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func acquire() async throws {
            if free > 0 {
                free -= 1
                return
            }
            await withCheckedContinuation { waiting.append($0) }
        }

        func release() {
            if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
        }
    }
}

/// A folder for one test, gone with its last user.
final class Scratch: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("eot-tests-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func file(_ name: String, _ data: Data) throws -> URL {
        let file = url.appendingPathComponent(name)
        try data.write(to: file)
        return file
    }

    func path(_ name: String, _ bytes: [UInt8]) throws -> String { try file(name, Data(bytes)).path }
}
