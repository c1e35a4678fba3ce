import Foundation
import Testing

/// What `scripts/oracle/eot_bench.py` computed.
struct ExpectedFigures: Decodable, Sendable {
    struct Point: Decodable, Sendable {
        let threshold: Double?
        let actionDelay: Double
        let timeout: Double
        let cutoffRate: Double
        let meanLatency: Double
        let timeoutRate: Double
        let f1: Double
    }

    struct Frontier: Decodable, Sendable {
        let cutoffAt300Ms: Point?
        let cutoffAt600Ms: Point?
        let latencyAt5Pct: Point?
        let latencyAt10Pct: Point?
        let meanFrontierLatency: Double?
        let pareto: [Point]
    }

    /// What one policy does.
    struct InUse: Decodable, Sendable {
        let threshold: Double
        let actionDelay: Double
        let timeout: Double
        let cutoffRate: Double?
        let meanLatency: Double?
        let medianLatency: Double?
        let latency90: Double?
        let timeoutRate: Double?
        let accuracy: Double
        let falsePositiveRate: Double?
        let falseNegativeRate: Double?
    }

    struct Means: Decodable, Sendable {
        let cutoffRate: Double?
        let meanLatency: Double?
        let timeoutRate: Double?
        let f1: Double?
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let scorePoint: Double?
        let languages: [String: ExpectedFigures?]

        var testDescription: String {
            "\(file), \(scorePoint.map { "score point \($0)" } ?? "first crossing")"
        }
    }

    let nHold: Int
    let nEot: Int
    let nMissing: Int
    let auc: Double?
    let ap: Double?
    let model: Frontier
    let vadBaseline: Frontier
    let summaryPoints: [Point?]
    let inUse: [InUse]
    let quantilesAt10Pct: [Double]?
    let means: Means
    let nPolicies: Int

    /// The folder of the files that the script wrote.
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures")

    /// Where a file of that folder is.
    static func path(_ name: String) -> String { folder.appending(path: name).path }

    static let cases: [Case] = {
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let data = try Data(contentsOf: folder.appending(path: "expected.json"))
            return try decoder.decode([Case].self, from: data)
        } catch {
            fatalError("Fixtures/expected.json: \(error)")
        }
    }()
}
