/// Draws a ``DetectionPlot``: a heading, the rows, the legend.
struct DetectionPlotRenderer {
    /// Vertical places inside a row and horizontal ones of its panes, in SVG units.
    enum Layout {
        static let left = 40.0
        static let right = 14.0
        static let paneWidth = PlotStyle.width - left - right
        static let heading = 62.0
        static let labelBaseline = 20.0
        static let turnTop = 27.0
        static let turnHeight = 9.0
        static let waveTop = 42.0
        static let waveHeight = 58.0
        static let probabilityTop = 106.0
        static let probabilityHeight = 74.0
        static let axisTop = probabilityTop + probabilityHeight
        static let rowHeight = 220.0
        /// Noise of a recording without speech stays small.
        static let highestGain: Float = 20
        /// Predictions closer than this fall on each other.
        static let markPitch = 3.0
    }

    /// One row while it is drawn.
    struct Row {
        let top: Double
        let start: Double
        let end: Double
        let unitsPerSecond: Double

        func x(_ time: Double) -> Double {
            Layout.left + (min(max(time, start), end) - start) * unitsPerSecond
        }
        /// Whether `time` falls into this row; times at or past the recording's end belong to its last row.
        func holds(_ time: Double, isLast: Bool, isFirst: Bool) -> Bool {
            (time >= start || isFirst) && (time < end || isLast)
        }
    }

    let plot: DetectionPlot
    private let rows: DetectionPlotRows
    private let duration: Double
    /// By which the waveform is raised, so that a quiet recording shows too.
    private let gain: Float
    private var writer = SVGWriter()
    private var leftOut = 0

    init(plot: DetectionPlot) {
        self.plot = plot
        duration = plot.drawnDuration
        rows = DetectionPlotRows(duration: duration)
        let loudest = plot.waveform.reduce(Float(0)) { loudest, peak in
            [peak.low.magnitude, peak.high.magnitude].filter(\.isFinite).reduce(loudest, max)
        }
        gain = 1 / min(max(loudest, 1 / Layout.highestGain), 1)
    }

    mutating func render() -> String {
        for index in 0..<rows.count { draw(row: index) }
        let body = writer.text
        let legend = DetectionPlotLegend(
            top: Layout.heading + Double(rows.count) * Layout.rowHeight + 8, leftOut: leftOut)
        writer = SVGWriter()
        writer.openPlot(height: legend.bottom)
        writer.element("title", content: "Turns in \(plot.title)")
        writer.element("desc", content: description)
        writer.raw(PlotStyle.element(wideLegend: legend.widePlaces, narrowLegend: legend.narrowPlaces))
        writer.element("rect", ["class": "bg", "width": "100%", "height": "100%"])
        writer.element(
            "text", ["class": "t", "x": "14", "y": "27"], content: PlotStyle.shortened(plot.title))
        writer.element("text", ["class": "q", "x": "14", "y": "53"], content: plot.summary)
        writer.raw(body)
        legend.draw(&writer)
        writer.close("svg")
        return writer.text
    }

    private var description: String {
        let turns = plot.turns.prefix(50).map { turn in
            "turn from \(PlotNumber.fixed(turn.start, 2)) to \(PlotNumber.fixed(turn.end, 2)) s, "
                + "ended at \(PlotNumber.fixed(turn.endedAt, 2)) s (\(Self.words(for: turn.reason)))"
        }
        let rest = plot.turns.count > turns.count ? ["and \(plot.turns.count - turns.count) more"] : []
        return "Waveform, probability of speech, predictions and turns. " + plot.summary + ". "
            + (turns + rest).joined(separator: "; ")
    }

    static func words(for reason: DetectionPlot.EndReason) -> String {
        switch reason {
        case .model: "model"
        case .timeout: "timeout"
        case .endOfInput: "end of input"
        }
    }

    // MARK: One row

