import Testing
import TurnTesting

@Test func `generator repeats TurnEvaluation`() {
    var a = SeededGenerator(seed: 1)
    var b = SeededGenerator(seed: 1)
    #expect(a.next() == b.next())
}
