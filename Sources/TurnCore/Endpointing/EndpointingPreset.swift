/// A named balance between answering fast and never cutting in: a threshold with its delays.
///
/// The first three are the best points of Smart Turn v3.2 on the published eot-bench sweep; `livekit` has the
/// delays of LiveKit Agents 1.8.9 with the plain threshold of the model's authors.
public struct EndpointingPreset: Sendable, Hashable {
    /// The preset's name, as on a command line.
    public let name: String
    /// The turn is judged unfinished below this probability.
    public let threshold: Double
    /// The delays after the last speech.
    public let delays: EndpointingDelays

    private init(_ name: String, _ threshold: Double, min: Int, max: Int) {
        self.name = name
        self.threshold = threshold
        self.delays = EndpointingDelays(unchecked: .milliseconds(min), .milliseconds(max))
    }

    /// Answers soonest: threshold 0.05, 0.2 s, 1.0 s.
    public static let responsive = EndpointingPreset("responsive", 0.05, min: 200, max: 1_000)
    /// The default: threshold 0.21, 0.5 s, 1.0 s.
    public static let balanced = EndpointingPreset("balanced", 0.21, min: 500, max: 1_000)
    /// Rarely cuts in: threshold 0.09, 0.7 s, 3.0 s.
    public static let patient = EndpointingPreset("patient", 0.09, min: 700, max: 3_000)
    /// The delays of LiveKit Agents: threshold 0.5, 0.3 s, 2.5 s.
    public static let livekit = EndpointingPreset("livekit", 0.5, min: 300, max: 2_500)

    /// All of them, the default second.
    public static let all = [responsive, balanced, patient, livekit]

    /// - Throws: ``TurnError`` `.invalidArgument` for any other name.
    public init(named name: String) throws(TurnError) {
        guard let preset = Self.all.first(where: { $0.name == name }) else {
            let names = Self.all.map(\.name).joined(separator: ", ")
            throw TurnError(.invalidArgument, "there is no preset \"\(name)\"; use one of \(names)")
        }
        self = preset
    }
}
