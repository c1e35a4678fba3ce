import TurnCore

/// Collects rows of predictions in any order and makes spans of them.
///
/// Memory: about 40 bytes a row and 150 a span.
public struct PredictionSetBuilder: Sendable {
    /// One row of a predictions file.
    public struct Row: Sendable, Hashable {
        public var id: String
        public var language: String
        public var spanIndex: Int
        public var silence: Double
        public var timestamp: Double
        /// nil where the row has no score: it counts for the span's duration alone.
        public var probability: Double?
        public var label: SpanLabel
        /// What the detector would act by; nil where the file does not tell.
        public var policy: TurnPolicy?

        public init(
            id: String, language: String, spanIndex: Int, silence: Double, timestamp: Double,
            probability: Double?, label: SpanLabel, policy: TurnPolicy? = nil
        ) {
            self.id = id
            self.language = language
            self.spanIndex = spanIndex
            self.silence = silence
            self.timestamp = timestamp
            self.probability = probability
            self.label = label
            self.policy = policy
        }
    }

    private struct Key: Hashable {
        let turn: Int
        let index: Int
    }

    private struct Span {
        let turn: Int
        let index: Int
        let label: SpanLabel
        let policy: TurnPolicy?
        var duration: Double
        var scoreCount: Int
    }

    private var turnNumbers: [String: Int] = [:]
    private var turns: [(id: String, language: String)] = []
    private var spanNumbers: [Key: Int] = [:]
    private var spans: [Span] = []
    private var rows: [(span: Int, score: SpanScore)] = []
    private var last: (id: String, turn: Int, index: Int, span: Int)?

    public init() {}

    /// - Throws: ``TurnError`` `.invalidPredictions` when a number is out of its range, or when the row
    ///   contradicts an earlier one in its turn's language or its span's label.
    public mutating func add(_ row: Row) throws(TurnError) {
        guard row.silence.isFinite, row.silence >= 0, row.timestamp.isFinite else {
            throw TurnError(
                .invalidPredictions,
                "silence_dur and timestamp must be finite and silence_dur not negative; correct the row")
        }
        if let probability = row.probability, !(0...1).contains(probability) {
            throw TurnError(
                .invalidPredictions, "p_eot is \(probability), outside 0...1; write a probability")
        }
        let number = try spanNumber(of: row)
        guard spans[number].label == row.label else {
            throw TurnError(
                .invalidPredictions,
                "span \(row.spanIndex) of turn '\(row.id)' is labelled both hold and eot; give it one label")
        }
        spans[number].duration = max(spans[number].duration, row.silence)
        guard let probability = row.probability else { return }
        spans[number].scoreCount += 1
        let score = SpanScore(silence: row.silence, timestamp: row.timestamp, probability: probability)
        rows.append((number, score))
    }

    private mutating func spanNumber(of row: Row) throws(TurnError) -> Int {
        let turn: Int
        if let last, last.id == row.id {
            turn = last.turn
        } else if let known = turnNumbers[row.id] {
            turn = known
        } else {
            turn = turns.count
            turnNumbers[row.id] = turn
            turns.append((row.id, row.language))
        }
        guard turns[turn].language == row.language else {
            throw TurnError(
                .invalidPredictions,
                "turn '\(row.id)' has the languages '\(turns[turn].language)' and '\(row.language)'; "
                    + "give it one language")
        }
        if let last, last.turn == turn, last.index == row.spanIndex { return last.span }
        let key = Key(turn: turn, index: row.spanIndex)
        let number = spanNumbers[key] ?? spans.count
        if number == spans.count {
            spanNumbers[key] = number
            spans.append(
                Span(
                    turn: turn, index: row.spanIndex, label: row.label, policy: row.policy, duration: 0,
                    scoreCount: 0))
        }
        last = (row.id, turn, row.spanIndex, number)
        return number
    }

    /// The spans of all rows so far.
    ///
    /// - Throws: ``TurnError`` `.invalidPredictions` when no span is left that counts.
    public func build() throws(TurnError) -> PredictionSet {
        let epsilon = PredictionSet.epsilon
        let counted = PredictionSet.holdDurations
        let kept = spans.indices.filter { number in
            let span = spans[number]
            return span.label == .endOfTurn
                || (span.duration >= counted.lowerBound - epsilon
                    && span.duration <= counted.upperBound + epsilon)
        }
        guard !kept.isEmpty else {
            throw TurnError(
                .invalidPredictions,
                "no span is left: there is no eot span and no hold span of 0.2 to 5 s; check the labels")
        }
        let order = kept.sorted { a, b in
            let (left, right) = (spans[a], spans[b])
            if left.turn == right.turn { return left.index < right.index }
            return turns[left.turn].id.unicodeScalars.lexicographicallyPrecedes(
                turns[right.turn].id.unicodeScalars)
        }
        return assemble(order)
    }

    /// Lays the scores of the spans in `order` one behind the other, each span's by rising silence.
    private func assemble(_ order: [Int]) -> PredictionSet {
        var next = [Int](repeating: -1, count: spans.count)
        var starts: [Int] = []
        var total = 0
        for number in order {
            next[number] = total
            starts.append(total)
            total += spans[number].scoreCount
        }
        var scores = [SpanScore](
            repeating: SpanScore(silence: 0, timestamp: 0, probability: 0), count: total)
        for row in rows where next[row.span] >= 0 {
            scores[next[row.span]] = row.score
            next[row.span] += 1
        }
        var result: [LabelledSpan] = []
        result.reserveCapacity(order.count)
        for (position, number) in order.enumerated() {
            let span = spans[number]
            let range = starts[position]..<starts[position] + span.scoreCount
            Self.sort(&scores, range)
            result.append(
                LabelledSpan(
                    id: turns[span.turn].id, language: turns[span.turn].language, index: span.index,
                    label: span.label, policy: span.policy, duration: span.duration, scoreRange: range))
        }
        return PredictionSet(spans: result, scores: scores)
    }

    /// Sorts by silence, then timestamp, keeping the file's order of equal rows; files come sorted as a rule.
    private static func sort(_ scores: inout [SpanScore], _ range: Range<Int>) {
        func isBefore(_ a: SpanScore, _ b: SpanScore) -> Bool {
            a.silence < b.silence || (a.silence == b.silence && a.timestamp < b.timestamp)
        }
        guard zip(range, range.dropFirst()).contains(where: { isBefore(scores[$1], scores[$0]) }) else {
            return
        }
        let sorted = scores[range].enumerated().sorted { a, b in
            isBefore(a.element, b.element) || (!isBefore(b.element, a.element) && a.offset < b.offset)
        }
        for (position, item) in zip(range, sorted) { scores[position] = item.element }
    }
}
