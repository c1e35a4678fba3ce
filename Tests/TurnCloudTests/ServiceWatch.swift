import TurnCore
import TurnTesting

/// What a detector's stream and its connections tell, for tests to wait for.
struct ServiceWatch: Sendable {
    struct State: Sendable {
        /// Connections that stood.
        var connectCount = 0
        var changes: [TurnEvent.ServiceChange] = []

        var hasFallenBack: Bool {
            changes.contains { if case .fellBack = $0 { true } else { false } }
        }
    }

    let state = Recorder(State())

    /// A transport whose connections are counted once the stream knows of them.
    func transport(_ base: any TurnDetectionTransport) -> any TurnDetectionTransport {
        WatchedTransport(base: base, state: state)
    }
}

private struct WatchedTransport: TurnDetectionTransport {
    let base: any TurnDetectionTransport
    let state: Recorder<ServiceWatch.State>

    func run(_ connection: any TransportConnection) async throws {
        try await base.run(WatchedConnection(connection, state))
    }
}

private final class WatchedConnection: TransportConnection {
    private let base: any TransportConnection
    private let state: Recorder<ServiceWatch.State>

    init(_ base: any TransportConnection, _ state: Recorder<ServiceWatch.State>) {
        self.base = base
        self.state = state
    }

    var sampleRate: Int { base.sampleRate }
    var options: ConnectionOptions { base.options }

    func connected(sessionID: String?) {
        base.connected(sessionID: sessionID)
        state.update { $0.connectCount += 1 }
    }

    func nextCommand() async -> TransportCommand? { await base.nextCommand() }
    func adopt(_ defaults: ServerThresholds) throws(TransportError) { try base.adopt(defaults) }
    func answer(_ answer: TransportAnswer) { base.answer(answer) }
}
