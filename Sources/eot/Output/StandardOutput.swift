import TurnCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Nobody reads standard output any more.
struct OutputClosed: Error {}

/// Standard output for results: whole lines, gathered until 32 KiB are full unless they are to appear at once.
///
/// ``flush()`` must be called at the end; nothing else writes what is left.
struct StandardOutput {
    private static let capacity = 32_768

    private let isFlushedByLine: Bool
    private var buffer: [UInt8] = []

    /// - Parameter isFlushedByLine: whether each line appears at once; by default on a terminal only.
    init(isFlushedByLine: Bool = Terminal.isStandardOutput) {
        self.isFlushedByLine = isFlushedByLine
    }

    /// - Throws: ``OutputClosed``; ``TurnError`` `.inputOutput` when the line cannot be written.
    mutating func write(line: String) throws {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if isFlushedByLine || buffer.count >= Self.capacity { try flush() }
    }

    /// - Throws: ``OutputClosed``; ``TurnError`` `.inputOutput` when the lines cannot be written.
    mutating func flush() throws {
        defer { buffer.removeAll(keepingCapacity: true) }
        try FileOutput.write(buffer, to: 1, name: "standard output")
    }
}

/// Standard error, for everything that is no result. What cannot be written is lost.
enum StandardError {
    static func write(_ text: String) {
        _ = try? FileOutput.write(Array(text.utf8), to: 2, name: "standard error")
    }
}

/// Writing to file descriptors.
enum FileOutput {
    /// Creates or replaces the file at `path`.
    ///
    /// - Throws: ``TurnError`` `.inputOutput`.
    static func write(_ text: String, toFileAt path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path) }
        do {
            try write(Array(text.utf8), to: descriptor, name: path)
        } catch {
            _ = close(descriptor)
            throw error
        }
        // A full disk may show only here.
        guard close(descriptor) == 0 else { throw failure(path) }
    }

    fileprivate static func write(_ bytes: [UInt8], to descriptor: Int32, name: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { posixWrite(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                throw OutputClosed()
            } else if errno != EINTR {
                throw failure(name)
            }
        }
    }

    private static func failure(_ name: String) -> TurnError {
        TurnError(
            .inputOutput,
            "cannot write \(name) (\(String(cString: strerror(errno)))); check its path, permissions and free space"
        )
    }
}

/// `write(2)` under a name that the methods above do not hide.
private let posixWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { write($0, $1, $2) }
