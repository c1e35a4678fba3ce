/// How well scores tell the ends of turns from pauses, whatever the delays: diagnostic figures.
public struct Classification: Sendable, Hashable {
    /// Area under the ROC curve, ties counted half; nil unless both labels have a score.
    public let areaUnderROC: Double?
    /// Average precision of the eot label; nil unless both labels have a score.
    public let averagePrecision: Double?

    public init(_ spans: ScoredSpans) {
        let scores =
            spans.holds.compactMap { span in span.probability.map { ($0, isEnd: false) } }
            + spans.endsOfTurn.compactMap { span in span.probability.map { ($0, isEnd: true) } }
        let positives = scores.count { $0.isEnd }
        let negatives = scores.count - positives
        guard positives > 0, negatives > 0 else {
            (areaUnderROC, averagePrecision) = (nil, nil)
            return
        }
        var area = 0.0
        var precision = 0.0
        var (truePositives, falsePositives) = (0, 0)
        let sorted = scores.sorted { $0.0 > $1.0 }
        var index = 0
        while index < sorted.count {
            var (newTrue, newFalse) = (0, 0)
            let value = sorted[index].0
            while index < sorted.count, sorted[index].0 == value {
                if sorted[index].isEnd { newTrue += 1 } else { newFalse += 1 }
                index += 1
            }
            area += Double(newFalse) * (Double(truePositives) + Double(newTrue) / 2)
            truePositives += newTrue
            falsePositives += newFalse
            precision += Double(newTrue) * Double(truePositives) / Double(truePositives + falsePositives)
        }
        areaUnderROC = area / (Double(positives) * Double(negatives))
        averagePrecision = precision / Double(positives)
    }
}
