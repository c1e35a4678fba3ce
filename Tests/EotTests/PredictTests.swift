import Testing

/// `eot predict`: one prediction for the audio that ends at a moment.
@Suite struct PredictTests {
    static let keys: Set<String> = [
        "type", "at", "probability", "model", "window", "features_ms", "inference_ms",
    ]

    @Test func `without a moment it is the recording's end`() async throws {
        let records = try await Eot.run(["predict", "--json", try Repository.sample()]).records()
        try #require(records.count == 1)
        #expect(records[0].type == "prediction" && records[0].keys == Self.keys)
        #expect(abs(try records[0].number("at") - 30) < 0.01)
        #expect(try records[0].number("window") == 8)
        #expect((0...1).contains(try records[0].number("probability")))
        #expect(try records[0].number("features_ms") > 0)
        #expect(try records[0].number("inference_ms") > 0)
    }

    @Test func `moments come in the order given, and equal the cut recordings' ends`() async throws {
        let moments = ["10.5", "3", "28.25", "3"]
        let arguments = moments.flatMap { ["--at", $0] }
        let records = try await Eot.run(["predict", "--json", try Repository.sample()] + arguments).records()
        #expect(try records.map { try $0.number("at") } == moments.compactMap(Double.init))
        #expect(try records.map { try $0.number("window") } == [8, 3, 8, 3])
        let samples = try WAV.samples(ofFileAt: try Repository.sample())
        for (record, moment) in zip(records, moments.compactMap(Double.init)) {
            let cut = WAV.pcm16(Array(samples[..<Int(moment * 16_000)]))
            let alone = try await Eot.run(["predict", "--json", "-"], input: cut).records()
            #expect(try record.number("probability") == (try alone[0].number("probability")))
        }
    }

    @Test func `nothing but silence has an answer`() async throws {
        for input in [WAV.pcm16([]), WAV.silence(seconds: 1)] {
            let records = try await Eot.run(["predict", "--json", "-"], input: input).records()
            #expect((0...1).contains(try records[0].number("probability")))
        }
    }

    @Test func `people get one line a moment`() async throws {
        let result = try await Eot.run(["predict", "--at", "9", "--at", "10", try Repository.sample()])
        #expect(result.status == 0 && result.errors.isEmpty)
        #expect(result.outputLines.count == 2)
    }
}
