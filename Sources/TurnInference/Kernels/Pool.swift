import TurnCore

/// Keeps what is costly to make and serves one user at a time.
///
/// At most `capacity` idle ones are kept; more users at once make more, which are let go afterwards.
///
/// `@unchecked Sendable`: an element is in one user's hands at a time, or idle behind the lock.
final class Pool<Element>: @unchecked Sendable {
    private let capacity: Int
    private let make: @Sendable () -> Element
    private let idle = Lock<[Element]>([])

    init(capacity: Int, _ make: @escaping @Sendable () -> Element) {
        self.capacity = capacity
        self.make = make
    }

    func withElement<Result>(_ body: (Element) -> Result) -> Result {
        let element = idle.withLock { $0.popLast() } ?? make()
        defer { idle.withLock { idle in if idle.count < capacity { idle.append(element) } } }
        return body(element)
    }
}
