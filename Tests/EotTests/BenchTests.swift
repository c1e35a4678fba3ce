import Testing

@Suite struct BenchTests {
    @Test func `the figures have the contract's shape`() async throws {
        let records = try await Eot.run(["bench", "--json", "--iterations", "2", "--warm-up", "0"]).records()
        try #require(records.count == 1)
        let bench = records[0]
        #expect(bench.type == "bench")
        #expect(
            bench.keys == [
                "type", "kernel", "threads", "features_ms", "encoder_ms", "predict_ms", "vad_us", "load_ms",
                "rss_mb", "streams",
            ])
        for key in ["features_ms", "encoder_ms", "predict_ms", "vad_us"] {
            let values = try bench.object(key)
            let (median, p90, p99) = (values["median"] ?? 0, values["p90"] ?? 0, values["p99"] ?? 0)
            #expect(values.count == 3 && 0 < median && median <= p90 && p90 <= p99, "\(key): \(values)")
        }
        #expect(try bench.string("kernel").isEmpty == false)
        #expect(try bench.number("threads") >= 1)
        #expect(try bench.number("load_ms") > 0)
        // The weights alone take 8.7 MB.
        #expect(try bench.number("rss_mb") > 8)
    }

    /// The window of 8 s alone takes 512 KB.
    @Test func `a further stream takes less than 600 KB, and predictions a second are told`() async throws {
        let options = ["bench", "--json", "--iterations", "1", "--warm-up", "0", "--streams", "40"]
        let streams = try await Eot.run(options).records()[0].object("streams")
        #expect(streams["count"] == 40)
        let size = streams["kb_per_stream"] ?? 0
        #expect(500 < size && size <= 600, "\(size) KB")
        #expect(streams["per_second_1_thread"] ?? 0 > 0 && streams["per_second_2_threads"] ?? 0 > 0)
    }

    @Test(arguments: [
        ["--iterations", "0"], ["--iterations", "1e9"], ["--warm-up=-1"], ["--streams", "0"],
    ])
    func `counts out of range are 78`(_ options: [String]) async throws {
        try await Eot.run(["bench"] + options).expectFailure(78)
    }

    @Test func `kernels, threads and a recording can be chosen`() async throws {
        let options = ["--kernel", "scalar", "--threads", "2", "--audio", try Repository.sample()]
        let arguments = ["bench", "--json", "--iterations", "1", "--warm-up", "0"]
        let bench = try await Eot.run(arguments + options).records()[0]
        #expect(try bench.string("kernel") == "scalar")
        #expect(try bench.number("threads") == 2)
        let byVariable = try await Eot.run(arguments, environment: ["EOT_KERNEL": "scalar"]).records()[0]
        #expect(try byVariable.string("kernel") == "scalar")
        try await Eot.run(arguments, environment: ["EOT_KERNEL": "nonsense"]).expectFailure(78)
    }
}
