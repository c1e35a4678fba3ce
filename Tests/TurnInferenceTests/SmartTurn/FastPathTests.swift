import Testing
import TurnCore
import TurnInference
import TurnTesting

/// The 8-bit path against the float32 oracle.
@Suite struct FastPathTests {
    private static func predict(
        _ model: SmartTurnModel, _ windows: [GoldenWindows.Window]
    ) async throws -> [Float] {
        let recordings = try Dictionary(
            uniqueKeysWithValues: Set(windows.map(\.file)).map { ($0, try Recording($0)) })
        return try await concurrentMap(windows) { window in
            try model.predict(recordings[window.file]!.floats(window.start..<window.end)).probability
        }
    }

    private static func everySixtieth() throws -> [GoldenWindows.Window] {
        try GoldenWindows.load().windows.enumerated().filter { $0.offset % 60 == 0 }.map(\.element)
    }

    /// The bounds are the project's promise; measured: mean 0.0052, 95 % within 0.027, one flip. onnxruntime on the
    /// shipped file: mean 0.08 with VNNI, 11 flips; 0.13 without, 22 flips.
    @Test func `probabilities stay close to the float32 model's`() async throws {
        let windows = try GoldenWindows.load().windows
        #expect(windows.count >= 150)
        let found = try await Self.predict(TestModels.fast(), windows)
        var differences = Differences()
        var flips = 0
        for (window, p) in zip(windows, found) {
            differences.add(p, window.p)
            if (p > 0.5) != (window.p > 0.5) { flips += 1 }
        }
        let sorted = differences.values.sorted()
        #expect(differences.mean <= 0.012)
        #expect(sorted[sorted.count * 95 / 100] <= 0.06)
        #expect(flips * 50 <= windows.count)
        print("Smart Turn, fast: \(differences), p95 \(sorted[sorted.count * 95 / 100]), \(flips) flips")
    }

    /// Tokens at the edges, whose convolutions reach into the padding, are no further from the float path than others.
    @Test func `the padding beside the window is zero`() throws {
        let window = try #require(GoldenWindows.load().windows.first)
        let samples = try Recording(window.file).floats(window.start..<window.end)
        let features = samples.withUnsafeBufferPointer { LogMelFeatures()($0) }
        let path = try TestData.path(TestModels.shippedFile)
        let embeddings = try SmartTurnModel.Precision.allCases.map { precision in
            var seen: [Float] = []
            _ = try SmartTurnModel(contentsOf: path, precision: precision).probability(features: features) {
                if $0 == .embedding { seen = Array($1) }
            }
            return seen
        }
        let width = 384
        let errors = stride(from: 0, to: embeddings[0].count, by: width).map { start in
            (start..<start + width).reduce(Float(0)) { $0 + abs(embeddings[0][$1] - embeddings[1][$1]) }
        }
        let usual = errors.sorted()[errors.count / 2]
        #expect(errors.count == 400)
        // measured: 0.9 and 2.3 times; 140 where the padding is not zero
        #expect(errors[0] < 10 * usual && errors[399] < 10 * usual)
    }

    @Test(arguments: KernelSet.available.dropFirst().map(\.name))
    func `all kernels give the same answers`(name: String) async throws {
        let windows = try Self.everySixtieth()
        for precision in SmartTurnModel.Precision.allCases {
            let path = try TestData.path(TestModels.shippedFile)
            let best = try SmartTurnModel(contentsOf: path, precision: precision)
            let other = try SmartTurnModel(
                contentsOf: path, precision: precision, kernels: KernelSet(named: name))
            #expect(other.kernels.name == name)
            let expected = try await Self.predict(best, windows)
            let found = try await Self.predict(other, windows)
            for (a, b) in zip(expected, found) {
                #expect(abs(a - b) <= 1e-5, "\(name), \(precision)")
            }
        }
    }

    @Test func `a float32 file gives the same answers, weights rounded when it is read`() async throws {
        let windows = try Self.everySixtieth()
        let file = try SmartTurnModel(contentsOf: TestData.path(TestModels.float32File), precision: .fast)
        let found = try await Self.predict(file, windows)
        let expected = try await Self.predict(TestModels.fast(), windows)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 0.02) }
    }

    @Test(arguments: [2, 3])
    func `threads change nothing but time`(threads: Int) async throws {
        let model = try SmartTurnModel(contentsOf: TestData.path(TestModels.shippedFile), threads: threads)
        let windows = try Self.everySixtieth()
        let expected = try await Self.predict(TestModels.fast(), windows)
        #expect(try await Self.predict(model, windows) == expected)
    }

    @Test(arguments: [0, -1, 17])
    func `a number of threads that makes no sense is an error`(threads: Int) throws {
        let error = try #require(throws: TurnError.self) {
            _ = try SmartTurnModel(contentsOf: TestData.path(TestModels.shippedFile), threads: threads)
        }
        #expect(error.code == .invalidArgument)
    }

    /// Gaussian noise of 1e-3 on the features; the shipped file's activation grid moves by 0.05.
    @Test func `noise on the features moves the answer by 0.01 on average at most`() async throws {
        let model = try TestModels.fast()
        let compute = LogMelFeatures()
        var generator = SeededGenerator(seed: 3)
        var differences = Differences()
        for window in try GoldenWindows.load().windows.enumerated().filter({ $0.offset % 12 == 0 }).map(
            \.element)
        {
            var features = try Recording(window.file).floats(window.start..<window.end)
                .withUnsafeBufferPointer { compute($0) }
            let p = try model.probability(features: features)
            for index in features.indices {
                // the sum of twelve uniform values is close to a Gaussian of variance 1
                let sum = (0..<12).reduce(Float(-6)) { sum, _ in
                    sum + Float.random(in: 0..<1, using: &generator)
                }
                features[index] += 1e-3 * sum
            }
            differences.add(try model.probability(features: features), p)
        }
        #expect(differences.mean <= 0.01)
        print("Smart Turn, fast, noise of 1e-3: \(differences)")
    }

    @Test func `many threads get the answers that one gets`() async throws {
        let model = try TestModels.fast()
        let recording = try Recording("audio/sample.wav")
        let windows = (0..<4).map { recording.floats(0..<((3 + 6 * $0) * 16_000)) }
        let alone = try windows.map { try model.predict($0).probability }
        let together = try await concurrentMap(Array(0..<16)) {
            try model.predict(windows[$0 % 4]).probability
        }
        for (index, p) in together.enumerated() { #expect(p == alone[index % 4]) }
    }

    @Test func `audio that is no number is refused`() throws {
        for bad in [Float.nan, .infinity, -.infinity] {
            var samples = try Recording("audio/sample.wav").floats(0..<32_000)
            samples[1_000] = bad
            let error = try #require(throws: TurnError.self) { _ = try TestModels.fast().predict(samples) }
            #expect(error.code == .inference)
        }
    }
}
