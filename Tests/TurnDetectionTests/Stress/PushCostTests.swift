import CTurnTestSupport
import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// Pushing a 10 ms frame into a stream allocates nothing, whatever its rate, and at 16 kHz takes less than 5 us at the
/// 99th percentile.
///
/// The time is of a release build with a core to spare; the suite allows four times as much, since other tests run
/// beside it. `turn-push-benchmark` prints the figures.
@Suite(.serialized) struct PushCostTests {
    private func check(_ rate: Int, _ stream: TurnDetectorStream) throws {
        let frame = try AudioFrame(
            .int16((0..<rate / 100).map { Int16(truncatingIfNeeded: $0 * 321) }),
            format: AudioFormat(sampleRate: rate))
        let cost = PushCost.measure(count: 5_000, warmUp: 2_000, allocations: turn_allocation_count) { _ in
            stream.push(frame)
        }
        guard turn_allocations_are_counted() else { return }
        #expect(cost.allocationCount == 0)
        #if !DEBUG
            if rate == 16_000 { #expect(cost.percentile(0.99) < .microseconds(20)) }
        #endif
    }

    @Test(arguments: [8_000, 16_000, 44_100, 48_000])
    func `a local stream`(rate: Int) throws {
        try check(rate, Bench(nil).stream())
    }

    @Test(arguments: [8_000, 16_000, 44_100, 48_000])
    func `a stream of a service that is not there yet`(rate: Int) throws {
        var script = ScriptedTransport.Script()
        script.waitsForOpening = true
        let bench = try Bench([script])
        // The queue is full after 10 s, and has all the room that it will have.
        try check(rate, bench.stream())
        bench.transport.open()
    }
}
