#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Memory of this process that is in RAM.
enum ResidentMemory {
    /// Nil where the system does not tell.
    static var byteCount: Int? {
        #if canImport(Darwin)
            var info = proc_taskinfo()
            let size = Int32(MemoryLayout<proc_taskinfo>.size)
            let count = proc_pidinfo(getpid(), PROC_PIDTASKINFO, 0, &info, size)
            return count == size ? Int(info.pti_resident_size) : nil
        #else
            // "size resident shared ...", in pages.
            guard let file = try? FileInput.read(contentsOf: "/proc/self/statm", limit: 4_096) else {
                return nil
            }
            let fields = String(decoding: file, as: UTF8.self).split(separator: " ")
            guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
            return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
        #endif
    }
}
