import TurnCore
import TurnInference

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the model files are: the folder `EOT_MODEL_DIR`, else `.eot/models` in the current folder or a parent,
/// else `~/.local/share/eot/models`.
enum ModelLocator {
    /// The folders to look in, best first. With `EOT_MODEL_DIR` there is no other.
    static var folders: [String] {
        if let folder = Terminal.environment("EOT_MODEL_DIR") { return [folder] }
        var folders: [String] = []
        if let current = currentFolder() {
            var parts = current.split(separator: "/")
            while true {
                folders.append((["" as Substring] + parts).joined(separator: "/") + "/.eot/models")
                guard parts.popLast() != nil else { break }
            }
        }
        if let home = Terminal.environment("HOME") { folders.append(home + "/.local/share/eot/models") }
        return folders
    }

    /// The path of a model file; nil when it is in none of the folders.
    static func path(of file: ModelFile) -> String? {
        folders.map { $0 + "/" + file.fileName }.first { access($0, F_OK) == 0 }
    }

    /// The path of a model file.
    ///
    /// - Throws: ``TurnError`` `.modelMissing` when it is in none of the folders.
    static func requiredPath(of file: ModelFile) throws(TurnError) -> String {
        guard let path = path(of: file) else {
            let place =
                Terminal.environment("EOT_MODEL_DIR").map { "in EOT_MODEL_DIR (\($0))" } ?? "installed"
            throw TurnError(
                .modelMissing,
                "the model file \(file.fileName) is not \(place); run `make models` in the project's folder, or set "
                    + "EOT_MODEL_DIR to the folder that holds it")
        }
        return path
    }

    private static func currentFolder() -> String? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }
}
