import Testing
import TurnEvaluation

/// Marks of the legend, which stand in every plot beside those of the data.
private let legend = (speech: 1, turn: 1, prediction: 2, threshold: 3, end: 3)

@Test func `a detection plot shows every element`() throws {
    var plot = PlotSamples.conversation(seconds: 12)
    plot.speech = [.init(start: 1, end: 3), .init(start: 4, end: 6), .init(start: 8, end: 11)]
    plot.predictions = [
        .init(time: 3.2, probability: 0.1, threshold: 0.5),
        .init(time: 6.2, probability: 0.9, threshold: 0.5),
        .init(time: 11.2, probability: 0.3, threshold: nil),
    ]
    plot.turns = [
        .init(start: 1, end: 6, endedAt: 6.5, reason: .model, probability: 0.9),
        .init(start: 8, end: 11, endedAt: 11.9, reason: .timeout),
    ]
    let check = try SVGCheck(plot.svg())
    #expect(check.elements.first?.name == "svg")
    #expect(check.count(style: "wave") == 2)
    #expect(check.count(style: "vad") == 2)
    #expect(check.count(style: "speech") == 3 + legend.speech)
    #expect(check.count(style: "turn") == 2 + legend.turn)
    #expect(check.count(style: "hit") == 2)
    #expect(check.count(style: "miss") == 3)
    #expect(check.count(style: "thr") == 2 + legend.threshold)
    #expect(check.count(style: "end") == 2 + legend.end)
    let texts = check.texts["text"] ?? []
    #expect(texts.contains("0.90"))
    #expect(texts.contains("timeout"))
    #expect(texts.contains("12.0 s, 2 turns, 3 predictions"))
    let tips = check.texts["title"] ?? []
    #expect(tips.contains("6.20 s: P(turn ended) 0.90 ≥ threshold 0.50"))
    #expect(tips.contains("3.20 s: P(turn ended) 0.10 < threshold 0.50"))
    #expect(tips.contains("turn ended at 11.90 s (timeout): speech 8.00 to 11.00 s"))
}

@Test func `a detection plot names itself to screen readers and follows the colour scheme`() throws {
    let svg = PlotSamples.conversation(seconds: 5).svg()
    let check = try SVGCheck(svg)
    #expect(check.elements.first?.attributes["role"] == "img")
    #expect(check.texts["title"]?.contains("Turns in conversation.wav") == true)
    #expect(check.texts["desc"]?.first?.contains("turn from") == true)
    #expect(svg.contains("@media (prefers-color-scheme:dark)"))
    #expect(svg.contains("@media (max-width:600px)"))
}

@Test(arguments: [
    ("a<b>&\"c'.wav", "Turns in a<b>&\"c'.wav"),
    ("</title><script>alert(1)</script>", "Turns in </title><script>alert(1)</script>"),
    ("bell\u{7}\u{0}", "Turns in bell\u{fffd}\u{fffd}"),
    ("line\nbreak", "Turns in line break"),
    ("日本語 \u{1f600}", "Turns in 日本語 \u{1f600}"),
])
func `text is escaped`(title: String, expected: String) throws {
    let check = try SVGCheck(DetectionPlot(title: title, duration: 1).svg())
    #expect(check.texts["title"]?.contains(expected) == true)
    #expect(!check.elements.contains { $0.name == "script" })
}

@Test(arguments: [0, -1, .nan, .infinity, 1e-9, 1, 30, 30.001, 3_600, 1e9] as [Double])
func `any duration gives a bounded plot`(duration: Double) throws {
    let svg = DetectionPlot(title: "x", duration: duration).svg()
    let check = try SVGCheck(svg)
    #expect(svg.utf8.count < 60_000)
    #expect(check.numbers(["x", "y", "width", "height", "cx", "cy"]).allSatisfy { abs($0) < 10_000 })
}

@Test(arguments: [(1.0, 20_000, 1), (30, 80_000, 1), (600, 1_000_000, 20), (3_600, 2_000_000, 24)])
func `size is bounded from a second to an hour`(seconds: Double, bytes: Int, rows: Int) throws {
    let svg = PlotSamples.conversation(seconds: seconds).svg()
    let check = try SVGCheck(svg)
    #expect(svg.utf8.count < bytes, "\(svg.utf8.count) bytes")
    #expect(check.count(style: "axis") == rows)
}

