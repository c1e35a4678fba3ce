import TurnCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Android)
    import Android
#endif

/// A file, a pipe or standard input as a ``ByteSource``. Closes what it opened when it goes away.
public final class FileByteSource: ByteSource {
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    /// What error messages call it.
    private let name: String

    /// Opens a file for reading.
    ///
    /// - Throws: ``TurnError`` `.fileMissing` when there is none, `.inputOutput` when it cannot be opened.
    public init(path: String) throws(TurnError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let number = errno
            if number == ENOENT || number == ENOTDIR {
                throw TurnError(.fileMissing, "there is no file '\(path)'; check the path")
            }
            throw TurnError(
                .inputOutput,
                "cannot open '\(path)': \(SystemCall.text(of: number)); check that it is a readable file")
        }
        self.descriptor = descriptor
        ownsDescriptor = true
        name = "'\(path)'"
    }

    /// Reads a descriptor that is open already.
    init(descriptor: Int32, ownsDescriptor: Bool, name: String) {
        self.descriptor = descriptor
        self.ownsDescriptor = ownsDescriptor
        self.name = name
    }

    deinit {
        if ownsDescriptor { close(descriptor) }
    }

    /// The standard input of this process, which stays open.
    public static var standardInput: FileByteSource {
        FileByteSource(descriptor: STDIN_FILENO, ownsDescriptor: false, name: "standard input")
    }

    /// Whether this is a file that can be opened again from its start, not a pipe or a terminal.
    var isSeekable: Bool { lseek(descriptor, 0, SEEK_CUR) >= 0 }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TurnError) -> Int {
        let count = SystemCall.retry { platformRead(descriptor, buffer.baseAddress, buffer.count) }
        guard count >= 0 else {
            throw TurnError(
                .inputOutput,
                "cannot read \(name): \(SystemCall.text(of: errno)); check the file and its disk")
        }
        return count
    }
}

/// `read(2)`, whose name the method above hides.
private func platformRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

/// What all users of the C library's calls share.
enum SystemCall {
    /// Repeats a call for as long as signals interrupt it.
    static func retry<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    /// The system's text for an error number.
    static func text(of number: Int32) -> String {
        strerror(number).map { String(cString: $0) } ?? "error \(number)"
    }
}
