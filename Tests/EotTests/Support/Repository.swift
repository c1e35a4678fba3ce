import Foundation
import Testing

/// Files of the repository and those that were fetched into it.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The recorded conversation of two speakers, 30 s, 16 kHz mono.
    static func sample() throws -> String { try fetched("audio/sample.wav") }

    /// The path of a file below `.eot`.
    static func fetched(_ name: String) throws -> String {
        let path = root.appendingPathComponent(".eot/\(name)").path
        try #require(
            FileManager.default.fileExists(atPath: path),
            ".eot/\(name) is missing; run `make test`, which fetches what the tests use")
        return path
    }
}