    private mutating func draw(row index: Int) {
        let start = Double(index) * rows.span
        let end = index == rows.count - 1 ? max(duration, start) : start + rows.span
        let row = Row(
            top: Layout.heading + Double(index) * Layout.rowHeight, start: start, end: end,
            unitsPerSecond: Layout.paneWidth / rows.span)
        writer.open("g", ["transform": "translate(0,\(PlotNumber.coordinate(row.top)))"])
        drawPanes(row)
        drawSpeech(row)
        drawWaveform(row)
        drawSpeechProbability(row)
        let isLast = index == rows.count - 1
        drawTurns(row, isFirst: index == 0, isLast: isLast)
        drawPredictions(row, isFirst: index == 0, isLast: isLast)
        drawAxis(row)
        writer.close("g")
    }

    private mutating func drawPanes(_ row: Row) {
        let width = PlotNumber.coordinate(max(1, row.x(row.end) - Layout.left))
        for (top, height) in [
            (Layout.waveTop, Layout.waveHeight), (Layout.probabilityTop, Layout.probabilityHeight),
        ] {
            rect("pane", x: Layout.left, y: top, width: Double(width) ?? 1, height: height)
        }
        var lines = SVGPath()
        for level in [0, 0.5, 1] {
            let y = probabilityY(level)
            lines.move(Layout.left, y)
            lines.line(max(Layout.left + 1, row.x(row.end)), y)
            writer.element(
                "text",
                [
                    "class": level == 0.5 ? "q e w" : "q e", "x": "34",
                    "y": PlotNumber.coordinate(y + (level == 1 ? 10 : 4)),
                ],
                content: level == 0.5 ? ".5" : PlotNumber.fixed(level, 0))
        }
        writer.element("path", ["class": "grid", "d": lines.text])
    }

    private mutating func drawSpeech(_ row: Row) {
        var reached = -1.0
        for span in plot.speech where span.end > row.start && span.start < row.end {
            let x = max(row.x(span.start), reached)
            let width = row.x(span.end) - x
            // Spans finer than half a unit show as part of their neighbour.
            guard width >= 0.5 || reached < 0 else { continue }
            rect("speech", x: x, y: Layout.waveTop, width: max(width, 0.5), height: Layout.waveHeight)
            rect(
                "speechbar", x: x, y: Layout.waveTop + Layout.waveHeight - 4, width: max(width, 0.5),
                height: 4)
            reached = x + max(width, 0.5)
        }
    }

    private mutating func drawWaveform(_ row: Row) {
        let middle = Layout.waveTop + Layout.waveHeight / 2 - 2
        let reach = Layout.waveHeight / 2 - 4
        let columns = columns(row, count: plot.waveform.count, secondsPerItem: plot.secondsPerPeak)
        guard !columns.isEmpty else { return }
        var path = SVGPath()
        var lower: [(Double, Double)] = []
        for (x, range) in columns {
            var (low, high) = (Float.infinity, -Float.infinity)
            for peak in plot.waveform[range] {
                low = min(low, peak.low)
                high = max(high, peak.high)
            }
            let top = middle - Double(min(max(high * gain, -1), 1)) * reach - 0.3
            let bottom = middle - Double(min(max(low * gain, -1), 1)) * reach + 0.3
            if lower.isEmpty { path.move(x, top) } else { path.line(x, top) }
            lower.append((x, bottom))
        }
        for (x, y) in lower.reversed() { path.line(x, y) }
        path.close()
        writer.element("path", ["class": "wave", "d": path.text])
    }

    private mutating func drawSpeechProbability(_ row: Row) {
        let columns = columns(
            row, count: plot.speechProbabilities.count, secondsPerItem: plot.secondsPerWindow)
        guard !columns.isEmpty else { return }
        var path = SVGPath()
        var previous: Float = 0
        for (index, column) in columns.enumerated() {
            // Of the windows in one column the one farthest from the last value is drawn, so that dips show.
            let values = plot.speechProbabilities[column.items]
            let value = values.max { abs($0 - previous) < abs($1 - previous) } ?? 0
            previous = value.isFinite ? value : 0
            let y = probabilityY(Double(previous))
            if index == 0 { path.move(column.x, y) } else { path.line(column.x, y) }
        }
        writer.element("path", ["class": "vad", "d": path.text])
    }

