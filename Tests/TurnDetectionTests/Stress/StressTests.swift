import Testing
import TurnCore
import TurnStress

/// Many streams, many tasks, random calls: every handle is answered, and Thread Sanitizer stays quiet. `make soak` runs
/// the same for longer, in a program of its own that watches the memory too.
@Suite(.serialized) struct StressTests {
    @Test(.timeLimit(.minutes(10)))
    func `a hundred streams with random calls from many tasks`() async throws {
        let result = try await StreamStress.run(seconds: 2)
        #expect(result.askedCount > 100)
        #expect(result.askedCount == result.answeredCount)
    }
}
