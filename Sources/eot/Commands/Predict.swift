import ArgumentParser
import TurnAudio
import TurnCore
import TurnInference

struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predict whether the turn had ended where a recording, or a part of it, ends.",
        discussion: """
            The model looks at the last 8 s of audio before each moment.

            EXAMPLES:
              eot predict utterance.wav
              eot predict --at 2.5 --at 3.1 --json conversation.wav

            JSON LINES:
              prediction {at, probability, model, window, features_ms, inference_ms}
                         window: seconds of audio that were looked at
            """)

    @Argument(help: ArgumentHelp("A recording; - for standard input.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("Predict for the audio up to this second; repeatable.", valueName: "s"))
    var at: [Double] = []

    @OptionGroup(title: "Audio") var audio: AudioOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        for second in at where !(0...1e6).contains(second) {
            throw TurnError(.invalidArgument, "--at \(second) is out of range; use a second of the recording")
        }
        let reader = try audio.open(file)
        let turnModel = try model.load(output.log)
        let moments = try MomentReader(
            at: at.map { Int(($0 * 16_000).rounded()) }, windowSampleCount: turnModel.windowSampleCount
        ).read(reader) { (window) throws(TurnError) in
            try turnModel.predict(window)
        }

        var lines = StandardOutput()
        for (index, moment) in moments.enumerated() {
            let time = at.isEmpty ? Double(moment.position) / 16_000 : at[index]
            try lines.write(
                line: output.json ? json(moment, time, turnModel.name) : text(moment, time))
        }
        try lines.flush()
    }

    private func json(_ moment: MomentReader.Moment, _ time: Double, _ name: String) -> String {
        JSONLine(
            "prediction",
            [
                "at": .rounded(time, places: 6), "probability": .probability(moment.prediction.probability),
                "model": .string(name), "window": .rounded(Double(moment.sampleCount) / 16_000, places: 6),
                "features_ms": .milliseconds(moment.prediction.featuresDuration),
                "inference_ms": .milliseconds(moment.prediction.inferenceDuration),
            ]
        ).text
    }

    private func text(_ moment: MomentReader.Moment, _ time: Double) -> String {
        let prediction = moment.prediction
        let took = prediction.featuresDuration + prediction.inferenceDuration
        return Style.dim(time.fixed(3).right(10)) + "  "
            + Style.bold(Double(prediction.probability).fixed(4))
            + Style.dim(
                "  over \((Double(moment.sampleCount) / 16_000).fixed(2)) s of audio, "
                    + "\((took.inSeconds * 1e3).fixed(1)) ms")
    }
}
