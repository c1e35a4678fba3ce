import Testing
import TurnCore
import TurnEvaluation

private func evaluation(_ file: String) throws -> Evaluation {
    try Evaluation(try PredictionSet(contentsOf: ExpectedFigures.path(file)), mode: .scorePoint(0.2))
}

@Test func `a frontier plot shows models, baseline, budgets and operating points`() throws {
    let (a, b) = (try evaluation("random.csv"), try evaluation("ties.jsonl"))
    let plot = FrontierPlot(
        title: "random & ties",
        models: [.init(name: "a<1>", frontier: a.model), .init(name: "b", frontier: b.model)],
        baseline: a.baseline)
    let check = try SVGCheck(plot.svg())
    // Each line stands in the pane and in the legend.
    #expect(check.count(style: "line") == 6)
    #expect(check.count(style: "budget") == 1)
    let met = [a.model, b.model, a.baseline].flatMap(\.operatingPoints).compactMap(\.point).count
    #expect(met > 4)
    #expect(check.count(style: "mark") + check.count(style: "ring") == met + 4)
    let dashes = Set(
        check.elements.filter { $0.attributes["class"]?.hasSuffix(" line") == true }
            .compactMap { $0.attributes["stroke-dasharray"] })
    #expect(dashes.count == 3)
    #expect(check.texts["text"]?.contains("a<1>") == true)
    #expect(check.texts["desc"]?.first?.contains("b: 0.3 s: ") == true)
    let point = try #require(a.model.latencyAt10Percent)
    let tip = "a<1>, fastest at 10 %: \(percent(point.cutoffRate)) % cut off"
    #expect(check.texts["title"]?.contains { $0.hasPrefix(tip) } == true)
    #expect(plot.svg() == plot.svg())
    #expect(plot.svg().utf8.count < 40_000)
}

private func percent(_ share: Double) -> String {
    let tenths = Int((share * 1_000).rounded())
    return "\(tenths / 10).\(tenths % 10)"
}

@Test func `points that coincide all show: those below as rings around the last`() throws {
    // Silence alone reaches only whole delays, so its points at 5 % and 10 % are often the same.
    let baseline = try evaluation("ties.jsonl").baseline
    let points = baseline.operatingPoints.compactMap(\.point)
    let places = Set(points.map { [$0.meanLatency, $0.cutoffRate] })
    try #require(places.count < points.count)
    let check = try SVGCheck(FrontierPlot(title: "", models: [], baseline: baseline).svg())
    #expect(check.count(style: "ring") == points.count - places.count)
    #expect(check.count(style: "mark") == places.count + 4)
}

@Test func `without figures the frontier plot says what is missing`() throws {
    let empty = try evaluation("no-holds.jsonl")
    let plot = FrontierPlot(
        title: "", models: [.init(name: "m", frontier: empty.model)], baseline: empty.baseline)
    let check = try SVGCheck(plot.svg())
    #expect(check.texts["text"]?.contains("needs both pauses and ends of turns") == true)
    #expect(check.count(style: "mark") == 4)
}

@Test func `more models than can be told apart are counted`() throws {
    let model = try evaluation("random.csv").model
    let plot = FrontierPlot(
        title: "many", models: (0..<7).map { .init(name: "model \($0)", frontier: model) }, baseline: nil)
    let check = try SVGCheck(plot.svg())
    #expect(check.texts["text"]?.contains("2 more models are not drawn") == true)
    #expect(check.count(style: "line") == 10)
}
