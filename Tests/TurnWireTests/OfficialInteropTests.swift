import Foundation
import Testing
import TurnCore
import TurnTesting
import TurnWire

extension Tag {
    /// Needs Python 3 and PyPI.
    @Tag static var python: Self
}

/// Against LiveKit's own protobuf classes and token library, and PyJWT.
@Suite(.tags(.python)) struct OfficialInteropTests {
    private struct Message: Decodable {
        let hex: String
        let kind: String?
    }

    private struct Minted: Decodable {
        let token: String
    }

    private struct Verified: Decodable {
        struct Claims: Codable, Equatable {
            struct Inference: Codable, Equatable {
                let perform: Bool
            }
            let exp: Int
            let inference: Inference
            let iss: String
            let nbf: Int
            let sub: String
        }
        let claims: Claims
        let header: [String: String]
        let identity: String
        let perform: Bool
    }

    private func run<Line: Decodable>(_ type: Line.Type, _ arguments: String...) async throws -> [Line] {
        try await PythonPeer.run("wire.py", arguments: arguments)
            .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    private var now: Duration { .seconds(Date().timeIntervalSince1970) }

    @Test func `server messages of the official classes survive to the byte`() async throws {
        let messages = try await run(Message.self, "server")
        #expect(messages.count == 9)
        for message in messages {
            #expect(try hex(ServerMessage(decoding: bytes(message.hex)).encoded()) == message.hex)
        }
        let decoded = try messages.map { try ServerMessage(decoding: bytes($0.hex)) }
        #expect(decoded.allSatisfy { $0.requestID == "turn_request_0123456789ab" })
        #expect(decoded.allSatisfy { $0.clientCreatedAt == .milliseconds(1_700_000_001_500) })
        guard case .prediction(let prediction) = decoded[5].body else {
            Issue.record("the sixth message is no prediction")
            return
        }
        #expect(prediction.probability == 0.7)
        #expect(prediction.backend == .text)
        #expect(prediction.stats?.clientLatency == .milliseconds(-80))
        #expect(prediction.stats?.serverLatency == .microseconds(40_001))
        #expect(prediction.stats?.latestClientCreatedAt == .nanoseconds(1_700_000_001_999_999_999))
        #expect(decoded[4].body == .error(ServerFailure(code: 4_294_967_295, message: "überlastet")))
    }

    @Test func `client messages are read by the official classes and written back to the byte`() async throws
    {
        let bodies: [(ClientMessage.Body, String)] = [
            (.sessionCreate(SessionSettings(sampleRate: 48_000, encoding: .opus)), "session_create"),
            (.inputAudio(InputAudio(samples: [1, -1], createdAt: now)), "input_audio"),
            (.inferenceStart(requestID: "é"), "inference_start"),
            (.inferenceStop(requestID: "a"), "inference_stop"),
            (.sessionFlush, "session_flush"), (.sessionClose, "session_close"),
            (.bufferStart, "buffer_start"),
            (.bufferStop, "buffer_stop"), (.chatContext, "eot_input_chat_context"),
        ]
        let sent = try bodies.map { try hex(ClientMessage($0.0, createdAt: now).encoded()) }
        let lines = try await PythonPeer.run("wire.py", arguments: ["client"] + sent)
        let read = try lines.map { try JSONDecoder().decode(Message.self, from: Data($0.utf8)) }
        #expect(read.map(\.hex) == sent)
        #expect(read.map(\.kind) == bodies.map(\.1))
    }

    @Test(arguments: ["secret", "a secret of more than thirty-two bytes"])
    func `our tokens are accepted by PyJWT and livekit-api`(secret: String) async throws {
        let key = "API\"ключ"
        let token = try AccessToken.mint(apiKey: key, apiSecret: secret, now: now)
        let verified = try #require(try await run(Verified.self, "verify", key, secret, token).first)
        #expect(verified.header == ["alg": "HS256", "typ": "JWT"])
        #expect(verified.claims.exp - verified.claims.nbf == 600)
        #expect(verified.claims.inference.perform)
        #expect(verified.claims.sub == "agent")
        #expect(verified.identity == "agent")
        #expect(verified.perform)
    }

    @Test func `their tokens are accepted and their bad ones refused`() async throws {
        let tokens = try await run(Minted.self, "mint", "key", "secret", "60").map(\.token)
        let outcomes = tokens.map { token in
            Result { () throws(AccessToken.Refusal) in
                try AccessToken(verifying: token, now: now) { $0 == "key" ? "secret" : nil }
            }
        }
        try #require(outcomes.count == 6)
        for outcome in outcomes[..<2] {
            let token = try outcome.get()
            #expect(token.mayPerformInference)
            #expect(token.apiKey == "key")
        }
        let refusals = outcomes[2...].map { outcome in
            if case .failure(let refusal) = outcome { refusal } else { nil as AccessToken.Refusal? }
        }
        #expect(refusals == [.signature, .algorithm, .algorithm, .expired])
    }
}
