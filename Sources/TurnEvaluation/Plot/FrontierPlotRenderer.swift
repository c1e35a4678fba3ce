/// Draws a ``FrontierPlot``: a heading, the pane with its axes and budgets, the legend.
struct FrontierPlotRenderer {
    private enum Layout {
        static let left = 66.0
        static let right = 24.0
        static let top = 92.0
        static let height = 330.0
        static let bottom = top + height
        static let width = PlotStyle.width - left - right
        static let legendTop = bottom + 84
        static let narrowRow = 32.0
        static let wideRow = 26.0
    }

    /// Line patterns by which the models differ besides their colours; the baseline has one of its own.
    private static let dashes = ["none", "9 4", "3 3", "12 3 3 3", "1 4"]
    private static let baselineDash = "5 5"
    /// What the operating points keep, by their order.
    private static let pointNames = [
        "fewest at 0.3 s", "fewest at 0.6 s", "fastest at 5 %", "fastest at 10 %",
    ]

    private struct Line {
        let name: String
        let style: String
        let dash: String
        let frontier: Evaluation.Frontier
    }

    private let plot: FrontierPlot
    private let lines: [Line]
    private let highestLatency: Double
    private let highestCutoff: Double
    private var writer = SVGWriter()

    init(_ plot: FrontierPlot) {
        self.plot = plot
        let models = plot.models.prefix(FrontierPlot.maximumModelCount).enumerated().map { index, series in
            Line(name: series.name, style: "s\(index)", dash: Self.dashes[index], frontier: series.frontier)
        }
        let baseline = plot.baseline.map { frontier in
            Line(name: "no model", style: "base", dash: Self.baselineDash, frontier: frontier)
        }
        lines = [baseline].compactMap { $0 } + models
        let points = lines.flatMap(\.frontier.pareto)
        let latency = min(points.map(\.meanLatency).max() ?? 1, 10)
        highestLatency = max(1, (latency * 2).rounded(.up) / 2)
        let step = PlotTicks.niceStep(range: points.map(\.cutoffRate).max() ?? 0.1, count: 6)
        highestCutoff = max(step, 0.12, ((points.map(\.cutoffRate).max() ?? 0) / step).rounded(.up) * step)
    }

    mutating func render() -> String {
        let entryCount = lines.count + Self.pointNames.count
        let notShown = plot.models.count - min(plot.models.count, FrontierPlot.maximumModelCount)
        let rows = Double((entryCount + 1) / 2 + (notShown > 0 ? 1 : 0))
        writer.openPlot(height: Layout.legendTop + rows * Layout.narrowRow + 8)
        writer.element("title", content: plot.title)
        writer.element("desc", content: description)
        writer.raw(
            PlotStyle.element(
                wideLegend: places(entryCount + 1, columns: 3, width: 232, row: Layout.wideRow),
                narrowLegend: places(entryCount + 1, columns: 2, width: 346, row: Layout.narrowRow)))
        writer.element("rect", ["class": "bg", "width": "100%", "height": "100%"])
        writer.element(
            "text", ["class": "t", "x": "14", "y": "27"], content: PlotStyle.shortened(plot.title))
        writer.element(
            "text", ["class": "q", "x": "14", "y": "58"],
            content: "pauses cut off, % (down and left is better)")
        drawAxes()
        drawBudgets()
        for line in lines { draw(line) }
        for line in lines { drawMarks(line) }
        if lines.allSatisfy(\.frontier.pareto.isEmpty) {
            writer.element(
                "text",
                ["class": "m", "x": PlotNumber.coordinate(PlotStyle.width / 2), "y": "250"],
                content: "needs both pauses and ends of turns")
        }
        drawLegend(notShown: notShown)
        writer.close("svg")
        return writer.text
    }

    private var description: String {
        let texts = lines.map { line in
            let points = line.frontier.operatingPoints.map { name, point in
                guard let point else { return "\(name): not met" }
                return "\(name): \(Self.words(point))"
            }
            return "\(line.name): " + points.joined(separator: ", ")
        }
        return "Share of pauses cut off against mean latency. " + texts.joined(separator: "; ")
    }

    private static func words(_ point: PolicyOutcome) -> String {
        let policy = point.policy
        let threshold = policy.threshold.map { "threshold \(PlotNumber.fixed($0, 2)), " } ?? ""
        return "\(PlotNumber.fixed(point.cutoffRate * 100, 1)) % cut off, "
            + "\(PlotNumber.fixed(point.meanLatency * 1_000, 0)) ms (\(threshold)"
            + "delay \(PlotNumber.fixed(policy.actionDelay, 1)) s, timeout \(PlotNumber.fixed(policy.timeout, 1)) s)"
    }

    // MARK: Axes

    private func x(_ latency: Double) -> Double {
        Layout.left + min(max(latency, 0), highestLatency) / highestLatency * Layout.width
    }

    private func y(_ cutoff: Double) -> Double {
        Layout.bottom - min(max(cutoff, 0), highestCutoff) / highestCutoff * Layout.height
    }