@Test func `values out of range stay inside the picture`() throws {
    var plot = DetectionPlot(title: "odd", duration: 10)
    plot.waveform = [.init(low: -.infinity, high: .nan), .init(low: -9, high: 9)]
    plot.secondsPerPeak = 5
    plot.speechProbabilities = [.nan, -3, 7, .infinity]
    plot.speech = [.init(start: -5, end: 99), .init(start: 4, end: 3)]
    plot.predictions = [
        .init(time: 50, probability: 3, threshold: -1), .init(time: .nan, probability: .nan, threshold: .nan),
    ]
    plot.turns = [.init(start: -4, end: 80, endedAt: 90, reason: .endOfInput, probability: .nan)]
    let check = try SVGCheck(plot.svg())
    #expect(check.numbers(["x", "cx"]).allSatisfy { (0...720).contains($0) })
}

@Test func `a quiet recording is raised, one of noise alone stays small`() throws {
    func height(_ level: Float) throws -> Double {
        var plot = DetectionPlot(title: "quiet", duration: 1)
        plot.secondsPerPeak = 0.1
        plot.waveform = (0..<10).map { .init(low: -level, high: $0 == 5 ? .infinity : level) }
        let check = try SVGCheck(plot.svg())
        let wave = try #require(check.elements.first { $0.attributes["class"] == "wave" }?.attributes["d"])
        // The first point is the top of the first column, the last step leads up from its bottom.
        let numbers = wave.dropFirst().split { " lz".contains($0) }.compactMap { Double($0) }
        return (69 - numbers[1]) * 2
    }
    #expect(try height(1) > 45)
    #expect(try height(0.1) == height(1))
    #expect(try height(0.001) < 2)
}

@Test func `events on top of each other are counted, not drawn`() throws {
    var plot = DetectionPlot(title: "dense", duration: 1_000)
    plot.predictions = (0..<100_000).map {
        .init(time: Double($0) / 100, probability: 0.5, threshold: 0.5)
    }
    let svg = plot.svg()
    #expect(svg.utf8.count < 2_500_000)
    let check = try SVGCheck(svg)
    let drawn = check.count(style: "hit") - 1
    let note = "\(100_000 - drawn) events too close to others are not drawn"
    #expect(check.texts["text"]?.contains(note) == true)
}

@Test func `equal values give equal text`() {
    #expect(PlotSamples.conversation(seconds: 40).svg() == PlotSamples.conversation(seconds: 40).svg())
}

@Test(arguments: [(1, 1), (160, 1), (161, 2), (480, 3)])
func `the envelope keeps the extremes of each stretch`(count: Int, peaks: Int) {
    var envelope = WaveformEnvelope(samplesPerPeak: 160)
    let samples = (0..<count).map { Float($0 % 160) / 160 - 0.5 }
    for sample in samples { withUnsafePointer(to: sample) { envelope.append(.init(start: $0, count: 1)) } }
    #expect(envelope.peaks.count == peaks)
    #expect(envelope.peaks[0].low == -0.5)
    #expect(envelope.peaks[0].high == samples.prefix(160).max())
}

@Test func `the envelope of endless audio stays bounded and keeps its extremes`() {
    var envelope = WaveformEnvelope(samplesPerPeak: 1)
    let count = WaveformEnvelope.capacity * 4 + 2
    var samples = [Float](repeating: 0.25, count: count)
    samples[7] = -0.75
    samples[count - 1] = 1
    samples.withUnsafeBufferPointer { envelope.append($0) }
    #expect(envelope.peaks.count <= WaveformEnvelope.capacity)
    #expect(envelope.samplesPerPeak == 8)
    #expect(envelope.peaks[0] == .init(low: -0.75, high: 0.25))
    #expect(envelope.peaks.last?.high == 1)
    #expect((envelope.peaks.count - 1) * 8 < count && envelope.peaks.count * 8 >= count)
}

@Test func `values that are not finite count as silence in the envelope`() {
    var envelope = WaveformEnvelope(samplesPerPeak: 4)
    let samples: [Float] = [.nan, .infinity, -.infinity, 0.1]
    samples.withUnsafeBufferPointer { envelope.append($0) }
    #expect(envelope.peaks == [.init(low: 0, high: 0.1)])
}
