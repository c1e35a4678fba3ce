import TurnAudio
import TurnCore
import TurnEvaluation

/// Gathers what a plot of a recording shows.
final class PlotRecorder {
    private var waveform = WaveformEnvelope()
    private var ingress = AudioIngress()
    private var speechProbabilities: [Float] = []
    private var speech: [DetectionPlot.SpeechSpan] = []
    private var speechStart: Duration?
    private var predictions: [DetectionPlot.Prediction] = []
    private var turns: [DetectionPlot.Turn] = []

    /// Takes the next piece of audio.
    ///
    /// - Throws: ``TurnError`` when the frame's format is not the earlier frames'.
    func add(_ frame: AudioFrame) throws(TurnError) {
        try ingress.push(frame) { waveform.append($0) }
    }

    /// Takes the next window of voice activity.
    func add(_ event: VoiceActivityEvent) { speechProbabilities.append(event.probability) }

    /// Takes the next event of the pipeline.
    func add(_ event: TurnEvent) {
        switch event {
        case .speechStarted(let event): speechStart = event.time
        case .speechEnded(let event):
            guard let start = speechStart else { return }
            speech.append(.init(start: start.inSeconds, end: event.time.inSeconds))
            speechStart = nil
        case .prediction(let event) where event.prediction.outcome == .predicted:
            predictions.append(
                .init(
                    time: event.time.inSeconds, probability: Double(event.probability),
                    threshold: Double(event.threshold)))
        case .turnEnded(let turn):
            guard let start = turn.speechStart, let end = turn.speechEnd else { return }
            turns.append(
                .init(
                    start: start.inSeconds, end: end.inSeconds, endedAt: turn.time.inSeconds,
                    reason: .init(rawValue: turn.reason.rawValue) ?? .timeout,
                    probability: turn.probability.map { Double($0) }))
        default: break
        }
    }

    /// Ends the recording.
    ///
    /// - Parameters:
    ///   - title: what it is called.
    ///   - duration: its length.
    ///   - windowSampleCount: samples at 16 kHz behind each probability of speech.
    /// - Returns: the plot.
    func svg(title: String, duration: Duration, windowSampleCount: Int) -> String {
        ingress.flush { waveform.append($0) }
        return DetectionPlot(
            title: title, duration: duration.inSeconds, waveform: waveform.peaks,
            secondsPerPeak: Double(waveform.samplesPerPeak) / 16_000,
            speechProbabilities: speechProbabilities, secondsPerWindow: Double(windowSampleCount) / 16_000,
            speech: speech, predictions: predictions, turns: turns
        ).svg()
    }
}
