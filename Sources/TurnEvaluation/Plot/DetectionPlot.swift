/// What the detector heard and decided in one recording, as a picture: waveform, speech, P(speech), predictions
/// with their thresholds, turns.
///
/// ``svg()`` draws it for phone and desktop widths, light and dark. All times are seconds from the recording's
/// first sample; events outside 0...`duration` are drawn at the nearest edge.
public struct DetectionPlot: Sendable {
    /// A stretch of speech.
    public struct SpeechSpan: Sendable, Hashable {
        public var start: Double
        public var end: Double

        public init(start: Double, end: Double) {
            self.start = start
            self.end = end
        }
    }

    /// One answer of the model.
    public struct Prediction: Sendable, Hashable {
        public var time: Double
        /// P(turn ended), 0...1.
        public var probability: Double
        /// The turn counts as ended from this probability on, 0...1; nil where none was known.
        public var threshold: Double?

        public init(time: Double, probability: Double, threshold: Double?) {
            self.time = time
            self.probability = probability
            self.threshold = threshold
        }
    }

    /// Why a turn ended; the raw values are those of the command's JSON.
    public enum EndReason: String, Sendable, Hashable, CaseIterable {
        case model
        case timeout
        case endOfInput = "end_of_input"
    }

    /// One turn.
    public struct Turn: Sendable, Hashable {
        /// When its first speech began.
        public var start: Double
        /// When its last speech ended.
        public var end: Double
        /// When it was told to be over.
        public var endedAt: Double
        public var reason: EndReason
        /// P(turn ended) that decided, 0...1; nil where no prediction did.
        public var probability: Double?

        public init(
            start: Double, end: Double, endedAt: Double, reason: EndReason, probability: Double? = nil
        ) {
            self.start = start
            self.end = end
            self.endedAt = endedAt
            self.reason = reason
            self.probability = probability
        }
    }

    /// Name of the recording; any text.
    public var title: String
    /// Length of the recording, seconds.
    public var duration: Double
    /// Extremes of successive stretches of the waveform, each `secondsPerPeak` long.
    public var waveform: [WaveformEnvelope.Peak]
    public var secondsPerPeak: Double
    /// P(speech) of successive windows, each `secondsPerWindow` long (32 ms for Silero VAD).
    public var speechProbabilities: [Float]
    public var secondsPerWindow: Double
    public var speech: [SpeechSpan]
    public var predictions: [Prediction]
    public var turns: [Turn]

    public init(
        title: String, duration: Double,
        waveform: [WaveformEnvelope.Peak] = [], secondsPerPeak: Double = 0.01,
        speechProbabilities: [Float] = [], secondsPerWindow: Double = 0.032,
        speech: [SpeechSpan] = [], predictions: [Prediction] = [], turns: [Turn] = []
    ) {
        self.title = title
        self.duration = duration
        self.waveform = waveform
        self.secondsPerPeak = secondsPerPeak
        self.speechProbabilities = speechProbabilities
        self.secondsPerWindow = secondsPerWindow
        self.speech = speech
        self.predictions = predictions
        self.turns = turns
    }

    /// The length that is drawn, seconds: what is not a length counts as 0, and 1,000,000 s is the most.
    var drawnDuration: Double { duration.isFinite ? min(max(duration, 0), 1e6) : 0 }

    /// The most rows of a plot; a longer recording gets longer rows, so that a plot's size is bounded.
    static let maximumRowCount = 24

    /// The plot as an SVG document of its own (UTF-8, no script, no outside reference). The same values give the
    /// same text on every machine.
    ///
    /// A recording of up to 12 minutes is drawn in rows of up to 30 s; longer ones in 24 rows at most. Where
    /// events lie too close to be told apart, some are left out and the last line says how many.
    public func svg() -> String {
        var renderer = DetectionPlotRenderer(plot: self)
        return renderer.render()
    }

    /// One line for readers who cannot see the picture.
    var summary: String {
        func count(_ n: Int, _ noun: String) -> String { "\(n) \(noun)\(n == 1 ? "" : "s")" }
        return [
            PlotNumber.fixed(drawnDuration, 1) + " s", count(turns.count, "turn"),
            count(predictions.count, "prediction"),
        ].joined(separator: ", ")
    }
}

/// How a recording is cut into rows of equal length.
struct DetectionPlotRows {
    let count: Int
    /// Seconds of one row.
    let span: Double

    /// `duration` is a finite number of seconds.
    init(duration: Double) {
        let length = max(duration, 0.1)
        let allowed = min(max(1, Int((length / 30).rounded(.up))), DetectionPlot.maximumRowCount)
        guard allowed > 1 else {
            (count, span) = (1, length)
            return
        }
        let steps = [20.0, 25, 30, 60, 90, 120, 150, 180, 240, 300, 600, 900, 1_800, 3_600, 7_200, 14_400]
        let span = steps.first { ($0 * Double(allowed)) >= length } ?? length / Double(allowed)
        (count, self.span) = (Int((length / span).rounded(.up)), span)
    }
}
