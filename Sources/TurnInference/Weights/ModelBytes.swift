import TurnCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

/// A model file's bytes, read once.
///
/// Reading beats mapping here: the weights are packed into the layout of the kernels anyway, and a file that
/// shrinks while it is mapped would kill the process.
enum ModelBytes {
    /// Files above this are refused: four times the largest file of the family (float32, 33 MB).
    static let maximumByteCount = 128 << 20

    /// Calls `body` with the bytes of the file at `path`, which are released afterwards.
    ///
    /// - Throws: ``TurnError`` `.modelMissing`, `.inputOutput`, `.invalidModel` (too large), or what `body` throws.
    static func withBytes<Result>(
        ofFileAt path: String, _ body: (UnsafeRawBufferPointer) throws(TurnError) -> Result
    ) throws(TurnError) -> Result {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR {
                throw TurnError(
                    .modelMissing, "the model file \(path) is missing; run `make models` or name another file"
                )
            }
            throw TurnError(
                .inputOutput, "cannot open the model file \(path) (\(text(code))); check its permissions")
        }
        defer { close(descriptor) }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw TurnError(
                .inputOutput, "cannot read the model file \(path) (\(text(errno))); check the path")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TurnError(.invalidModel, "\(path) is not a regular file; name an ONNX file")
        }
        guard status.st_size <= maximumByteCount else {
            throw TurnError(
                .invalidModel,
                "\(path) has \(status.st_size) bytes, more than any Smart Turn v3 or Silero VAD v6 file; name another file"
            )
        }
        let size = Int(status.st_size)
        let buffer = AlignedBuffer<UInt8>(count: size)
        var filled = 0
        while filled < size {
            let count = read(descriptor, buffer.base + filled, size - filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw TurnError(
                    .inputOutput, "cannot read the model file \(path) (\(text(errno))); check the disk")
            }
            if count == 0 { break }
            filled += count
        }
        defer { withExtendedLifetime(buffer) {} }
        return try body(UnsafeRawBufferPointer(start: buffer.base, count: filled))
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
