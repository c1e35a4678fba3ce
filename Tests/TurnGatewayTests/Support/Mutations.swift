import TurnTesting
import TurnWire

/// Sends messages with changed, lost and added bytes, and watches what becomes of the session.
struct Mutations {
    private static let originals: [ClientMessage.Body] = [
        .inputAudio(InputAudio(samples: Array(0..<80), createdAt: .seconds(5))),
        .inputAudio(InputAudio(audio: [1, 2, 3, 4], sampleCount: 1)),
        .inferenceStart(requestID: "turn_request_0123456789ab"), .inferenceStop(requestID: "r"),
        .sessionFlush,
        .bufferStart, .chatContext, .sessionCreate(SessionSettings(sampleRate: 48_000)), .sessionClose,
    ]

    private var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// - Returns: how many messages ended the session with each close code; 0 for those after which it went on.
    mutating func run(_ count: Int, on server: Server) async throws -> [Int: Int] {
        var outcomes: [Int: Int] = [:]
        var client: RawClient?
        for number in 0..<count {
            let bytes = try mutated()
            let session: RawClient
            if let client { session = client } else { session = try await server.session() }
            session.send(frame: Frame(2, bytes))
            // Answered in order, so its answer tells that the message before was survived.
            try session.send(.inferenceStop(requestID: "sentinel-\(number)"))
            let outcome = try await Self.outcome(session, "sentinel-\(number)")
            outcomes[outcome, default: 0] += 1
            client = outcome == 0 ? session : nil
            let isMessage = (try? ClientMessage(decoding: bytes)) != nil
            guard isMessage == (outcome != 1007) else {
                throw Unexpected("\(bytes) gave \(outcome), but is \(isMessage ? "a" : "no") message")
            }
        }
        return outcomes
    }

    private mutating func mutated() throws -> [UInt8] {
        let original = Self.originals.randomElement(using: &generator) ?? .sessionFlush
        var bytes = try ClientMessage(original, createdAt: .seconds(2)).encoded()
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &generator)
            case 2: bytes.insert(.random(in: 0...255, using: &generator), at: place)
            default: bytes.removeLast(min(bytes.count, Int.random(in: 0..<4, using: &generator)))
            }
        }
        return bytes
    }

    private static func outcome(_ client: RawClient, _ sentinel: String) async throws -> Int {
        while true {
            switch try await client.message() {
            case .closed(let code): return code
            case .message(let message):
                if case .inferenceStopped = message.body, message.requestID == sentinel { return 0 }
            }
        }
    }
}