    private mutating func drawAxes() {
        let number = PlotNumber.coordinate
        writer.element(
            "rect",
            [
                "class": "pane", "x": number(Layout.left), "y": number(Layout.top),
                "width": number(Layout.width), "height": number(Layout.height),
            ])
        var grid = SVGPath()
        let cutoffStep = PlotTicks.niceStep(range: highestCutoff, count: 6)
        for index in 0...Int((highestCutoff / cutoffStep + 1e-6)) {
            let value = Double(index) * cutoffStep
            grid.move(Layout.left, y(value))
            grid.line(Layout.left + Layout.width, y(value))
            writer.element(
                "text", ["class": "q e", "x": number(Layout.left - 8), "y": number(y(value) + 6)],
                content: PlotNumber.fixed(value * 100, cutoffStep < 0.01 ? 1 : 0))
        }
        let latencyStep = PlotTicks.niceStep(range: highestLatency, count: 7)
        for index in 0...Int((highestLatency / latencyStep + 1e-6)) {
            let value = Double(index) * latencyStep
            grid.move(x(value), Layout.top)
            grid.line(x(value), Layout.bottom)
            writer.element(
                "text", ["class": "q m", "x": number(x(value)), "y": number(Layout.bottom + 26)],
                content: PlotNumber.fixed(value, latencyStep < 1 ? 1 : 0))
        }
        writer.element("path", ["class": "grid", "d": grid.text])
        var axis = SVGPath()
        axis.move(Layout.left, Layout.top)
        axis.line(Layout.left, Layout.bottom)
        axis.line(Layout.left + Layout.width, Layout.bottom)
        writer.element("path", ["class": "axis", "d": axis.text])
        writer.element(
            "text",
            ["class": "q m", "x": number(Layout.left + Layout.width / 2), "y": number(Layout.bottom + 54)],
            content: "mean silence until the turn ends, s")
    }

    /// The budgets that the operating points keep.
    private mutating func drawBudgets() {
        var path = SVGPath()
        for latency in [0.3, 0.6] {
            path.move(x(latency), Layout.top)
            path.line(x(latency), Layout.bottom)
        }
        for cutoff in [0.05, 0.1] {
            path.move(Layout.left, y(cutoff))
            path.line(Layout.left + Layout.width, y(cutoff))
        }
        writer.element("path", ["class": "budget", "d": path.text])
    }

    // MARK: Lines

    private mutating func draw(_ line: Line) {
        var path = SVGPath()
        var previous: PolicyOutcome?
        for point in line.frontier.pareto {
            if let previous {
                // Between two policies nothing is reached but what the faster one reaches.
                path.line(x(point.meanLatency), y(previous.cutoffRate))
                path.line(x(point.meanLatency), y(point.cutoffRate))
            } else {
                path.move(x(point.meanLatency), y(point.cutoffRate))
            }
            previous = point
        }
        guard previous != nil else { return }
        writer.element(
            "path", ["class": "\(line.style) line", "stroke-dasharray": line.dash, "d": path.text])
    }

    /// The operating points; one that the next one would cover is drawn as a ring around it.
    private mutating func drawMarks(_ line: Line) {
        let points = line.frontier.operatingPoints.map(\.point)
        for (index, point) in points.enumerated() {
            guard let point else { continue }
            let isCovered = points[(index + 1)...].contains { other in
                other?.meanLatency == point.meanLatency && other?.cutoffRate == point.cutoffRate
            }
            writer.element(
                "path",
                [
                    "class": "\(line.style) \(isCovered ? "ring" : "mark")",
                    "d": Self.mark(
                        index, x: x(point.meanLatency), y: y(point.cutoffRate), size: isCovered ? 2 : 1),
                ],
                tooltip: "\(line.name), \(Self.pointNames[index]): \(Self.words(point))")
        }
    }

    /// The marks of the operating points: circle, square, triangle, diamond.
    private static func mark(_ index: Int, x: Double, y: Double, size: Double = 1) -> String {
        func at(_ dx: Double, _ dy: Double) -> String {
            "M\(PlotNumber.coordinate(x + dx * size)) \(PlotNumber.coordinate(y + dy * size))"
        }
        func by(_ length: Double) -> String { PlotNumber.coordinate(length * size) }
        return switch index {
        case 0: at(-6, 0) + "a\(by(6)) \(by(6)) 0 1 0 \(by(12)) 0a\(by(6)) \(by(6)) 0 1 0 \(by(-12)) 0z"
        case 1: at(-5.5, -5.5) + "h\(by(11))v\(by(11))h\(by(-11))z"
        case 2: at(0, -8) + "l\(by(7.5)) \(by(13))h\(by(-15))z"
        default: at(0, -8) + "l\(by(8)) \(by(8)) \(by(-8)) \(by(8)) \(by(-8)) \(by(-8))z"
        }
    }

    // MARK: Legend

    private func places(_ count: Int, columns: Int, width: Double, row: Double) -> [(Double, Double)] {
        (0..<count).map { index in
            (14 + Double(index % columns) * width, Layout.legendTop + (Double(index / columns) + 0.6) * row)
        }
    }

    private mutating func drawLegend(notShown: Int) {
        for (index, line) in lines.enumerated() {
            writer.open("g", ["class": "k\(index)"])
            writer.element(
                "path", ["class": "\(line.style) line", "stroke-dasharray": line.dash, "d": "M0 0h32"])
            writer.element(
                "text", ["x": "40", "y": "5"], content: PlotStyle.shortened(line.name, to: 24))
            writer.close("g")
        }
        for (index, name) in Self.pointNames.enumerated() {
            writer.open("g", ["class": "k\(lines.count + index)"])
            writer.element("path", ["class": "base mark", "d": Self.mark(index, x: 16, y: 0)])
            writer.element("text", ["x": "40", "y": "5"], content: name)
            writer.close("g")
        }
        if notShown > 0 {
            writer.element(
                "text", ["class": "q k\(lines.count + Self.pointNames.count)"],
                content: "\(notShown) more models are not drawn")
        }
    }
}
