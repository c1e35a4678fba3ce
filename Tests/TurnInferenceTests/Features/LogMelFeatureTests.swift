import Testing
import TurnCore
import TurnInference

/// The log-mel features against the model authors' numpy code.
@Suite struct LogMelFeatureTests {
    struct Golden: Decodable {
        struct Input: Decodable {
            let id: String
            let file: String?
            let start: Int?
            let end: Int?
            let p: Float
            let features: SampledTensor

            func samples() throws -> [Float] {
                guard let file, let start, let end else { return try #require(SyntheticInput.samples(id)) }
                return try Recording(file).floats(start..<end)
            }
        }

        let inputs: [Input]
    }

    /// Values are within -1.5...2.2, where float32 has steps of 2.4e-7 at most; all before the last rounding is
    /// double on both sides.
    @Test func `features equal the numpy original to float32 rounding`() throws {
        let compute = LogMelFeatures()
        for input in try TestData.golden("features.json", as: Golden.self).inputs {
            let found = try input.samples().withUnsafeBufferPointer { compute($0) }
            input.features.compare(found, relativeTo: 1, 5e-7, input.id)
        }
    }

    @Test func `the network's answers on synthetic input equal onnxruntime's`() async throws {
        let model = try TestModels.smartTurn()
        let inputs = try TestData.golden("features.json", as: Golden.self).inputs.map {
            ($0.id, try $0.samples(), $0.p)
        }
        let found = try await concurrentMap(inputs) { try model.predict($0.1).probability }
        for (input, p) in zip(inputs, found) { #expect(abs(input.2 - p) <= 0.001, "\(input.0)") }
    }

    @Test func `silence gives -1.5 everywhere`() throws {
        for count in [0, 1, 400, 128_000, 200_000] {
            let silence = [Float](repeating: 0, count: count)
            let found = silence.withUnsafeBufferPointer { LogMelFeatures()($0) }
            #expect(found.count == LogMelFeatures.melCount * LogMelFeatures.frameCount)
            #expect(found.allSatisfy { $0 == -1.5 })
        }
    }

    @Test func `the same extractor serves many threads`() async throws {
        let compute = LogMelFeatures()
        let recording = try Recording("audio/sample.wav")
        let ends = (1...8).map { $0 * 40_000 }
        let alone = ends.map { end in recording.floats(0..<end).withUnsafeBufferPointer { compute($0) } }
        let together = try await concurrentMap(ends) { end in
            recording.floats(0..<end).withUnsafeBufferPointer { compute($0) }
        }
        #expect(alone == together)
    }
}
