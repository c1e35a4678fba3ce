// The turns of a recording, by way of a session: swift run example-file-session FILE SMART_TURN.onnx SILERO.onnx

import TurnAudio
import TurnCore
import TurnDetection
import TurnInference

let arguments = CommandLine.arguments
guard arguments.count == 4 else {
    print("usage: example-file-session FILE SMART_TURN.onnx SILERO.onnx")
    throw TurnError(.invalidArgument, "three arguments are needed; see the usage above")
}

let reader = try AudioFileReader(path: arguments[1])
let turnModel = try SmartTurnModel(contentsOf: arguments[2])
let speechModel = try SileroVAD(contentsOf: arguments[3])

let detector = try TurnDetector(localModel: LocalModel(turnModel))
var options = TurnSessionOptions(preset: .balanced)
options.pacing = .file
let session = try TurnSession(detector: detector, speechModel: speechModel, options: options)

let events = Task {
    for await event in session.events {
        guard case .turnEnded(let turn) = event else { continue }
        print("turn from \(turn.speechStart ?? .zero) to \(turn.speechEnd ?? .zero): \(turn.reason.rawValue)")
    }
}
while let frame = try reader.readFrame() {
    session.push(frame)
    // A file comes faster than it can be worked through.
    await session.processed()
}
await session.finish()
await events.value
