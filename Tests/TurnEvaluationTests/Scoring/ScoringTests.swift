import Testing
import TurnCore
import TurnEvaluation

/// Answers with what it heard: how much, and the last sample.
private struct ListeningModel: TurnModel {
    enum Answer { case sampleCount, lastSample }

    let name = "listening"
    let windowSampleCount = 8 * 16_000
    var answer = Answer.sampleCount

    func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
        switch answer {
        case .sampleCount: ModelPrediction(probability: Float(audio.count) / 160_000)
        case .lastSample: ModelPrediction(probability: audio.last ?? 0)
        }
    }
}

private let turn = ScoringTurn(
    id: "a", language: "en", audio: "a.wav",
    silences: [
        .init(start: 1, end: 1.25), .init(start: 2, end: 2.09), .init(start: 9, end: 9.3),
    ])

@Suite struct Scoring {
    @Test func `a silence is scored at its start, every 0.1 s and at its end`() {
        let moments = turn.moments()
        #expect(moments.map(\.silence) == [0, 0.1, 0.2, 0.25, 0, 0.1, 0.2, 0.3])
        #expect(moments.map(\.timestamp) == [1, 1.1, 1.2, 1.25, 9, 9.1, 9.2, 9.3])
        #expect(moments.map(\.spanIndex) == [0, 0, 0, 0, 2, 2, 2, 2])
        #expect(
            moments.map(\.label.rawValue) == Array(repeating: "hold", count: 4)
                + Array(repeating: "eot", count: 4))
    }

    @Test func `the model hears the turn up to the moment, at most its window`() throws {
        let audio = (0..<160_000).map { Float($0) / 160_000 }
        let counts = try TurnScorer(model: ListeningModel()).rows(turn, audio: audio, policy: nil)
        #expect(counts[1].probability == Double(Float(17_600) / 160_000))
        #expect(counts[5].probability == Double(Float(128_000) / 160_000))
        let ends = try TurnScorer(model: ListeningModel(answer: .lastSample)).rows(
            turn, audio: audio, policy: nil)
        #expect(ends[1].probability == Double(Float(17_599) / 160_000))
        #expect(ends[5].probability == Double(Float(145_599) / 160_000))
    }

    @Test func `with a score point one row of a silence has a score`() throws {
        let audio = [Float](repeating: 0.5, count: 160_000)
        let scorer = try TurnScorer(model: ListeningModel(), scorePoint: 0.2)
        let rows = try scorer.rows(turn, audio: audio, policy: nil)
        #expect(rows.map { $0.probability == nil } == [true, true, false, true, true, true, false, true])
        var builder = PredictionSetBuilder()
        for row in rows { try builder.add(row) }
        let scored = try ScoredSpans(try builder.build(), mode: .scorePoint(0.2))
        #expect(scored.holds.map(\.duration) == [0.25])
        #expect(scored.endsOfTurn.map(\.duration) == [0.3])
    }

    @Test func `silence beyond the recording's end is digital silence, for a second`() throws {
        let audio = [Float](repeating: 0.5, count: Int(9.2 * 16_000))
        let model = ListeningModel(answer: .lastSample)
        let rows = try TurnScorer(model: model).rows(turn, audio: audio, policy: nil)
        #expect(rows.suffix(2).map(\.probability) == [0.5, 0])
        #expect(throws: TurnError.self) {
            try TurnScorer(model: model).rows(turn, audio: Array(audio.prefix(16_000)), policy: nil)
        }
    }

    @Test(arguments: [0, -1, 11, .nan]) func `an interval out of range is an error`(interval: Double) {
        #expect(throws: TurnError.self) { try TurnScorer(model: ListeningModel(), interval: interval) }
    }

    @Test(arguments: [0.15, -0.1, .nan, .infinity])
    func `a score point that is no moment is an error`(point: Double) {
        #expect(throws: TurnError.self) { try TurnScorer(model: ListeningModel(), scorePoint: point) }
    }
}

@Suite struct `Scoring manifests` {
    private func manifest(_ text: String) throws -> ScoringManifest {
        try ScoringManifest(jsonLines: Array(text.utf8))
    }

