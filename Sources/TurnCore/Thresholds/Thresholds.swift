/// The thresholds of a detector: its local model's table, a service's defaults once they are known, and the
/// application's overrides on top.
///
/// A value type: the detector and all its streams share one copy behind a lock. Overrides are in the scale of the
/// configured model. When a detector falls back from a service to its local model, they are rescaled:
/// `local x override / service default`, language by language, again after every update (S-11, S-12). Effective
/// thresholds of the end of a turn lie in 0...1 (S-14).
///
/// Source: LiveKit Agents 1.8.9 (R-008...R-035).
public struct Thresholds: Sendable {
    /// Which model answers.
    public enum Scale: Sendable, Hashable {
        /// The service that the detector was configured for.
        case cloud
        /// The local model that the detector was configured for.
        case local
        /// The local model in place of the service.
        case localAfterFallback
    }

    /// Which model answers now.
    public private(set) var scale: Scale
    /// Overrides of the end of a turn.
    public private(set) var override: ThresholdOverride?
    /// Overrides of backchannels.
    public private(set) var backchannelOverride: ThresholdOverride?
    /// The table in force. Its default is nil while a service's is awaited.
    public private(set) var endOfTurn = ThresholdTable(default: nil)
    /// The table for answers of the local model: ``endOfTurn``, but that of a fallback while the local model only stands
    /// in for a service, which is awaited or was lost for a moment (S-03).
    public private(set) var localEndOfTurn = ThresholdTable(default: nil)
    /// The table of backchannels in force.
    public private(set) var backchannel = ThresholdTable(default: nil)

    private let local: ThresholdTable
    private var service: ThresholdTable?
    private var backchannelService: ThresholdTable?

    /// - Parameters:
    ///   - local: the local model's table, with a default.
    ///   - usesCloud: whether a service answers, whose defaults are awaited.
    ///   - override: set by the application.
    ///   - backchannelOverride: set by the application.
    public init(
        local: ThresholdTable, usesCloud: Bool, override: ThresholdOverride? = nil,
        backchannelOverride: ThresholdOverride? = nil
    ) {
        self.local = local
        self.scale = usesCloud ? .cloud : .local
        self.override = override
        self.backchannelOverride = backchannelOverride
        layer()
    }

    /// The threshold for a language; nil while it is not known.
    public func endOfTurn(for language: LanguageCode?) -> Double? { endOfTurn.value(for: language) }

    /// The threshold of backchannels for a language; nil if they are unknown or disabled.
    public func backchannel(for language: LanguageCode?) -> Double? {
        guard let value = backchannel.value(for: language), value > 0 else { return nil }
        return value
    }

    /// Whether there is a threshold for a language, or will be once the service answers.
    public func supports(_ language: LanguageCode?) -> Bool {
        (scale == .cloud && service == nil) || endOfTurn(for: language) != nil
    }

    /// Replaces overrides; what is nil stays.
    public mutating func update(
        override: ThresholdOverride? = nil, backchannelOverride: ThresholdOverride? = nil
    ) {
        if let override { self.override = override }
        if let backchannelOverride { self.backchannelOverride = backchannelOverride }
        layer()
    }

    /// Takes over a service's defaults: keys become base languages, values are rounded to four decimals.
    ///
    /// - Throws: ``TransportError`` that is not retryable for an empty table or a default that is not above zero;
    ///   nothing changes then.
    public mutating func adopt(_ defaults: ServerThresholds) throws(TransportError) {
        guard !defaults.thresholds.isEmpty, defaults.defaultThreshold > 0,
            defaults.defaultThreshold.isFinite, defaults.thresholds.allSatisfy({ $0.value.isFinite })
        else {
            throw .api(
                "the service announced no usable thresholds; check its configuration", retryable: false)
        }
        service = Self.table(defaults.thresholds, default: defaults.defaultThreshold)
        let isKnown = !defaults.backchannelThresholds.isEmpty && defaults.defaultBackchannelThreshold > 0
        backchannelService =
            isKnown
            ? Self.table(defaults.backchannelThresholds, default: defaults.defaultBackchannelThreshold) : nil
        layer()
    }

    /// From now on the local model answers in place of the service. Does nothing if it does already.
    public mutating func fallBack() {
        guard scale == .cloud else { return }
        scale = .localAfterFallback
        layer()
    }

    /// From now on the service answers again, by the defaults it announced.
    public mutating func recover() {
        guard scale == .localAfterFallback else { return }
        scale = .cloud
        layer()
    }

    private mutating func layer() {
        switch scale {
        case .cloud:
            endOfTurn = layered(override, over: service)
            backchannel = layered(backchannelOverride, over: backchannelService)
        case .local:
            endOfTurn = layered(override, over: local)
            backchannel = layered(backchannelOverride, over: nil)
        case .localAfterFallback:
            endOfTurn = fallbackTable
            backchannel = layered(backchannelOverride, over: nil)
        }
        endOfTurn = endOfTurn.clamped()
        localEndOfTurn = scale == .cloud ? fallbackTable.clamped() : endOfTurn
    }

    /// What counts once the local model has taken the service's place.
    private var fallbackTable: ThresholdTable {
        service.map { rescaled($0) } ?? layered(override, over: local)
    }

    private func layered(_ override: ThresholdOverride?, over table: ThresholdTable?) -> ThresholdTable {
        override?.layered(over: table) ?? table ?? ThresholdTable(default: nil)
    }

    /// The local table, each value moved as far as the override moved the service's (S-11).
    private func rescaled(_ service: ThresholdTable) -> ThresholdTable {
        let effective = layered(override, over: service)
        var values: [String: Double] = [:]
        for (language, value) in local.values {
            let code = LanguageCode(language)
            guard let base = service.value(for: code), base != 0, let moved = effective.value(for: code)
            else {
                values[language] = value
                continue
            }
            values[language] = value * moved / base
        }
        return ThresholdTable(values: values, default: values["en"] ?? local.defaultValue)
    }

    private static func table(
        _ entries: [(language: String, value: Float)], default defaultValue: Float
    ) -> ThresholdTable {
        ThresholdTable(
            pairs: entries.map { (LanguageCode($0.language), rounded($0.value)) },
            default: rounded(defaultValue))
    }

    /// To four decimals, so that a value that came in single precision reads as it was written.
    private static func rounded(_ value: Float) -> Double { (Double(value) * 10_000).rounded() / 10_000 }
}

extension Thresholds {
    /// The table of LiveKit's own local model, for whoever plugs in a model with those semantics: 14 languages, all
    /// others as English.
    public static let liveKitMini = ThresholdTable(
        [
            "ar": 0.35, "de": 0.245, "en": 0.36, "es": 0.35, "fr": 0.285, "hi": 0.305, "id": 0.345,
            "it": 0.23,
            "ja": 0.295, "ko": 0.40, "nl": 0.20, "pt": 0.32, "tr": 0.255, "zh": 0.355,
        ], default: 0.36)

    /// The languages that Smart Turn v3.2 was trained on.
    public static let smartTurnLanguages: [LanguageCode] = [
        "ar", "bn", "zh", "da", "nl", "de", "en", "fi", "fr", "hi", "id", "it", "ja", "ko", "mr", "no", "pl",
        "pt",
        "ru", "es", "tr", "uk", "vi",
    ]

    /// The table of Smart Turn v3.2 for a preset: one value for all its languages, and for every other.
    public static func smartTurn(_ preset: EndpointingPreset = .balanced) -> ThresholdTable {
        ThresholdTable(pairs: smartTurnLanguages.map { ($0, preset.threshold) }, default: preset.threshold)
    }
}
