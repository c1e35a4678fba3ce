/// Where an axis carries its ticks.
enum PlotTicks {
    /// The steps between labelled ticks of a time axis, in seconds, and the unlabelled ticks between two of them.
    private static let timeSteps: [(step: Double, parts: Int)] = [
        (0.05, 5), (0.1, 5), (0.2, 4), (0.5, 5), (1, 5), (2, 4), (5, 5), (10, 5), (15, 3), (30, 6), (60, 6),
        (120, 4), (300, 5), (600, 5), (1_800, 3), (3_600, 6), (7_200, 4), (21_600, 6), (86_400, 4),
    ]

    /// The smallest step that keeps labelled ticks at least `spacing` units apart.
    static func timeStep(unitsPerSecond: Double, spacing: Double) -> (step: Double, parts: Int) {
        timeSteps.first { $0.step * unitsPerSecond >= spacing } ?? timeSteps[timeSteps.count - 1]
    }

    /// A step of 1, 2 or 5 times a power of ten that cuts `range` into at most `count` pieces.
    static func niceStep(range: Double, count: Int) -> Double {
        guard range > 0, range.isFinite, count > 0 else { return 1 }
        var power = 1e-9
        while true {
            for factor in [1.0, 2, 5] where range / (factor * power) <= Double(count) + 1e-9 {
                return factor * power
            }
            power *= 10
        }
    }
}
