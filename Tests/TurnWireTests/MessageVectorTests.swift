import Testing
import TurnCore
import TurnWire

/// The test vectors of the wire protocol, made with LiveKit's official protobuf classes.
struct MessageVectorTests {
    static let client: [(String, ClientMessage)] = [
        (
            "0a0808011080cab5ee0112050a0308807d",
            ClientMessage(
                .sessionCreate(SessionSettings(sampleRate: 16_000)), createdAt: .milliseconds(1_500))
        ),
        (
            "0a0208021a0c0a040100ffff120208011802",
            ClientMessage(
                .inputAudio(InputAudio(samples: [1, -1] as [Int16], createdAt: .seconds(1))),
                createdAt: .seconds(2))
        ),
        (
            "0a020802321b0a197475726e5f726571756573745f303132333435363738396162",
            ClientMessage(.inferenceStart(requestID: "turn_request_0123456789ab"), createdAt: .seconds(2))
        ),
        ("0a0208022200", ClientMessage(.sessionFlush, createdAt: .seconds(2))),
        ("0a0208022a00", ClientMessage(.sessionClose, createdAt: .seconds(2))),
    ]

    static let server: [(String, ServerMessage)] = [
        (
            "0a0208031a0808011080cab5ee0122100a090a02656e150000003f150000003f",
            ServerMessage(
                .sessionCreated(SessionDefaults(thresholds: ["en": 0.5], defaultThreshold: 0.5)),
                createdAt: .seconds(3), clientCreatedAt: .milliseconds(1_500))
        ),
        (
            "0a020803120272314a200d0000403f1212120208021a051080e8922622051080b489131801250000803e",
            ServerMessage(
                .prediction(
                    RemotePrediction(
                        probability: 0.75, backchannelProbability: 0.25, backend: .multimodal,
                        stats: InferenceStats(
                            latestClientCreatedAt: .seconds(2), clientLatency: .milliseconds(80),
                            serverLatency: .milliseconds(40)))),
                requestID: "r1", createdAt: .seconds(3))
        ),
        ("42070a026e6f109103", ServerMessage(.error(ServerFailure(code: 401, message: "no")))),
        ("3a00", ServerMessage(.sessionClosed)),
    ]

    @Test(arguments: client) func `client message encodes to the vector`(
        vector: String, message: ClientMessage
    ) throws {
        #expect(try hex(message.encoded()) == vector)
    }

    @Test(arguments: client) func `client vector decodes to the message`(
        vector: String, message: ClientMessage
    ) throws {
        let decoded = try ClientMessage(decoding: bytes(vector))
        #expect(decoded == message)
        #expect(decoded.body == message.body)
        #expect(decoded.createdAt == message.createdAt)
    }

    @Test(arguments: server) func `server message encodes to the vector`(
        vector: String, message: ServerMessage
    ) throws {
        #expect(try hex(message.encoded()) == vector)
    }

    @Test(arguments: server) func `server vector decodes to the message`(
        vector: String, message: ServerMessage
    ) throws {
        let decoded = try ServerMessage(decoding: bytes(vector))
        #expect(decoded == message)
        #expect(decoded.body == message.body)
        #expect(decoded.requestID == message.requestID)
        #expect(decoded.clientCreatedAt == message.clientCreatedAt)
    }

    @Test(arguments: [
        ClientMessage.Body.sessionCreate(nil),
        .sessionCreate(SessionSettings(sampleRate: 48_000, encoding: .opus, detection: .interruption)),
        .sessionCreate(SessionSettings(encoding: .unrecognized(7), detection: .endOfTurn)),
        .inputAudio(InputAudio(audio: [], sampleCount: 0)), .inferenceStop(requestID: ""), .bufferStart,
        .bufferStop, .chatContext,
    ])
    func `every kind of client message survives the wire`(body: ClientMessage.Body) throws {
        let message = ClientMessage(body, createdAt: .nanoseconds(1_700_000_000_123_456_789))
        #expect(try ClientMessage(decoding: message.encoded()) == message)
        #expect(try ClientMessage(decoding: message.encoded()).body == body)
    }

    @Test(arguments: [
        ServerMessage.Body.inferenceStarted, .inferenceStopped,
        .sessionCreated(
            SessionDefaults(
                thresholds: ["en": 0.56, "ja": 0.37], defaultThreshold: 0.5,
                backchannelThresholds: ["en": 0.62],
                defaultBackchannelThreshold: 0.6)),
        .prediction(RemotePrediction(probability: 0, backend: .unrecognized(9))),
        .interruptionPrediction(isInterruption: true, probabilities: [0.5, 1], stats: InferenceStats()),
    ])
    func `every kind of server message survives the wire`(body: ServerMessage.Body) throws {
        let message = ServerMessage(body, requestID: "", createdAt: .nanoseconds(-1), clientCreatedAt: .zero)
        #expect(try ServerMessage(decoding: message.encoded()).body == body)
        #expect(try ServerMessage(decoding: message.encoded()).requestID == "")
        #expect(try ServerMessage(decoding: message.encoded()).createdAt == .nanoseconds(-1))
    }

    @Test func `a message of a newer protocol keeps what this version does not know`() throws {
        // session_close with field 15 (varint 5) inside, field 200 (text "x") outside.
        let newer = bytes("0a0208022a027805c20c0178")
        var message = try ClientMessage(decoding: newer)
        #expect(message.body == .sessionClose)
        #expect(try hex(message.encoded()) == hex(newer))
        message.createdAt = .seconds(3)
        #expect(try hex(message.encoded()) == "0a0208032a027805c20c0178")
    }

    @Test func `an empty message and one of an unknown kind have no body`() throws {
        #expect(try ServerMessage(decoding: []).body == nil)
        #expect(try ServerMessage(decoding: bytes("c20c0178")).body == nil)
        #expect(try ClientMessage(decoding: []).createdAt == nil)
    }

    @Test(arguments: ["ff", "0a", "0a0508", "22", "4a050d0000403f01", "1205ff"])
    func `bytes that are no message are refused`(vector: String) {
        let error = #expect(throws: TurnError.self) { try ServerMessage(decoding: bytes(vector)) }
        #expect(error?.code == .malformedMessage)
    }

    @Test func `times out of range are clamped so that arithmetic cannot overflow`() throws {
        // server_created_at { seconds: Int64.max, nanos: Int32.max }
        let wild = bytes("0a1008ffffffffffffffff7f10ffffffff07")
        let time = try #require(try ServerMessage(decoding: wild).createdAt)
        #expect(time.components.seconds == 315_576_000_000)
        let early = bytes("0a1608808080808080808080011080808080f8ffffffff01")
        #expect(try ServerMessage(decoding: early).createdAt.map { $0 < .zero } == true)
    }
}
