import Testing

/// `eot vad`: segments of speech, and the probability of each window.
@Suite struct VADTests {
    @Test func `segments are ordered and lie in the recording`() async throws {
        let records = try await Eot.run(["vad", "--json", try Repository.sample()]).records()
        #expect(records.count >= 2)
        var last = 0.0
        for record in records {
            #expect(record.type == "segment" && record.keys == ["type", "start", "end"])
            let (start, end) = (try record.number("start"), try record.number("end"))
            #expect(last <= start && start < end)
            last = end
        }
        #expect(last <= 30.01)
        #expect(abs(try records[0].number("start") - 6.69) < 0.3)
    }

    @Test func `segments are the speech that detect tells`() async throws {
        let segments = try await Eot.run(["vad", "--json", try Repository.sample()]).records()
        let events = try await Eot.run(["detect", "--json", try Repository.sample()]).records()
        let starts = events.filter { $0.type == "speech_started" }
        let ends = events.filter { $0.type == "speech_ended" }
        #expect(try segments.map { try $0.number("start") } == starts.map { try $0.number("time") })
        #expect(try segments.map { try $0.number("end") } == ends.map { try $0.number("time") })
    }

    @Test func `each window of 32 ms has a line`() async throws {
        let seconds = 1.0
        let records = try await Eot.run(
            ["vad", "--frames", "--json", "-"], input: WAV.silence(seconds: seconds)
        ).records()
        #expect(records.count == 32)  // 31.25, the last one filled up
        for (index, record) in records.enumerated() {
            #expect(record.type == "frame" && record.keys == ["type", "time", "probability"])
            #expect(abs(try record.number("time") - Double(index + 1) * 0.032) < 1e-9)
            #expect(try record.number("probability") < 0.1)
        }
    }

    @Test func `people get one line a segment`() async throws {
        let people = try await Eot.run(["vad", try Repository.sample()])
        let records = try await Eot.run(["vad", "--json", try Repository.sample()]).records()
        #expect(people.status == 0 && people.errors.isEmpty)
        #expect(people.outputLines.count == records.count)
    }
}
