import TurnCore
import TurnEvaluation

/// Which policy is in use for a language: the command line's, else the predictions file's own.
struct PolicyChoice {
    private let file: ThresholdFile?
    private let minDelay: Double?
    private let maxDelay: Double?

    /// - Parameters:
    ///   - threshold: for every language; nil for the file's.
    ///   - path: of a file of thresholds.
    ///   - minDelay: seconds, where the file has none.
    ///   - maxDelay: seconds, where the file has none.
    /// - Throws: ``TurnError`` `.invalidArgument` for a value out of range, or the file's errors.
    init(threshold: Double?, file path: String?, minDelay: Double?, maxDelay: Double?) throws(TurnError) {
        if let threshold, !(0...1).contains(threshold) {
            throw TurnError(.invalidArgument, "--threshold \(threshold) is no probability; use 0 to 1")
        }
        for delay in [minDelay, maxDelay].compactMap({ $0 }) where !(0...3_600).contains(delay) {
            throw TurnError(.invalidArgument, "a delay of \(delay) s is out of range; use 0 to 3600 seconds")
        }
        if let path {
            file = try ThresholdFile.read(contentsOf: path)
        } else {
            file = threshold.map { ThresholdFile(defaultEntry: .init(threshold: $0)) }
        }
        self.minDelay = minDelay
        self.maxDelay = maxDelay
    }

    /// The policy for one language's turns; nil where none is known.
    func policy(_ language: String, of set: PredictionSet) -> TurnPolicy? {
        let balanced = EndpointingPreset.balanced.delays
        guard let file else { return set.spans.first { $0.language == language }?.policy }
        guard let entry = file.entry(for: LanguageCode(language)) else { return nil }
        let delay = minDelay ?? entry.minDelay ?? balanced.min.inSeconds
        return TurnPolicy(
            threshold: entry.threshold, actionDelay: delay,
            timeout: max(delay, maxDelay ?? entry.maxDelay ?? balanced.max.inSeconds))
    }

    /// What the policies of all languages of a set do together; nil where one of them is not known.
    func figures(_ set: PredictionSet, _ mode: ScoreMode) throws(TurnError) -> PolicyFigures? {
        var parts: [(ScoredSpans, TurnPolicy)] = []
        for language in set.languages {
            guard let policy = policy(language, of: set) else { return nil }
            parts.append((try ScoredSpans(set.language(language), mode: mode), policy))
        }
        return PolicyFigures(parts)
    }
}
