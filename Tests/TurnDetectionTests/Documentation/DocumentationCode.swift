import TurnCore
import TurnDetection

// The code of the documentation, as it stands there; DocumentationTests compares the two.

func liveConversation(
    _ turnModel: any TurnModel, _ speechModel: any SpeechActivityModel, _ frame: AudioFrame
) async throws {
    let detector = try TurnDetector(localModel: LocalModel(turnModel))
    let session = try TurnSession(detector: detector, speechModel: speechModel)
    session.push(frame)
    session.push(Transcript("good morning", language: "en", confidence: 0.9))
    session.setManualMode(true)
    session.commitTurn()
    await session.finish()
    for await event in session.events {
        switch event {
        case .speechStarted(let speech): print("speech from", speech.time)
        case .turnEnded(let turn): print("answer now:", turn.transcript ?? "", turn.reason.rawValue)
        default: break
        }
    }
}

func file(
    _ turnModel: any TurnModel, _ speechModel: any SpeechActivityModel, _ frame: AudioFrame
) throws {
    let pipeline = try TurnPipeline(turnModel: turnModel, speechModel: speechModel)
    try pipeline.push(frame) { event in print(event) }
    pipeline.finish { event in print(event) }
}

func fileSession(
    _ detector: TurnDetector, _ speechModel: any SpeechActivityModel
) throws -> TurnSession {
    var options = TurnSessionOptions()
    options.pacing = .file
    options.onEvent = { event in print(event) }
    return try TurnSession(detector: detector, speechModel: speechModel, options: options)
}

func changes(_ session: TurnSession, _ detector: TurnDetector) throws {
    try session.handOff(to: detector)
    try session.handOff(to: nil)
    try session.update(endpointing: .fixed(EndpointingDelays(min: .milliseconds(400), max: .seconds(2))))
}

func delays() throws -> TurnSessionOptions {
    var options = TurnSessionOptions()
    options.endpointing = .dynamic(try DynamicEndpointing(min: .milliseconds(300), max: .seconds(2.5)))
    options.turn.maxTurnDuration = .seconds(60)
    options.turn.rescoring = .every(.milliseconds(300))
    return options
}

func thresholds(_ turnModel: any TurnModel) throws -> (TurnDetector, TurnSessionOptions) {
    var detectorOptions = TurnDetectorOptions(preset: .patient)
    let sessionOptions = TurnSessionOptions(preset: .patient)
    detectorOptions.localThresholds = ThresholdTable(["en": 0.2, "ja": 0.3], default: 0.25)
    detectorOptions.threshold = try .languages(["en": 0.3])
    let detector = try TurnDetector(localModel: LocalModel(turnModel), options: detectorOptions)
    detector.updateOptions(threshold: try .value(0.4))
    return (detector, sessionOptions)
}

func fallback(_ stream: TurnDetectorStream) async -> TurnDetectorOptions {
    var options = TurnDetectorOptions()
    options.fallbackPolicy = .recover(after: .seconds(30))
    options.localFallback = false
    let answer = await stream.predict().value
    switch answer.outcome {
    case .predicted: print(answer.probability, answer.source)
    case .superseded, .cancelled: break
    case .timedOut, .failed, .closed: print("no prediction:", answer.failure ?? answer.outcome.rawValue)
    }
    return options
}

struct LoudnessModel: TurnModel {
    let name = "loudness"
    let windowSampleCount = 16_000

    func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
        let tail = audio.suffix(1_600)
        let level = tail.reduce(0) { $0 + abs($1) } / Float(max(1, tail.count))
        return ModelPrediction(probability: level < 0.01 ? 0.9 : 0.1)
    }
}

struct LevelGate: SpeechActivityModel {
    let name = "level-gate"
    let windowSampleCount = 512

    func makeStream() -> any SpeechActivityStream { State() }

    struct State: SpeechActivityStream {
        func probability(of window: UnsafeBufferPointer<Float>) -> Float {
            window.contains { abs($0) > 0.05 } ? 0.9 : 0.1
        }

        mutating func reset() {}
    }
}

struct EchoTransport: TurnDetectionTransport {
    func run(_ connection: any TransportConnection) async throws {
        connection.connected(sessionID: nil)
        try connection.adopt(ServerThresholds(thresholds: [("en", 0.5)], defaultThreshold: 0.5))
        while let command = await connection.nextCommand() {
            switch command {
            case .predict(let id): connection.answer(TransportAnswer(requestID: id, probability: 0.8))
            case .audio, .flush: break
            case .end: return
            }
        }
    }
}

func service(_ turnModel: any TurnModel) throws -> TurnDetector {
    var options = TurnDetectorOptions()
    options.version = .v1
    options.apiKey = "key"
    options.apiSecret = "secret"
    let detector = try TurnDetector(
        localModel: LocalModel(turnModel), cloud: { endpoint in EchoTransport() }, options: options)
    return detector
}
