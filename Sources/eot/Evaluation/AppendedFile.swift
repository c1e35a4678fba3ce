import TurnCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that only grows: each piece is written at its end before the call returns.
///
/// Not for use from two threads at once.
final class AppendedFile {
    private let path: String
    private let descriptor: Int32

    /// Opens or creates the file at `path` and keeps its first `byteCount` bytes.
    ///
    /// - Throws: ``TurnError`` `.inputOutput`.
    init(path: String, keeping byteCount: Int) throws(TurnError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(path) }
        guard ftruncate(descriptor, off_t(byteCount)) == 0 else { throw Self.failure(path) }
    }

    deinit { _ = close(descriptor) }

    /// - Throws: ``TurnError`` `.inputOutput`.
    func append(_ text: String) throws(TurnError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw Self.failure(path)
            }
        }
    }

    private static func failure(_ path: String) -> TurnError {
        TurnError(
            .inputOutput,
            "cannot write \(path) (\(String(cString: strerror(errno)))); check its path, permissions and free space"
        )
    }
}