    @Test func `each line is a turn`() throws {
        let turns = try manifest(
            """
            {"id":"a","language":"en","audio":"x/a.wav","silence_spans":[{"start":1,"end":1.5},{"start":2.0,"end":3}],"n":1}

            {"id":"b","language":"de","audio":"b.wav","silence_spans":[{"start":0,"end":0.5}]}
            """
        ).turns
        #expect(turns.map(\.id) == ["a", "b"])
        #expect(turns[0].silences == [.init(start: 1, end: 1.5), .init(start: 2, end: 3)])
        #expect(turns[1].audio == "b.wav")
    }

    @Test(arguments: [
        ("", "names no turn"), ("{\"id\":\"a\"}", "line 1: not a turn"),
        (#"{"id":"","language":"en","audio":"a","silence_spans":[{"start":0,"end":1}]}"#, "the id is empty"),
        (
            #"{"id":"a\nb","language":"en","audio":"a","silence_spans":[{"start":0,"end":1}]}"#,
            "has a line end"
        ),
        (#"{"id":"a","language":"en","audio":"a","silence_spans":[]}"#, "'a' has no silence"),
        (#"{"id":"a","language":"en","audio":"a","silence_spans":[{"start":1,"end":0.5}]}"#, "not in order"),
        (#"{"id":"a","language":"en","audio":"a","silence_spans":[{"start":-1,"end":0.5}]}"#, "not in order"),
        (#"{"id":"a","language":"en","audio":"a","silence_spans":[{"start":0,"end":1e9}]}"#, "not in order"),
    ])
    func `a damaged line is named`(text: String, expected: String) {
        do {
            _ = try manifest(text)
            Issue.record("no error for \(text)")
        } catch {
            #expect((error as? TurnError)?.code == .invalidPredictions)
            #expect("\(error)".contains(expected))
        }
    }

    @Test func `an id that stands twice is an error`() {
        let line = #"{"id":"a","language":"en","audio":"a","silence_spans":[{"start":0,"end":1}]}"#
        #expect(throws: TurnError.self) { try manifest(line + "\n" + line) }
    }
}

@Suite struct `Telephone line` {
    /// Python's audioop, lin2ulaw and back, on 16-bit samples.
    @Test(arguments: [
        (0, 0), (3, 0), (4, 8), (8, 8), (100, 104), (-100, -104), (132, 132), (1_000, 988), (-1_000, -988),
        (4_096, 4_092), (-5_000, -5_116), (12_345, 12_412), (-20_000, -19_836), (32_000, 32_124),
        (32_767, 32_124),
    ])
    func `mu-law codes as G.711 does`(sample: Int, expected: Int) {
        #expect(LineImpairment.muLaw(Float(sample) / 32_768) == Float(expected) / 32_768)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity, 7, -7])
    func `mu-law clips what is no sample`(sample: Float) {
        #expect(abs(LineImpairment.muLaw(sample)) <= 1)
    }

    @Test(arguments: [0.0, 10, 30]) func `noise has the power that was asked for`(decibels: Double) {
        var samples = (0..<64_000).map { $0 < 32_000 ? Float($0 % 2) * 0.4 - 0.2 : 0 }
        let clean = samples
        var generator = SplitMix64(seed: 9)
        LineImpairment.addNoise(&samples, speech: [0..<32_000], decibels: decibels, using: &generator)
        let noise =
            zip(samples, clean).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) } / 64_000
        // 64,000 samples leave 0.6 % of uncertainty on the power; 0.1 dB are 2.3 %.
        let expected = 0.04 * [0.0: 1, 10: 0.1, 30: 0.001][decibels]!
        #expect(abs(noise / expected - 1) < 0.023)
        var again = clean
        var same = SplitMix64(seed: 9)
        LineImpairment.addNoise(&again, speech: [0..<32_000], decibels: decibels, using: &same)
        #expect(again == samples)
    }

    @Test func `silence stays as it is`() {
        var samples = [Float](repeating: 0, count: 100)
        var generator = SplitMix64(seed: 9)
        LineImpairment.addNoise(&samples, speech: [0..<200], decibels: 10, using: &generator)
        #expect(samples == [Float](repeating: 0, count: 100))
    }
}
