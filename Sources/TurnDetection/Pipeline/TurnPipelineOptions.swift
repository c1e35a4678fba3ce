public import TurnCore

/// What a ``TurnPipeline`` decides by.
public struct TurnPipelineOptions: Sendable {
    /// Voice activity; the minimum of silence must be at least 250 ms.
    public var voiceActivity: VoiceActivityOptions = .default
    /// The delays.
    public var endpointing: Endpointing
    /// The thresholds.
    public var thresholds: ThresholdTable
    /// The thresholds of backchannels. Default: none.
    public var backchannelThresholds = ThresholdTable(default: nil)
    /// The language that is spoken, until a transcript tells another.
    public var language: LanguageCode?
    /// Time-outs, rescoring, the bound of a turn, manual mode.
    public var turn = TurnMachine.Options()

    /// - Parameter preset: the threshold and the delays; `balanced` by default.
    public init(preset: EndpointingPreset = .balanced) {
        endpointing = .fixed(preset.delays)
        thresholds = ThresholdTable(default: preset.threshold)
    }

    /// - Throws: ``TurnError`` `.invalidArgument` naming the option that is out of range.
    public func validate() throws(TurnError) {
        try turn.validate()
        try voiceActivity.validateForTurns(predictionSilence: turn.predictionSilence)
    }

    func makeMachine() throws(TurnError) -> TurnMachine {
        try TurnMachine(
            options: turn, endpointing: endpointing, thresholds: thresholds,
            backchannelThresholds: backchannelThresholds, language: language)
    }
}
