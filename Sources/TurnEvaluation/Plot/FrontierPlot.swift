/// Cut-offs against latency: the Pareto frontiers of one or more models and of the baseline without a model, with
/// the four operating points of eot-bench marked.
public struct FrontierPlot: Sendable {
    /// One frontier.
    public struct Series: Sendable {
        public var name: String
        public var frontier: Evaluation.Frontier

        public init(name: String, frontier: Evaluation.Frontier) {
            self.name = name
            self.frontier = frontier
        }
    }

    /// The most models that are told apart; further ones are not drawn, and the plot says so.
    public static let maximumModelCount = 5

    public var title: String
    public var models: [Series]
    /// Acting after a fixed silence; nil for none.
    public var baseline: Evaluation.Frontier?

    public init(title: String, models: [Series], baseline: Evaluation.Frontier?) {
        self.title = title
        self.models = models
        self.baseline = baseline
    }

    /// The plot as an SVG document of its own, for phone and desktop widths, light and dark. The same values give the
    /// same text on every machine.
    public func svg() -> String {
        var renderer = FrontierPlotRenderer(self)
        return renderer.render()
    }
}

extension Evaluation.Frontier {
    /// The operating points with what each keeps, in the order in which plots and tables show them.
    public var operatingPoints: [(name: String, point: PolicyOutcome?)] {
        [
            ("0.3 s", cutoffAt300ms), ("0.6 s", cutoffAt600ms), ("5 %", latencyAt5Percent),
            ("10 %", latencyAt10Percent),
        ]
    }
}
