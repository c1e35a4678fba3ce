/// Memory for values that starts at a cache line, which vector loads want; zeros at first.
///
/// Sendable because whoever makes one fills it before sharing it, and nobody writes to a shared one.
final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>
    let count: Int

    init(count: Int) {
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count * MemoryLayout<Element>.stride), alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: count * MemoryLayout<Element>.stride)
        base = bytes.assumingMemoryBound(to: Element.self)
        self.count = count
    }

    convenience init(_ values: [Element]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { values in
            if let start = values.baseAddress { base.update(from: start, count: values.count) }
        }
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}