    /// The row's columns, at least one unit wide each, with the items that lie in them.
    private func columns(
        _ row: Row, count: Int, secondsPerItem: Double
    ) -> [(x: Double, items: Range<Int>)] {
        guard secondsPerItem > 0, secondsPerItem.isFinite, count > 0 else { return [] }
        func index(_ time: Double) -> Int { Int(min(max(time / secondsPerItem, 0), Double(count))) }
        let (first, last) = (index(row.start), index(row.end.nextUp))
        guard first < last else { return [] }
        let perColumn = max(1, 1 / (row.unitsPerSecond * secondsPerItem))
        var result: [(x: Double, items: Range<Int>)] = []
        var start = first
        var number = 1.0
        while start < last {
            let next = min(last, max(start + 1, first + Int(number * perColumn)))
            let centre = (Double(start) + Double(next)) / 2 * secondsPerItem
            result.append((row.x(centre), start..<next))
            start = next
            number += 1
        }
        return result
    }

    // MARK: Events

    private mutating func drawTurns(_ row: Row, isFirst: Bool, isLast: Bool) {
        var wideFree = 0.0
        var narrowFree = 0.0
        var lastMark = -10.0
        for turn in plot.turns {
            if turn.end > row.start && turn.start < row.end {
                let x = row.x(turn.start)
                rect(
                    "turn", x: x, y: Layout.turnTop, width: max(1, row.x(turn.end) - x),
                    height: Layout.turnHeight)
            }
            guard row.holds(turn.endedAt, isLast: isLast, isFirst: isFirst) else { continue }
            let x = row.x(turn.endedAt)
            guard x - lastMark >= Layout.markPitch else {
                leftOut += 1
                continue
            }
            lastMark = x
            var line = SVGPath()
            line.move(x, Layout.turnTop)
            line.line(x, Layout.axisTop)
            writer.element("path", ["class": "endline", "d": line.text])
            writer.element(
                "path",
                [
                    "class": "end",
                    "d": DetectionPlotLegend.marker(turn.reason, x: x, y: Layout.turnTop + 4.5),
                ],
                tooltip: tooltip(turn))
            label(turn, x: x, wideFree: &wideFree, narrowFree: &narrowFree)
        }
    }

    /// The probability or the reason beside a turn's mark, where no earlier label stands.
    private mutating func label(
        _ turn: DetectionPlot.Turn, x: Double, wideFree: inout Double, narrowFree: inout Double
    ) {
        let text =
            switch turn.reason {
            case .model: turn.probability.map { PlotNumber.fixed($0, 2) } ?? "model"
            case .timeout: "timeout"
            case .endOfInput: "end"
            }
        let count = Double(text.count)
        let edge = PlotStyle.width - 2
        func place(_ characterWidth: Double) -> (start: Double, end: Double) {
            let half = count * characterWidth / 2
            let start = min(max(x - half, 2), edge - 2 * half)
            return (start, start + 2 * half)
        }
        let (wide, narrow) = (place(PlotStyle.wideCharacter), place(PlotStyle.narrowCharacter))
        guard wide.start >= wideFree else { return }
        wideFree = wide.end + 5
        let fitsNarrow = narrow.start >= narrowFree
        if fitsNarrow { narrowFree = narrow.end + 8 }
        let anchored = x + narrow.end - narrow.start > edge ? "e" : "m"
        writer.element(
            "text",
            [
                "class": fitsNarrow ? anchored : anchored + " w",
                "x": PlotNumber.coordinate(anchored == "e" ? min(x + 8, edge) : x),
                "y": PlotNumber.coordinate(Layout.labelBaseline),
            ],
            content: text)
    }

