import CTurnTestSupport
import Testing
import TurnCore
import TurnDetection
import TurnTesting

/// While audio merely flows no push wakes a task: whoever works on the audio looks for it when it is due.
///
/// Counted by Swift's own hook, on the pushing thread. A hundred pushes, each when the one before has been worked on:
/// then a push that wakes who waits for audio would do so each time.
@Suite(.serialized, .timeLimit(.minutes(10))) struct WakeTests {
    private static let pushCount = 100

    /// Pushes a window, which is enough to work on; `done` returns when it has been worked on.
    private func wakes(
        _ push: (AudioFrame) -> Void, done: (_ windowCount: Int) async -> Void
    ) async throws -> UInt64? {
        guard turn_count_wakes() else { return nil }
        let frame = try Bench.frame(512)
        var count: UInt64 = 0
        for index in 1...Self.pushCount {
            let before = turn_wake_count()
            push(frame)
            count += turn_wake_count() - before
            await done(index)
        }
        return count
    }

    @Test func `the count sees a task that is woken`() async throws {
        guard turn_count_wakes() else { return }
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        let isWaiting = Recorder(false)
        let task = Task {
            isWaiting.update { $0 = true }
            for await _ in stream {}
        }
        await isWaiting.first { $0 }
        var count: UInt64 = 0
        // It may not wait yet; once it does, a value wakes it.
        while count == 0 {
            let before = turn_wake_count()
            continuation.yield(1)
            count = turn_wake_count() - before
            await Task.yield()
        }
        continuation.finish()
        await task.value
        #expect(count == 1)
    }

    @Test func `a stream of a service`() async throws {
        let bench = try Bench()
        let stream = try await bench.connectedStream()
        let count = try await wakes({ stream.push($0) }) { windows in
            await bench.transport.record.first { $0.sampleCount == 512 * windows }
        }
        #expect(count ?? 0 == 0)
    }

    @Test func `a session`() async throws {
        let windows = Recorder(0)
        var options = TurnSessionOptions()
        options.onVoiceActivity = { _ in windows.update { $0 += 1 } }
        let session = try TurnSession(
            detector: Bench(nil).detector, speechModel: EnergySpeechModel(), options: options)
        let count = try await wakes({ session.push($0) }) { count in
            await windows.first { $0 == count }
            // Time for its task to wait again. Without, there would be nobody to wake, and nothing proved.
            for _ in 0..<500 { await Task.yield() }
        }
        await session.finish()
        // Woken once at the start, and after each pause: on a machine that is held up there may be some.
        #expect(count ?? 0 < Self.pushCount / 4)
    }
}
