import ArgumentParser
import TurnCore
import TurnDetection
import TurnInference

struct Detect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find the turns of recordings: who stopped when, and how likely the turn had ended.",
        discussion: """
            Prints speech and pauses, a prediction at each pause, and the turns that ended. A file is processed in \
            its own time, as fast as the machine goes, with the events that real time would give.

            EXAMPLES:
              eot detect conversation.wav
              eot detect --plot turns.svg conversation.wav
              eot detect --json --preset patient a.wav b.wav | jq -c 'select(.type == "turn_ended")'
              eot detect --raw s16le --rate 16000 - < samples.raw

            JSON LINES:
              speech_started {time}
              speech_ended   {time}
              prediction     {time, probability, threshold, model, inference_ms}
              turn_ended     {time, speech_start, speech_end, probability, delay, reason}
                             reason: model, timeout, end_of_input; delay = time - speech_end
              summary        {file, duration, turns, predictions, model, realtime_factor}
                             realtime_factor: computing time for each second of audio
            """)

    @Argument(
        help: ArgumentHelp(
            "Recordings: WAV, or what an ffmpeg on the PATH decodes; - for standard input.", valueName: "file"
        ))
    var files: [String]

    @Flag(help: "Process each file at its own speed.")
    var realtime = false

    @Option(
        help: ArgumentHelp("Draw the recording with what was found as an SVG file.", valueName: "out.svg"))
    var plot: String?

    @OptionGroup(title: "Audio") var audio: AudioOptions
    @OptionGroup(title: "Turns") var turns: TurnOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Gateway") var cloud: CloudOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if plot != nil, cloud.cloud != nil {
            throw ValidationError("--plot draws what this device predicts; leave out --cloud")
        }
        if plot != nil, files.count > 1 {
            throw ValidationError("--plot draws one recording; give one file")
        }
        if files.filter({ $0 == "-" }).count > 1 {
            throw ValidationError("standard input can be read only once; give - once")
        }
    }

    func run() async throws {
        let (options, thresholds) = try turns.sessionOptions()
        let override = try turns.override(thresholds)
        // A wrong path is told before the models are read.
        for file in files where file != "-" { try FileInput.requireFile(at: file) }
        let turnModel = try model.load(output.log)
        var run = DetectionRun(
            speechModel: try model.kernel.loadVoiceActivity(), options: options,
            pace: realtime ? .realTime : .none, log: output.log,
            printer: EventPrinter(isJSON: output.json, isLive: realtime))
        for file in files {
            let source = try cloud.source(turnModel, thresholds, override: override, log: output.log)
            try await run.run(file, try audio.open(file), source, plotPath: plot)
        }
        try run.printer.flush()
    }
}
