import TurnAudio
import TurnCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reading whole files in bounded memory.
enum FileInput {
    /// - Throws: ``TurnError`` `.fileMissing` when there is nothing at the path.
    static func requireFile(at path: String) throws(TurnError) {
        guard access(path, F_OK) == 0 else {
            throw TurnError(.fileMissing, "there is no file '\(path)'; check the path")
        }
    }

    /// - Throws: ``TurnError`` `.fileMissing` when there is no such file; `.inputOutput` when it cannot be read, or
    ///   holds more than `limit` bytes.
    static func read(contentsOf path: String, limit: Int) throws(TurnError) -> [UInt8] {
        var bytes: [UInt8] = []
        try forEachBlock(ofFileAt: path) { (block) throws(TurnError) in
            guard bytes.count + block.count <= limit else {
                throw TurnError(
                    .inputOutput, "'\(path)' holds more than \(limit) bytes; check that it is the right file")
            }
            bytes.append(contentsOf: block)
        }
        return bytes
    }

    /// Calls `body` with one piece of the file after the other.
    ///
    /// - Throws: ``TurnError`` `.fileMissing`, `.inputOutput`; what `body` throws.
    static func forEachBlock(
        ofFileAt path: String, _ body: (UnsafeRawBufferPointer) throws(TurnError) -> Void
    ) throws(TurnError) {
        let source = try FileByteSource(path: path)
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { block.deallocate() }
        while true {
            let count = try source.read(into: block)
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: block[..<count]))
        }
    }
}
