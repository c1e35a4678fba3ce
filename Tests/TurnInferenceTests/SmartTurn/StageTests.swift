import Testing
import TurnInference

/// Tensors inside the network against onnxruntime's, stage by stage, so that a failure tells where it began.
@Suite struct StageTests {
    struct Golden: Decodable {
        struct Window: Decodable, CustomTestStringConvertible, Sendable {
            let identifier: String
            let file: String
            let start: Int
            let end: Int
            let p: Float
            let stages: [String: SampledTensor]

            var testDescription: String { identifier }
        }

        let windows: [Window]
    }

    private static let stages: [(name: String, stage: SmartTurnModel.Stage)] =
        [("conv1_gelu", .conv1), ("embedding", .embedding)] + (0..<4).map { ("layer_\($0)", .layer($0)) }
        + [("final_norm", .finalNorm), ("pooled", .pooled), ("logit", .logit)]

    @Test(arguments: [TestModels.shippedFile, TestModels.float32File])
    func `every stage equals onnxruntime's`(file: String) throws {
        let model = try TestModels.smartTurn(file)
        for window in try TestData.golden("stages.json", as: Golden.self).windows {
            let samples = try Recording(window.file).floats(window.start..<window.end)
            let features = samples.withUnsafeBufferPointer { LogMelFeatures()($0) }
            var seen: [SmartTurnModel.Stage: [Float]] = [:]
            let p = try model.probability(features: features) { seen[$0] = Array($1) }
            #expect(abs(p - window.p) <= 1e-4)
            for (name, stage) in Self.stages {
                let golden = try #require(window.stages[name])
                let values = try #require(seen[stage], "\(name) was not observed")
                // float32 sums in another order; measured: 5e-5 of the mean magnitude and less
                golden.compare(
                    values, relativeTo: golden.meanMagnitude, 5e-4, "\(window.identifier) \(name)")
            }
        }
    }
}

/// A tensor of which a golden file holds some values and sums over all.
struct SampledTensor: Decodable, Sendable {
    let shape: [Int]
    let sum: Double
    let sumOfMagnitudes: Double
    let maximumMagnitude: Double
    let positions: [Int]
    let values: [Double]

    var meanMagnitude: Double { sumOfMagnitudes / Double(shape.reduce(1, *)) }

    /// Expects every stored value within `tolerance` times `scale`, and the sums as near. The largest value, which
    /// can be a hundred times the mean, has its own rounding on top.
    func compare(
        _ found: [Float], relativeTo scale: Double, _ tolerance: Double, _ name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let count = shape.reduce(1, *)
        #expect(found.count == count, "\(name)", sourceLocation: sourceLocation)
        guard found.count == count else { return }
        let worst = zip(positions, values).map { abs(Double(found[$0]) - $1) }.max() ?? .infinity
        #expect(worst <= tolerance * scale, "\(name): a value", sourceLocation: sourceLocation)
        let sum = found.reduce(0) { $0 + Double($1) }
        let magnitudes = found.reduce(0) { $0 + Double(abs($1)) }
        let largest = found.reduce(0) { max($0, Double(abs($1))) }
        #expect(
            abs(sum - self.sum) <= tolerance * sumOfMagnitudes, "\(name): the sum",
            sourceLocation: sourceLocation)
        #expect(
            abs(magnitudes - sumOfMagnitudes) <= tolerance * sumOfMagnitudes,
            "\(name): the sum of magnitudes",
            sourceLocation: sourceLocation)
        #expect(
            abs(largest - maximumMagnitude) <= tolerance * scale + 1e-5 * maximumMagnitude,
            "\(name): the largest value",
            sourceLocation: sourceLocation)
    }
}
