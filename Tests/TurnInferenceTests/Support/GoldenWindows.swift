/// `windows.json`: what onnxruntime answers for windows of recorded speech.
struct GoldenWindows: Decodable {
    struct File: Decodable {
        let sampleCount: Int
        let sumOfSquares: Int
    }

    struct Window: Decodable, Sendable {
        let id: String
        let kind: Kind
        let file: String
        let start: Int
        let end: Int
        /// The graph without its activation grid, optimisations off.
        let p: Float
    }

    enum Kind: String, Decodable, Sendable, CaseIterable {
        case wideband
        case telephone
    }

    let files: [String: File]
    let windows: [Window]

    static func load() throws -> GoldenWindows { try TestData.golden("windows.json", as: GoldenWindows.self) }
}

/// Differences of probabilities: collects, then tells.
struct Differences: CustomStringConvertible {
    private(set) var values: [Float] = []

    mutating func add(_ a: Float, _ b: Float) { values.append(abs(a - b)) }

    var maximum: Float { values.max() ?? .infinity }
    var mean: Float { values.isEmpty ? .infinity : values.reduce(0, +) / Float(values.count) }

    var description: String { "\(values.count) values, mean |dp| \(mean), max \(maximum)" }
}
