import TurnCore
import TurnEvaluation

/// Threshold and delays of every language, from the options: a given value wins over the file of thresholds, and that
/// over the preset.
struct TurnSettings: Sendable {
    let preset: EndpointingPreset
    let thresholds: ThresholdTable
    private let file: ThresholdFile?
    private let minDelay: Duration?
    private let maxDelay: Duration?

    /// - Throws: ``TurnError`` `.invalidArgument` for a value out of range, or the thresholds file's errors.
    init(_ options: TurnOptions) throws(TurnError) {
        preset = try EndpointingPreset(named: options.preset)
        minDelay = try options.minDelay.map { (value) throws(TurnError) in
            try TurnOptions.duration(value, "--min-delay")
        }
        maxDelay = try options.maxDelay.map { (value) throws(TurnError) in
            try TurnOptions.duration(value, "--max-delay")
        }
        if let minDelay, let maxDelay, minDelay > maxDelay {
            throw TurnError(.invalidArgument, "--min-delay is above --max-delay; make it the smaller one")
        }
        if let threshold = options.threshold, !(0...1).contains(threshold) {
            throw TurnError(.invalidArgument, "--threshold \(threshold) is no probability; use 0 to 1")
        }
        file = try options.thresholds.map { (path) throws(TurnError) in
            try ThresholdFile.read(contentsOf: path)
        }
        let fallback = options.threshold ?? preset.threshold
        thresholds = file?.table(default: fallback) ?? ThresholdTable(default: fallback)
    }

    /// The delays for a language. One that was not given gives way to one that was.
    func delays(for language: LanguageCode?) throws(TurnError) -> EndpointingDelays {
        let entry = file?.entry(for: language)
        let low = entry?.minDelay.map { Duration.fromSeconds($0) } ?? preset.delays.min
        let high = entry?.maxDelay.map { Duration.fromSeconds($0) } ?? preset.delays.max
        return try EndpointingDelays(
            min: minDelay ?? min(low, maxDelay ?? high), max: maxDelay ?? max(high, minDelay ?? low))
    }

    /// What a language's turns are ended by.
    func policy(for language: LanguageCode) throws(TurnError) -> TurnPolicy {
        let delays = try delays(for: language)
        return TurnPolicy(
            threshold: thresholds.value(for: language) ?? preset.threshold,
            actionDelay: delays.min.inSeconds, timeout: delays.max.inSeconds)
    }
}
