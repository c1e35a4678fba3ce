/// The legend of a ``DetectionPlot``: three entries a line on wide screens, two on a phone.
struct DetectionPlotLegend {
    private enum Entry: CaseIterable {
        case waveform, speech, speechProbability, threshold, hit, miss, turn, endModel, endTimeout, endOfInput

        var text: String {
            switch self {
            case .waveform: "waveform, scaled"
            case .speech: "speech found"
            case .speechProbability: "P(speech)"
            case .threshold: "threshold"
            case .hit: "P(turn ended) reaches it"
            case .miss: "P(turn ended) below it"
            case .turn: "turn"
            case .endModel: "turn ended by model, P"
            case .endTimeout: "ended by timeout"
            case .endOfInput: "ended with the input"
            }
        }
    }

    private static let wideRow = 28.0
    private static let narrowRow = 32.0
    private let top: Double
    /// Events that are not drawn because they would fall on others.
    private let leftOut: Int

    init(top: Double, leftOut: Int) {
        self.top = top
        self.leftOut = leftOut
    }

    /// Below the last entry, and the line about events left out if there is one, in the taller (phone) layout.
    var bottom: Double {
        top + Self.narrowRow * Double((Entry.allCases.count + 1) / 2 + (leftOut > 0 ? 1 : 0)) + 12
    }

    /// Places of the entries, and last that of the line about events left out.
    var widePlaces: [(Double, Double)] { places(columns: 3, width: 236, row: Self.wideRow) }
    var narrowPlaces: [(Double, Double)] { places(columns: 2, width: 346, row: Self.narrowRow) }

    private func places(columns: Int, width: Double, row: Double) -> [(Double, Double)] {
        let count = Entry.allCases.count
        let entries = (0..<count).map { index in
            (14 + Double(index % columns) * width, top + (Double(index / columns) + 0.6) * row)
        }
        return entries + [(14, top + (Double((count + columns - 1) / columns) + 0.6) * row)]
    }

    func draw(_ writer: inout SVGWriter) {
        for (index, entry) in Entry.allCases.enumerated() {
            writer.open("g", ["class": "k\(index)"])
            drawSymbol(entry, &writer)
            writer.element("text", ["x": "30", "y": "5"], content: entry.text)
            writer.close("g")
        }
        if leftOut > 0 {
            writer.element(
                "text", ["class": "q k\(Entry.allCases.count)"],
                content: "\(leftOut) events too close to others are not drawn")
        }
    }

    private func drawSymbol(_ entry: Entry, _ writer: inout SVGWriter) {
        switch entry {
        case .waveform:
            writer.element("path", ["class": "wave", "d": "M0 0l4-3 4-4 4 5 4-3 5 5-5 5-4-4-4 5-4-3z"])
        case .speech:
            writer.element("rect", ["class": "speech", "y": "-8", "width": "22", "height": "14"])
            writer.element("rect", ["class": "speechbar", "y": "4", "width": "22", "height": "4"])
        case .speechProbability: writer.element("path", ["class": "vad", "d": "M0 5l5-1 5-9 6 0 6 8"])
        case .threshold: writer.element("path", ["class": "thr", "d": "M4 0h14"])
        case .hit: drawPrediction("hit", threshold: 3, &writer)
        case .miss: drawPrediction("miss", threshold: -8, &writer)
        case .turn: writer.element("rect", ["class": "turn", "y": "-5", "width": "22", "height": "9"])
        case .endModel: drawEnd(.model, &writer)
        case .endTimeout: drawEnd(.timeout, &writer)
        case .endOfInput: drawEnd(.endOfInput, &writer)
        }
    }

    private func drawPrediction(_ style: String, threshold: Int, _ writer: inout SVGWriter) {
        writer.element("path", ["class": "stem", "d": "M11 9v-11"])
        writer.element("path", ["class": "thr", "d": "M4 \(threshold)h14"])
        writer.element("circle", ["class": style, "cx": "11", "cy": "-2", "r": "4"])
    }

    private func drawEnd(_ reason: DetectionPlot.EndReason, _ writer: inout SVGWriter) {
        writer.element("path", ["class": "endline", "d": "M11 0v10"])
        writer.element("path", ["class": "end", "d": Self.marker(reason, x: 11, y: 0)])
    }

    /// The mark of a turn's end about (x, y): a triangle for the model, a square for the timeout, a diamond for
    /// the end of the input.
    static func marker(_ reason: DetectionPlot.EndReason, x: Double, y: Double) -> String {
        let at = "\(PlotNumber.coordinate(x)) \(PlotNumber.coordinate(y - 7))"
        return switch reason {
        case .model: "M\(at)m-7 0h14l-7 14z"
        case .timeout: "M\(at)m-6 1h12v12h-12z"
        case .endOfInput: "M\(at)m0-1l8 8-8 8-8-8z"
        }
    }
}
