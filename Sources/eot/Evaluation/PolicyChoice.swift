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
    ///   - minDelay: seconds, instead of the file's.
    ///   - maxDelay: seconds, instead of the file's.
    /// - Throws: ``TurnError`` `.invalidArgument` for a value out of range, or the file's errors.
    init(threshold: Double?, file path: String?, minDelay: Double?, maxDelay: Double?) throws(TurnError) {
        if let threshold, !(0...1).contains(threshold) {
            throw TurnError(.invalidArgument, "--threshold \(threshold) is no probability; use 0 to 1")
        }
        for delay in [minDelay, maxDelay].compactMap({ $0 }) where !(0...3_600).contains(delay) {
            throw TurnError(.invalidArgument, "a delay of \(delay) s is out of range; use 0 to 3600 seconds")
        }
        if let minDelay, let maxDelay, minDelay > maxDelay {
            throw TurnError(.invalidArgument, "--min-delay is above --max-delay; make it the smaller one")
        }
        if let path {
            file = try ThresholdFile.read(contentsOf: path)
        } else {
            file = threshold.map { ThresholdFile(defaultEntry: .init(threshold: $0)) }
        }
        self.minDelay = minDelay
        self.maxDelay = maxDelay
    }

    /// What the policies of all spans of a set do together; nil where one of them is not known.
    ///
    /// - Throws: as ``ScoredSpans/init(_:mode:)``.
    func figures(_ set: PredictionSet, _ mode: ScoreMode) throws(TurnError) -> PolicyFigures? {
        var byLanguage: [String: TurnPolicy] = [:]
        if let file {
            for language in set.languages {
                guard let entry = file.entry(for: LanguageCode(language)) else { return nil }
                byLanguage[language] = policy(entry)
            }
        }
        func inUse(_ span: LabelledSpan) -> TurnPolicy? {
            file == nil ? span.policy.map(policy) : byLanguage[span.language]
        }
        var policies: [TurnPolicy] = []
        for span in set.spans {
            guard let policy = inUse(span) else { return nil }
            if policies.last != policy, !policies.contains(policy) { policies.append(policy) }
        }
        var parts: [(ScoredSpans, TurnPolicy)] = []
        for policy in policies {
            let part = policies.count == 1 ? set : set.filter { inUse($0) == policy }
            parts.append((try ScoredSpans(part, mode: mode), policy))
        }
        return PolicyFigures(parts)
    }

    private func policy(_ entry: ThresholdFile.Entry) -> TurnPolicy {
        let balanced = EndpointingPreset.balanced.delays
        return policy(
            TurnPolicy(
                threshold: entry.threshold, actionDelay: entry.minDelay ?? balanced.min.inSeconds,
                timeout: entry.maxDelay ?? balanced.max.inSeconds))
    }

    /// `made` with the delays that were given; one that was not gives way to one that was.
    private func policy(_ made: TurnPolicy) -> TurnPolicy {
        TurnPolicy(
            threshold: made.threshold,
            actionDelay: minDelay ?? min(made.actionDelay, maxDelay ?? made.timeout),
            timeout: maxDelay ?? max(made.timeout, minDelay ?? made.actionDelay))
    }
}
