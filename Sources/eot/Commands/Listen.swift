import ArgumentParser
import TurnCore
import TurnInference

struct Listen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find turns live in the audio on standard input, and tell them as they happen.",
        discussion: """
            Like detect, with each line printed at once. Standard input carries WAV, or raw samples with --raw; it \
            ends with the input. Delays are counted in the audio's own time. A voice agent should bound its turns, \
            for example with --max-turn 60.

            EXAMPLES:
              arecord -q -f S16_LE -r 16000 -t raw | eot listen --raw s16le --rate 16000
              sox -d -t wav - | eot listen --json --preset responsive --max-turn 60

            JSON LINES: as of detect.
            """)

    @OptionGroup(title: "Audio") var audio: AudioOptions
    @OptionGroup(title: "Turns") var turns: TurnOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Gateway") var cloud: CloudOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() async throws {
        let (options, thresholds) = try turns.sessionOptions()
        let source = try cloud.source(
            try model.load(output.log), thresholds, override: try turns.override(thresholds), log: output.log)
        var run = DetectionRun(
            speechModel: try model.kernel.loadVoiceActivity(), options: options, pace: .live,
            log: output.log, printer: EventPrinter(isJSON: output.json, isLive: true))
        try await run.run("-", try audio.open("-"), source)
        try run.printer.flush()
    }
}
