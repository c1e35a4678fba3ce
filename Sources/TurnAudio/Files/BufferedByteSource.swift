import TurnCore

/// Reads a ``ByteSource`` through a buffer of 64 KiB, so that a parser can look at whole fields however the bytes
/// arrive.
struct BufferedByteSource {
    private static let capacity = 1 << 16

    private var source: any ByteSource
    private var buffer = [UInt8](repeating: 0, count: capacity)
    private var start = 0
    private var end = 0
    private var hasEnded = false
    /// Bytes that were consumed so far.
    private(set) var position: UInt64 = 0

    init(_ source: any ByteSource) {
        self.source = source
    }

    /// Bytes that can be looked at without reading.
    var availableCount: Int { end - start }

    /// Reads until `count` bytes, at most the capacity, are there.
    ///
    /// - Returns: whether they are; false means that the source ended before.
    mutating func require(_ count: Int) throws(TurnError) -> Bool {
        while availableCount < count {
            guard try fill() else { return false }
        }
        return true
    }

    /// The bytes that are there.
    func withAvailableBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    }

    /// Passes over bytes that are there.
    mutating func consume(_ count: Int) {
        precondition(count <= availableCount)
        start += count
        position += UInt64(count)
    }

    /// Passes over bytes, reading on as far as needed.
    ///
    /// - Returns: false when the source ended before.
    mutating func skip(_ count: UInt64) throws(TurnError) -> Bool {
        var rest = count
        while rest > 0 {
            if availableCount == 0 {
                guard try fill() else { return false }
            }
            let step = Int(min(rest, UInt64(availableCount)))
            consume(step)
            rest -= UInt64(step)
        }
        return true
    }

    /// Takes the next `count` bytes; nil when the source ends before.
    mutating func take(_ count: Int) throws(TurnError) -> LittleEndianBytes? {
        guard try require(count) else { return nil }
        let bytes = LittleEndianBytes(Array(buffer[start..<(start + count)]))
        consume(count)
        return bytes
    }

    /// Reads once; false at the end.
    private mutating func fill() throws(TurnError) -> Bool {
        if hasEnded { return false }
        if start > 0 {
            let (oldStart, count) = (start, availableCount)
            buffer.withUnsafeMutableBytes { bytes in
                bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[oldStart..<(oldStart + count)]))
            }
            start = 0
            end = count
        }
        let used = end
        let room = buffer.count - used
        let count = try Self.read(&source, into: &buffer, from: used)
        guard (0...room).contains(count) else {
            throw TurnError(
                .inputOutput, "a byte source delivered \(count) bytes into \(room); mend the source")
        }
        hasEnded = count == 0
        end += count
        return count > 0
    }

    private static func read(
        _ source: inout any ByteSource, into buffer: inout [UInt8], from offset: Int
    ) throws(TurnError) -> Int {
        try buffer.withUnsafeMutableBufferPointer { (buffer) throws(TurnError) in
            try source.read(
                into: UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[offset...]))
        }
    }
}

/// A few bytes with little-endian fields.
struct LittleEndianBytes {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func uint16(at offset: Int) -> UInt16 {
        UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
    }

    func uint32(at offset: Int) -> UInt32 {
        UInt32(uint16(at: offset)) | UInt32(uint16(at: offset + 2)) << 16
    }

    func uint64(at offset: Int) -> UInt64 {
        UInt64(uint32(at: offset)) | UInt64(uint32(at: offset + 4)) << 32
    }

    /// Whether ASCII text stands at an offset.
    func hasText(_ text: StaticString, at offset: Int = 0) -> Bool {
        text.withUTF8Buffer { bytes[offset...].starts(with: $0) }
    }
}
