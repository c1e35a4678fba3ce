import TurnCore

/// The stream's side of one connection. After it was given up all calls come to nothing.
final class StreamConnection: TransportConnection {
    let sampleRate: Int
    let options: ConnectionOptions
    private let core: StreamCore

    init(core: StreamCore, sampleRate: Int, options: ConnectionOptions) {
        self.core = core
        self.sampleRate = sampleRate
        self.options = options
    }

    func connected(sessionID: String?) { core.connected(self, sessionID: sessionID) }

    func nextCommand() async -> TransportCommand? { await core.nextCommand(self) }

    func adopt(_ defaults: ServerThresholds) throws(TransportError) { try core.adopt(defaults, self) }

    func answer(_ answer: TransportAnswer) { core.take(answer, self) }
}
