import TurnCore

/// Where a reader gets its bytes from, front to back: a file, standard input, a pipe, memory.
public protocol ByteSource {
    /// Reads the next bytes; may deliver fewer than fit, but waits for one at least.
    ///
    /// - Parameter buffer: where the bytes go; never empty.
    /// - Returns: how many were read; 0 at the end, and from then on.
    /// - Throws: ``TurnError`` `.inputOutput` when the operating system refuses.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(TurnError) -> Int
}

/// Bytes in memory as a ``ByteSource``.
public struct MemoryByteSource: ByteSource, Sendable {
    private let bytes: [UInt8]
    private let largestRead: Int
    private var offset = 0

    /// - Parameters:
    ///   - bytes: what is read.
    ///   - largestRead: bytes that one read delivers at most, to imitate a pipe; values below 1 count as 1.
    public init(_ bytes: [UInt8], largestRead: Int = .max) {
        self.bytes = bytes
        self.largestRead = max(1, largestRead)
    }

    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - offset, largestRead)
        guard count > 0 else { return 0 }
        bytes.withUnsafeBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]))
        }
        offset += count
        return count
    }
}
