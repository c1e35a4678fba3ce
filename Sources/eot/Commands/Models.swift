import ArgumentParser
import Crypto
import TurnCore
import TurnInference

struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show where the model files are, their versions and licences, and whether they are intact.",
        discussion: """
            The exit status is 78 when a file is missing, 65 when one is not the expected file.

            EXAMPLES:
              eot models
              EOT_MODEL_DIR=/srv/models eot models --json

            JSON LINES:
              model {name, path, sha256, verified, licence, version, package, bytes}
                    path, sha256 and bytes are null for a file that is missing
            """)

    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        var lines = StandardOutput()
        var firstFailure: TurnError?
        for file in ModelFile.all {
            let found = try Installed(file)
            try lines.write(line: output.json ? json(file, found) : text(file, found))
            firstFailure = firstFailure ?? failure(file, found)
        }
        try lines.flush()
        if let firstFailure { throw firstFailure }
    }

    /// A model file as it was found.
    private struct Installed {
        let path: String
        let byteCount: Int
        let sha256: String
        let isVerified: Bool

        /// - Returns: nil when the file is missing.
        init?(_ file: ModelFile) throws(TurnError) {
            guard let path = ModelLocator.path(of: file) else { return nil }
            var digest = SHA256()
            var count = 0
            try FileInput.forEachBlock(ofFileAt: path) { block in
                digest.update(bufferPointer: block)
                count += block.count
            }
            self.path = path
            byteCount = count
            sha256 = digest.finalize().map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
            isVerified = sha256 == file.sha256 && count == file.byteCount
        }
    }

    private func failure(_ file: ModelFile, _ found: Installed?) -> TurnError? {
        guard let found else {
            return TurnError(
                .modelMissing,
                "the model file \(file.fileName) is missing; run `make models` in the project's folder, or set "
                    + "EOT_MODEL_DIR to the folder that holds it")
        }
        guard !found.isVerified else { return nil }
        return TurnError(
            .invalidModel,
            "'\(found.path)' is not the \(file.fileName) of \(file.package) \(file.packageVersion); delete it and run "
                + "`make models`")
    }

    private func json(_ file: ModelFile, _ found: Installed?) -> String {
        JSONLine(
            "model",
            [
                "name": .string(file.name), "path": found.map { .string($0.path) } ?? .null,
                "sha256": found.map { .string($0.sha256) } ?? .null,
                "verified": .bool(found?.isVerified ?? false), "licence": .string(file.licence),
                "version": .string(file.packageVersion), "package": .string(file.package),
                "bytes": found.map { .integer($0.byteCount) } ?? .null,
            ]
        ).text
    }

    private func text(_ file: ModelFile, _ found: Installed?) -> String {
        let state =
            switch found?.isVerified {
            case true: Style.green("verified")
            case false: Style.red("not the expected file")
            case nil: Style.red("missing")
            }
        let rows = [
            ("package", "\(file.package) \(file.packageVersion)"), ("licence", file.licence),
            ("path", found.map { OneLine.text($0.path) } ?? "-"),
            ("size", found.map { "\($0.byteCount) bytes" } ?? "-"), ("SHA-256", found?.sha256 ?? "-"),
        ]
        return Style.bold(file.name) + "  " + state
            + rows.map { "\n  " + Style.dim($0.0.left(8)) + $0.1 }.joined()
    }
}
