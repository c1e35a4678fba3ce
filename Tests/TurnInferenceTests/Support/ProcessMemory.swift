#if os(Linux)
    import Foundation

    /// What the kernel says about this process's memory.
    enum ProcessMemory {
        static var residentByteCount: Int? { value("VmRSS:") }
        static var peakResidentByteCount: Int? { value("VmHWM:") }

        private static func value(_ key: String) -> Int? {
            guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) })
            else { return nil }
            return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map {
                $0 << 10
            }
        }
    }
#endif
