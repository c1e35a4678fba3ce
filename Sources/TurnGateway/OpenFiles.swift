#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many files and connections this process may have open: each session of a gateway is one.
public enum OpenFiles {
    /// Raises the limit as far as the system allows without asking; it stays as it is where that fails.
    ///
    /// A ``Gateway`` does not do it itself: the limit is the process's, so it is for its main program.
    public static func raiseLimit() {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        // Darwin refuses "no limit".
        limit.rlim_cur = min(limit.rlim_max, 1_048_576)
        _ = setrlimit(resource, &limit)
    }
}
