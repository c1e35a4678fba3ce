/// How well scores tell the ends of turns from pauses, whatever the delays: diagnostic figures.
public struct Classification: Sendable, Hashable {
    /// Right and wrong at one threshold; a span without a score does not fire.
    public struct AtThreshold: Sendable, Hashable {
        public let threshold: Double
        /// Share of all spans that are told rightly.
        public let accuracy: Double
        /// Share of the hold spans that score above the threshold; nil without any.
        public let falsePositiveRate: Double?
        /// Share of the eot spans that do not; nil without any.
        public let falseNegativeRate: Double?
    }

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

    /// Right and wrong where a span fires strictly above `threshold`.
    public static func at(_ threshold: Double, _ spans: ScoredSpans) -> AtThreshold {
        func fires(_ span: ScoredSpans.Span) -> Bool { (span.probability ?? -1) > threshold }
        let falsePositives = spans.holds.count(where: fires)
        let falseNegatives = spans.endsOfTurn.count - spans.endsOfTurn.count(where: fires)
        let (holds, ends) = (spans.holds.count, spans.endsOfTurn.count)
        return AtThreshold(
            threshold: threshold,
            accuracy: Double(holds + ends - falsePositives - falseNegatives) / Double(max(1, holds + ends)),
            falsePositiveRate: holds > 0 ? Double(falsePositives) / Double(holds) : nil,
            falseNegativeRate: ends > 0 ? Double(falseNegatives) / Double(ends) : nil)
    }
}
