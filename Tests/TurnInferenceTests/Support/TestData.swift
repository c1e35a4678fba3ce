import Foundation

/// The files that tests read: golden values beside the tests, and what `make test-data` puts under `.eot/`.
enum TestData {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The path of a file under `.eot/`.
    ///
    /// - Throws: ``MissingFile``.
    static func path(_ name: String) throws -> String {
        let path = root.appendingPathComponent(".eot").appendingPathComponent(name).path
        guard FileManager.default.fileExists(atPath: path) else { throw MissingFile(name: name) }
        return path
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// A file of golden values, made by `scripts/oracle/make_goldens.py`.
    static func golden<Golden: Decodable>(_ name: String, as type: Golden.Type) throws -> Golden {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures").appendingPathComponent(name)
        return try JSONDecoder().decode(type, from: Data(contentsOf: file))
    }

    struct MissingFile: Error, CustomStringConvertible {
        let name: String
        var description: String { ".eot/\(name) is missing; run `make test-data`" }
    }
}

/// The samples of a mono 16-bit PCM WAV file, read independently of the library's reader.
struct Recording: Sendable {
    let samples: [Int16]
    let sampleRate: Int

    init(_ name: String) throws {
        let bytes = try TestData.bytes(name)
        func number(_ offset: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        var offset = 12
        var rate = 0
        while offset + 8 <= bytes.count {
            let kind = String(decoding: bytes[offset..<(offset + 4)], as: UTF8.self)
            let size = number(offset + 4, 4)
            if kind == "fmt " { rate = number(offset + 12, 4) }
            if kind == "data" {
                samples = (0..<(size / 2)).map { Int16(truncatingIfNeeded: number(offset + 8 + 2 * $0, 2)) }
                sampleRate = rate
                return
            }
            offset += 8 + size + size % 2
        }
        throw TestData.MissingFile(name: name)
    }

    /// Samples as the models take them; 1/32768 a step is exact.
    func floats(_ range: Range<Int>? = nil) -> [Float] {
        samples[range ?? 0..<samples.count].map { Float($0) / 32_768 }
    }
}

/// Inputs of `scripts/oracle/make_goldens.py` that are made, not recorded; exact in 16 bits.
enum SyntheticInput {
    static func samples(_ name: String) -> [Float]? {
        let count = 128_000
        func wave(_ amplitude: Double, _ hertz: Double) -> [Double] {
            (0..<count).map {
                (amplitude * sin(2 * Double.pi * hertz * Double($0) / 16_000)).rounded(.toNearestOrEven)
            }
        }
        let values: [Double]
        switch name {
        case "empty": values = []
        case "silence": values = Array(repeating: 0, count: count)
        case "one-sample": values = [16_384]
        case "sine": values = wave(16_384, 440)
        case "clipped": values = wave(80_000, 220).map { min(max($0, -32_768), 32_767) }
        case "impulse": values = (0..<count).map { $0 == 100_000 ? 32_767 : 0 }
        case "offset": values = Array(repeating: 8_192, count: count)
        case "step": values = Array(repeating: 8_192, count: 64_000)
        case "noise":
            var state = 1
            values = (0..<count).map { _ in
                state = (state * 1_103_515_245 + 12_345) % (1 << 31)
                return Double((state >> 15) - 32_768)
            }
        default: return nil
        }
        return values.map { Float($0) / 32_768 }
    }
}

/// `body` of every item, on all cores, results in the items' order.
func concurrentMap<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        for (index, item) in items.enumerated() { group.addTask { (index, try body(item)) } }
        var results = [Result?](repeating: nil, count: items.count)
        for try await (index, result) in group { results[index] = result }
        return results.compactMap { $0 }
    }
}
