import CTurnTestSupport
import Foundation
import TurnCore
import TurnDetection
import TurnTesting

// Prints what pushing a 10 ms frame costs the pushing thread: one after the other, and at the pace of real time, while
// the thread that works on the audio falls asleep and wakes between them. What a thread that has slept pays for anything
// at all (cold caches, the virtual machine) shows in the control: a copy of the same samples into memory of the same
// size, at the same pace. Takes a minute. Run it in release:
//   swift run -c release turn-push-benchmark

func report(_ name: String, pause: TimeInterval, _ body: (Int) -> Void) {
    let cost = PushCost.measure(
        count: pause > 0 ? 500 : 20_000, warmUp: pause > 0 ? 100 : 2_000,
        allocations: turn_allocation_count,
        between: { if pause > 0 { Thread.sleep(forTimeInterval: pause) } }, body)
    func microseconds(_ fraction: Double) -> Double {
        (cost.percentile(fraction) / .nanoseconds(10)).rounded() / 100
    }
    let allocations =
        turn_allocations_are_counted() ? "\(cost.allocationCount) allocations" : "allocations not counted"
    print(
        "\(name): median \(microseconds(0.5)) us, p99 \(microseconds(0.99)) us, "
            + "p99.9 \(microseconds(0.999)) us, \(allocations) in \(cost.durations.count) frames")
}

func detector(_ scripts: [ScriptedTransport.Script]?) throws -> TurnDetector {
    var options = TurnDetectorOptions()
    options.environment = [:]
    guard let scripts else {
        return try TurnDetector(localModel: LocalModel(ScriptedTurnModel([0.5])), options: options)
    }
    options.version = .v1
    options.apiKey = "key"
    options.apiSecret = "secret"
    let transport = ScriptedTransport(scripts, keepsCommands: false)
    return try TurnDetector(
        localModel: LocalModel(ScriptedTurnModel([0.5])), cloud: { _ in transport }, options: options)
}

for rate in [8_000, 16_000, 44_100, 48_000] {
    let format = try AudioFormat(sampleRate: rate)
    let frame = try AudioFrame(
        .int16((0..<rate / 100).map { Int16(truncatingIfNeeded: $0 * 321) }), format: format)
    let local = try detector(nil).stream()
    report("local stream, \(rate) Hz", pause: 0) { _ in local.push(frame) }
    let cloud = try detector([.connects]).stream()
    report("stream of a service, \(rate) Hz, in real time", pause: 0.01) { _ in cloud.push(frame) }
    let samples = (0..<rate / 100).map { Float($0) }
    let room = UnsafeMutableBufferPointer<Float>.allocate(capacity: rate / 4)
    room.initialize(repeating: 0)
    report("control: a copy, \(rate) Hz, in real time", pause: 0.01) { index in
        let place = index * samples.count % (room.count - samples.count)
        _ = UnsafeMutableBufferPointer(rebasing: room[place...]).update(from: samples)
    }
    room.deallocate()
    let session = try TurnSession(detector: try detector(nil), speechModel: EnergySpeechModel())
    report("session, \(rate) Hz, in real time", pause: 0.01) { _ in session.push(frame) }
}
