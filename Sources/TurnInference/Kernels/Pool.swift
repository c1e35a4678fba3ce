#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

/// Keeps what is costly to make and serves one user at a time.
///
/// At most `capacity` idle ones are kept; more users at once make more, which are let go afterwards.
///
/// `@unchecked Sendable`: `idle` is touched only while `mutex` is held, and an element is in one user's hands at a
/// time.
final class Pool<Element>: @unchecked Sendable {
    private let capacity: Int
    private let make: @Sendable () -> Element
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var idle: [Element] = []

    init(capacity: Int, _ make: @escaping @Sendable () -> Element) {
        self.capacity = capacity
        self.make = make
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        let status = pthread_mutex_init(mutex, nil)
        precondition(status == 0, "pthread_mutex_init failed with \(status)")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func withElement<Result>(_ body: (Element) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        let kept = idle.popLast()
        pthread_mutex_unlock(mutex)
        let element = kept ?? make()
        defer {
            pthread_mutex_lock(mutex)
            if idle.count < capacity { idle.append(element) }
            pthread_mutex_unlock(mutex)
        }
        return body(element)
    }
}
