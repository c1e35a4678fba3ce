import TurnEvaluation
import TurnTesting

/// Made-up recordings for the plot tests.
enum PlotSamples {
    /// A conversation of alternating speech and pauses with one prediction a pause and a turn every other pause.
    static func conversation(seconds: Double, title: String = "conversation.wav") -> DetectionPlot {
        var generator = SeededGenerator(seed: 11)
        var plot = DetectionPlot(title: title, duration: seconds)
        plot.secondsPerPeak = 0.02
        var time = 0.4
        var turnStart: Double?
        while time < seconds - 0.2 {
            let end = min(seconds, time + Double.random(in: 0.8...3.5, using: &generator))
            plot.speech.append(.init(start: time, end: end))
            turnStart = turnStart ?? time
            let probability = Double.random(in: 0...1, using: &generator)
            let asked = min(seconds, end + 0.2)
            plot.predictions.append(.init(time: asked, probability: probability, threshold: 0.21))
            if probability >= 0.21 || end >= seconds - 0.2, let start = turnStart {
                let reasons = DetectionPlot.EndReason.allCases
                plot.turns.append(
                    .init(
                        start: start, end: end, endedAt: min(seconds, end + 0.5),
                        reason: end >= seconds - 0.2
                            ? .endOfInput : reasons[plot.turns.count % 5 == 3 ? 1 : 0],
                        probability: probability))
                turnStart = nil
            }
            time = end + Double.random(in: 0.5...2.2, using: &generator)
        }
        func isSpeech(_ time: Double) -> Bool {
            plot.speech.contains { $0.start <= time && time < $0.end }
        }
        for index in 0..<Int(seconds / plot.secondsPerPeak) {
            let level: Float = isSpeech(Double(index) * plot.secondsPerPeak) ? 0.7 : 0.02
            let high = Float.random(in: 0...level, using: &generator)
            plot.waveform.append(.init(low: -high * Float.random(in: 0.5...1, using: &generator), high: high))
        }
        for index in 0..<Int(seconds / plot.secondsPerWindow) {
            let base: Float = isSpeech(Double(index) * plot.secondsPerWindow) ? 0.8 : 0.02
            plot.speechProbabilities.append(base + Float.random(in: 0...0.18, using: &generator))
        }
        return plot
    }
}
