public import TurnCore

/// A ``TurnDetectionTransport`` that does what a script says, connection by connection, and notes what it was given.
public final class ScriptedTransport: TurnDetectionTransport {
    /// What one connection does.
    public struct Script: Sendable {
        /// The attempt fails with it, instead of connecting.
        public var refusal: TransportError?
        /// It connects only when ``ScriptedTransport/open()`` was called.
        public var waitsForOpening = false
        /// It breaks right after connecting.
        public var breaksAfterConnecting: TransportError?
        public var sessionID: String?
        /// Announced right after connecting.
        public var thresholds: ServerThresholds?
        /// Answers a request; nil leaves it unanswered.
        public var answer: @Sendable (String) -> TransportAnswer? = { _ in nil }
        /// After `.end` it returns only when it is cancelled.
        public var hangsAtEnd = false

        public init() {}

        public static var connects: Script { Script() }

        public static func refuses(_ error: TransportError) -> Script {
            var script = Script()
            script.refusal = error
            return script
        }

        /// Answers each request at once with this probability.
        public static func answers(_ probability: Float) -> Script {
            var script = Script()
            script.answer = { TransportAnswer(requestID: $0, probability: probability) }
            return script
        }
    }

    /// What happened so far.
    public struct Record: Sendable {
        public var runCount = 0
        public var connectCount = 0
        /// Runs that are over.
        public var endCount = 0
        public var commands: [TransportCommand] = []
        public var adoptionErrors: [TransportError] = []
        public var isOpen = false

        public var requestIDs: [String] {
            commands.compactMap { if case .predict(let id) = $0 { id } else { nil } }
        }
        public var sampleCount: Int {
            commands.reduce(0) { if case .audio(let samples) = $1 { $0 + samples.count } else { $0 } }
        }
    }

    public let record = Recorder(Record())
    private let scripts: [Script]
    private let connection = Recorder<(any TransportConnection)?>(nil)
    private let failure = Recorder<Recorder<TransportError?>?>(nil)
    private let keepsCommands: Bool

    /// - Parameters:
    ///   - scripts: one a connection; the last one stands for all that follow.
    ///   - keepsCommands: whether commands are noted; off for long runs.
    public init(_ scripts: [Script] = [.connects], keepsCommands: Bool = true) {
        self.scripts = scripts
        self.keepsCommands = keepsCommands
    }

    /// Lets a connection that waits for it connect.
    public func open() { record.update { $0.isOpen = true } }

    /// Breaks the latest connection.
    public func fail(_ error: TransportError) { failure.value?.update { $0 = error } }

    /// Answers on the latest connection, whatever it is now.
    public func answer(_ answer: TransportAnswer) { connection.value?.answer(answer) }

    public func run(_ connection: any TransportConnection) async throws {
        let index = record.value.runCount
        record.update { $0.runCount += 1 }
        defer { record.update { $0.endCount += 1 } }
        let script = scripts[min(index, scripts.count - 1)]
        if let refusal = script.refusal { throw refusal }
        self.connection.update { $0 = connection }
        let failure = Recorder<TransportError?>(nil)
        self.failure.update { $0 = failure }
        if script.waitsForOpening { await record.first { $0.isOpen } }
        connection.connected(sessionID: script.sessionID)
        record.update { $0.connectCount += 1 }
        if let error = script.breaksAfterConnecting { throw error }
        if let thresholds = script.thresholds {
            do throws(TransportError) {
                try connection.adopt(thresholds)
            } catch {
                record.update { $0.adoptionErrors.append(error) }
                throw error
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in try await serve(connection, script) }
            group.addTask {
                // Ends with the connection: an error, or a stand-in when the service loop is over.
                if let error = await failure.first(where: { $0 != nil }), error.message != "over" {
                    throw error
                }
            }
            defer { failure.update { if $0 == nil { $0 = .api("over") } } }
            try await group.next()
        }
    }

    private func serve(_ connection: any TransportConnection, _ script: Script) async throws {
        while let command = await connection.nextCommand() {
            if keepsCommands { record.update { $0.commands.append(command) } }
            switch command {
            case .predict(let id): if let answer = script.answer(id) { connection.answer(answer) }
            case .end:
                if !script.hangsAtEnd { return }
                try await Task.sleep(for: .seconds(3_600))
            case .audio, .flush: break
            }
        }
    }
}
