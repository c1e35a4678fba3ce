#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

/// Memory for values that starts at a cache line, which vector loads want; zeros at first.
///
/// Large ones come from the system page by page: they leave no holes in the heap when they go, and what is never
/// written to takes no memory.
///
/// Sendable because whoever makes one fills it before sharing it, and nobody writes to a shared one.
final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>
    let count: Int
    private let mappedByteCount: Int?

    init(count: Int) {
        let byteCount = count * MemoryLayout<Element>.stride
        let bytes: UnsafeMutableRawPointer
        if byteCount >= 1 << 16 {
            let mapped = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
            guard let mapped, mapped != MAP_FAILED else { fatalError("out of memory") }
            bytes = mapped
            mappedByteCount = byteCount
        } else {
            bytes = .allocate(byteCount: max(1, byteCount), alignment: 64)
            bytes.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
            mappedByteCount = nil
        }
        base = bytes.assumingMemoryBound(to: Element.self)
        self.count = count
    }

    convenience init(_ values: [Element]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { values in
            if let start = values.baseAddress { base.update(from: start, count: values.count) }
        }
    }

    deinit {
        if let mappedByteCount {
            munmap(base, mappedByteCount)
        } else {
            UnsafeMutableRawPointer(base).deallocate()
        }
    }
}
