import TurnCore

/// Options of a running session that change together; nil stays.
struct SessionUpdate: Sendable {
    var voiceActivity: VoiceActivityOptions?
    var endpointing: Endpointing?
    var language: LanguageCode?
}
