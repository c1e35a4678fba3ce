import TurnCore
import TurnDetection
import TurnTesting

/// A session on a manual clock, with a scripted service that answers when the test says.
///
/// Audio is pushed window by window, each when its time has come, and worked through before the next.
final class Talk: Sendable {
    static let window: Duration = .milliseconds(32)

    let bench: Bench
    let session: TurnSession
    let events = Recorder<[TurnEvent]>([])
    private let reader: Task<Void, Never>
    /// The clock, and the end of the audio so far.
    private let time = Recorder(Duration.zero)
    private let audio = Recorder(Duration.zero)
    private let mark = Recorder(Duration.zero)

    init(
        _ scripts: [ScriptedTransport.Script]? = [.connects],
        model: ScriptedTurnModel = ScriptedTurnModel([0.25]),
        preset: EndpointingPreset = .livekit, _ change: (inout TurnSessionOptions) throws -> Void = { _ in },
        detector configure: (inout TurnDetectorOptions) throws -> Void = { _ in }
    ) async throws {
        bench = try Bench(scripts, model: model) {
            $0.threshold = try .value(0.5)
            try configure(&$0)
        }
        var options = TurnSessionOptions(preset: preset)
        try change(&options)
        session = try TurnSession(
            detector: bench.detector, speechModel: EnergySpeechModel(), options: options)
        reader = Task { [session, events] in
            for await event in session.events { events.update { $0.append(event) } }
        }
        if scripts != nil { await bench.transport.record.first { $0.connectCount == 1 } }
        await session.processed()
    }

    /// The end of the last speech.
    var zero: Duration { mark.value }

    /// Turns, with their end as time since the last speech that was spoken.
    var turns: [TurnEvent.TurnEnded] { events.value.turns }
    func offset(_ turn: TurnEvent.TurnEnded) -> Duration { turn.time - zero }

    func speak(windows count: Int = 10) async throws {
        for _ in 0..<count { try await hear(0.5) }
        mark.update { $0 = audio.value }
    }

    /// Silence until the offset from the last speech; audio as far as whole windows fit, the rest by the clock.
    func silence(until offset: Duration) async throws {
        let end = zero + offset
        while audio.value + Self.window <= end { try await hear(0) }
        await wait(until: offset)
    }

    /// No audio comes until the offset.
    func wait(until offset: Duration) async { await advance(to: zero + offset) }

    /// The service answers a request, counted from 1.
    func answer(_ probability: Float, request: Int = 1) async throws {
        let ids = await bench.transport.record.first { $0.requestIDs.count >= request }.requestIDs
        bench.transport.answer(TransportAnswer(requestID: ids[request - 1], probability: probability))
        await session.processed()
    }

    @discardableResult
    func turnsEnded(_ count: Int) async -> [TurnEvent.TurnEnded] {
        await events.first { $0.turns.count >= count }.turns
    }

    /// Predictions that were compared, once there are so many.
    func predictions(_ count: Int) async { await events.first { $0.predictions.count >= count } }

    /// Ends the session and waits for all its events.
    func finish() async {
        await session.finish()
        await reader.value
    }

    /// The next window, when its time has come. After a stall audio goes on from there.
    private func hear(_ value: Float) async throws {
        if time.value - audio.value > .milliseconds(250) { audio.update { $0 = time.value } }
        audio.update { $0 += Self.window }
        if audio.value > time.value {
            bench.clock.advance(by: audio.value - time.value)
            time.update { $0 = audio.value }
        }
        session.push(try Bench.frame(512, value))
        await session.processed()
    }

    private func advance(to end: Duration) async {
        if end > time.value {
            bench.clock.advance(by: end - time.value)
            time.update { $0 = end }
        }
        await session.processed()
    }
}
