#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Android)
    import Android
#endif

/// A thread of its own for work that would hold up those of Swift's concurrency. It ends when its work returns.
enum WorkerThread {
    /// Some systems give threads 512 KB.
    private static let stackByteCount = 4 << 20

    fileprivate final class Work {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts a thread that nobody waits for.
    static func start(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, stackByteCount)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        let work = Unmanaged.passRetained(Work(body)).toOpaque()
        #if canImport(Darwin)
            var thread: pthread_t?
            let failure = pthread_create(&thread, &attributes, { runWork($0) }, work)
        #else
            var thread = pthread_t()
            let failure = pthread_create(&thread, &attributes, { runWork($0!) }, work)
        #endif
        precondition(failure == 0, "the system has no thread left: error \(failure)")
    }
}

private func runWork(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<WorkerThread.Work>.fromOpaque(context).takeRetainedValue().body()
    return nil
}