    private func tooltip(_ turn: DetectionPlot.Turn) -> String {
        let probability = turn.probability.map { ", p \(PlotNumber.fixed($0, 2))" } ?? ""
        return "turn ended at \(PlotNumber.fixed(turn.endedAt, 2)) s (\(Self.words(for: turn.reason))"
            + "\(probability)): speech \(PlotNumber.fixed(turn.start, 2)) to \(PlotNumber.fixed(turn.end, 2)) s"
    }

    private mutating func drawPredictions(_ row: Row, isFirst: Bool, isLast: Bool) {
        var lastMark = -10.0
        for prediction in plot.predictions
        where row.holds(prediction.time, isLast: isLast, isFirst: isFirst) {
            let x = row.x(prediction.time)
            guard x - lastMark >= Layout.markPitch else {
                leftOut += 1
                continue
            }
            lastMark = x
            let y = probabilityY(prediction.probability)
            var stem = SVGPath()
            stem.move(x, Layout.axisTop)
            stem.line(x, y)
            writer.element("path", ["class": "stem", "d": stem.text])
            var comparison = ""
            var isHit = false
            if let threshold = prediction.threshold {
                var dash = SVGPath()
                dash.move(x - 7, probabilityY(threshold))
                dash.line(x + 7, probabilityY(threshold))
                writer.element("path", ["class": "thr", "d": dash.text])
                isHit = prediction.probability >= threshold
                comparison = " \(isHit ? "≥" : "<") threshold \(PlotNumber.fixed(threshold, 2))"
            }
            writer.element(
                "circle",
                [
                    "class": isHit ? "hit" : "miss", "cx": PlotNumber.coordinate(x),
                    "cy": PlotNumber.coordinate(y), "r": "4",
                ],
                tooltip: "\(PlotNumber.fixed(prediction.time, 2)) s: P(turn ended) "
                    + PlotNumber.fixed(prediction.probability, 2) + comparison)
        }
    }

    // MARK: Axis

    private mutating func drawAxis(_ row: Row) {
        let end = max(Layout.left + 1, row.x(row.end))
        let (step, parts) = PlotTicks.timeStep(unitsPerSecond: row.unitsPerSecond, spacing: 88)
        var path = SVGPath()
        path.move(Layout.left, Layout.axisTop)
        path.line(end, Layout.axisTop)
        let fine = step / Double(parts)
        var number = Int((row.start / fine).rounded(.up))
        while Double(number) * fine <= row.end + 1e-9 {
            let time = Double(number) * fine
            let isLabelled = number.isMultiple(of: parts)
            path.move(row.x(time), Layout.axisTop)
            path.line(row.x(time), Layout.axisTop + (isLabelled ? 6 : 3))
            if isLabelled { axisLabel(time, row: row, step: step) }
            number += 1
        }
        writer.element("path", ["class": "axis", "d": path.text])
    }

    private mutating func axisLabel(_ time: Double, row: Row, step: Double) {
        let text = PlotNumber.clock(time, step: step, upTo: duration)
        let x = row.x(time)
        let half = Double(text.count) * PlotStyle.narrowCharacter / 2
        let isAtEdge = x + half > PlotStyle.width - 2
        writer.element(
            "text",
            [
                "class": isAtEdge ? "q e" : "q m",
                "x": PlotNumber.coordinate(isAtEdge ? PlotStyle.width - 2 : x),
                "y": PlotNumber.coordinate(Layout.axisTop + 25),
            ],
            content: text)
    }

    // MARK: Pieces

    private func probabilityY(_ value: Double) -> Double {
        let bounded = value.isFinite ? min(max(value, 0), 1) : 0
        return Layout.axisTop - 5 - bounded * (Layout.probabilityHeight - 10)
    }

    private mutating func rect(_ style: String, x: Double, y: Double, width: Double, height: Double) {
        writer.element(
            "rect",
            [
                "class": style, "x": PlotNumber.coordinate(x), "y": PlotNumber.coordinate(y),
                "width": PlotNumber.coordinate(width), "height": PlotNumber.coordinate(height),
            ])
    }
}
