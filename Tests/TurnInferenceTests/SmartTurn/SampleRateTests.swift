import Testing
import TurnAudio
import TurnCore
import TurnInference

/// Answers for files at other sample rates, through our own ingress, against onnxruntime on soxr's HQ copies.
@Suite struct SampleRateTests {
    struct Golden: Decodable {
        struct File: Decodable, Sendable {
            let file: String
            let rate: Int
            let sampleCount: Int
            let p: Float
        }

        let files: [File]
    }

    /// The bounds are the project's promise. Another filter of the same band moves p by less than 0.001 on
    /// average.
    @Test(arguments: [8_000, 24_000, 44_100, 48_000])
    func `other sample rates answer as soxr's copy does`(rate: Int) async throws {
        let model = try TestModels.smartTurn()
        let files = try TestData.golden("rates.json", as: Golden.self).files.filter { $0.rate == rate }
        #expect(files.count >= 10)
        let found = try await concurrentMap(files) { file in
            try model.predict(Self.at16kHz(file)).probability
        }
        var differences = Differences()
        for (file, p) in zip(files, found) { differences.add(p, file.p) }
        print("\(rate) Hz: \(differences)")
        #expect(differences.mean <= 0.005)
        #expect(differences.maximum <= 0.03)
    }

    /// Frames of a length that divides nothing.
    private static func at16kHz(_ file: Golden.File) throws -> [Float] {
        let recording = try Recording(file.file)
        #expect(recording.samples.count == file.sampleCount)
        let format = try AudioFormat(sampleRate: recording.sampleRate)
        var ingress = AudioIngress()
        var output: [Float] = []
        for start in stride(from: 0, to: recording.samples.count, by: 1_237) {
            let samples = Array(recording.samples[start..<min(start + 1_237, recording.samples.count)])
            try ingress.push(AudioFrame(.int16(samples), format: format)) { output.append(contentsOf: $0) }
        }
        ingress.flush { output.append(contentsOf: $0) }
        return output
    }
}
