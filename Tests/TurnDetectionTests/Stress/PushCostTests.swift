import CTurnTestSupport
import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// Pushing a 10 ms frame into a stream or a session allocates nothing and takes less than 5 us at the 99th percentile,
/// whatever its rate.
///
/// The time is of a release build with a core to spare; the suite allows four times as much, since other tests run
/// beside it. `turn-push-benchmark` prints the figures.
@Suite(.serialized) struct PushCostTests {
    private func check(_ rate: Int, _ push: (AudioFrame) -> Void) throws {
        let frame = try AudioFrame(
            .int16((0..<rate / 100).map { Int16(truncatingIfNeeded: $0 * 321) }),
            format: AudioFormat(sampleRate: rate))
        let cost = PushCost.measure(count: 5_000, warmUp: 2_000, allocations: turn_allocation_count) { _ in
            push(frame)
        }
        guard turn_allocations_are_counted() else { return }
        #expect(cost.allocationCount == 0)
        #if !DEBUG
            #expect(cost.percentile(0.99) < .microseconds(20))
        #endif
    }

    @Test(arguments: [8_000, 16_000, 44_100, 48_000])
    func `a local stream`(rate: Int) throws {
        let stream = try Bench(nil).stream()
        try check(rate) { stream.push($0) }
    }

    @Test(arguments: [8_000, 16_000, 44_100, 48_000])
    func `a stream of a service that is not there yet`(rate: Int) throws {
        var script = ScriptedTransport.Script()
        script.waitsForOpening = true
        let bench = try Bench([script])
        // The queue is full after 10 s, and has all the room that it will have.
        let stream = try bench.stream()
        try check(rate) { stream.push($0) }
        bench.transport.open()
    }

    /// Its task waits for a prediction meanwhile, so that its own work is not counted.
    @Test(arguments: [8_000, 16_000, 44_100, 48_000])
    func `a session that is behind`(rate: Int) async throws {
        let model = HeldModel()
        var options = TurnSessionOptions()
        options.pacing = .file
        let session = try TurnSession(
            detector: Bench(nil, localModel: LocalModel(model)).detector, speechModel: EnergySpeechModel(),
            options: options)
        for level in [0.5, 0] as [Float] {
            let second = [Float](repeating: level, count: rate)
            session.push(try AudioFrame(.float32(second), format: AudioFormat(sampleRate: rate)))
        }
        await model.calls.first { $0 == 1 }
        try check(rate) { session.push($0) }
        model.open()
        await session.finish()
    }
}
