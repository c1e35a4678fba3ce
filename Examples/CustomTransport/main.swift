// A service of one's own behind a detector: here a function that runs in this process and drops every third
// connection, so that the local model has to step in. swift run example-custom-transport

import TurnCore
import TurnDetection

/// Predicts from the level of the last 100 ms. A real service would send the audio over a network.
struct LevelService: TurnDetectionTransport {
    func run(_ connection: any TransportConnection) async throws {
        connection.connected(sessionID: "level")
        try connection.adopt(ServerThresholds(thresholds: [("en", 0.5)], defaultThreshold: 0.5))
        var last: [Int16] = []
        var answered = 0
        while let command = await connection.nextCommand() {
            switch command {
            case .audio(let samples): last = Array((last + samples).suffix(1_600))
            case .flush: last = []
            case .predict(let id):
                answered += 1
                if answered == 3 { throw TransportError.connection("the service went away") }
                let level = last.reduce(0) { $0 + abs(Int($1)) } / max(1, last.count)
                connection.answer(TransportAnswer(requestID: id, probability: level < 300 ? 0.9 : 0.1))
            case .end: return
            }
        }
    }
}

/// Stands in while the service is away.
struct Undecided: TurnModel {
    let name = "undecided"
    let windowSampleCount = 16_000

    func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
        ModelPrediction(probability: 0.5)
    }
}

var options = TurnDetectorOptions()
options.version = .v1
options.apiKey = "key"
options.apiSecret = "secret"
let detector = try TurnDetector(
    localModel: LocalModel(Undecided()), cloud: { _ in LevelService() }, options: options)
let stream = try detector.stream()

let speech = try AudioFrame(.int16([Int16](repeating: 4_000, count: 1_600)), format: .mono16kHz)
let silence = try AudioFrame(.int16([Int16](repeating: 0, count: 1_600)), format: .mono16kHz)
for frame in [speech, silence, speech, silence, speech, silence] {
    stream.push(frame)
    let answer = await stream.predict().value
    print(answer.source.rawValue, answer.outcome.rawValue, answer.probability)
}
await stream.close()
