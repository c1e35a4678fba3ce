import Testing
import TurnCore
import TurnInference
import TurnTesting

#if os(Linux)
    import Foundation
#endif

/// Model files with bytes that nobody meant: an answer or an error, in bounded time and memory, never a trap.
@Suite struct HostileModelTests {
    private static let mutationCount = 10_000

    /// Loading a whole model takes a few hundredths of a second; the rest is for a busy machine.
    private static let longestLoad = Duration.seconds(5)

    enum Loader: String, Sendable, CaseIterable {
        case int8
        case float32
        case silero

        /// The whole file.
        var file: String {
            switch self {
            case .int8: TestModels.shippedFile
            case .float32: TestModels.float32File
            case .silero: TestModels.sileroFile
            }
        }

        /// The file without its larger tensors: the whole graph is read, the first weight is found missing.
        var skeleton: String { "fixtures/skeleton-\(rawValue).onnx" }

        func load(_ bytes: [UInt8]) throws {
            switch self {
            case .int8, .float32: _ = try DamagedModelTests.smartTurn(bytes)
            case .silero: _ = try DamagedModelTests.silero(bytes)
            }
        }

        /// Loads `bytes`, expects success or a plain error, and tells how long it took.
        func attempt(_ bytes: [UInt8], _ what: String) -> (isAccepted: Bool, duration: Duration) {
            var isAccepted = false
            let duration = ContinuousClock().measure {
                do {
                    try load(bytes)
                    isAccepted = true
                } catch let error as TurnError {
                    if error.code != .invalidModel { Issue.record("\(what): \(error)") }
                    expectOneLine(error)
                } catch {
                    Issue.record("\(what): \(error)")
                }
            }
            return (isAccepted, duration)
        }
    }

    @Test(arguments: [Loader.int8, .silero])
    func `ten thousand mutations of a file end in an error or a model`(loader: Loader) throws {
        let skeleton = try TestData.bytes(loader.skeleton)
        var generator = SeededGenerator(seed: 2_026)
        var longest = Duration.zero
        for index in 0..<Self.mutationCount {
            var bytes = skeleton
            Self.mutate(&bytes, within: [0..<bytes.count], &generator)
            longest = max(longest, loader.attempt(bytes, "mutation \(index)").duration)
        }
        #expect(longest < Self.longestLoad)
        print("\(loader) skeleton: longest load \(longest)")
    }

    /// Whole files, where weights are read too. Most single changes to weights make another valid model.
    @Test(arguments: Loader.allCases, [true, false])
    func `mutations of whole files end in an error or a model`(loader: Loader, inStructure: Bool) throws {
        let shipped = try TestData.bytes(loader.file)
        let ranges = inStructure ? ONNXBytes(shipped).structure : [0..<shipped.count]
        var generator = SeededGenerator(seed: inStructure ? 7 : 8)
        var longest = Duration.zero
        var acceptedCount = 0
        let count = loader == .silero ? 300 : 40
        for index in 0..<count {
            var bytes = shipped
            Self.mutate(&bytes, within: ranges, &generator)
            let (isAccepted, duration) = loader.attempt(bytes, "mutation \(index)")
            acceptedCount += isAccepted ? 1 : 0
            longest = max(longest, duration)
        }
        #expect(longest < Self.longestLoad)
        #expect(acceptedCount < count)
        print("\(loader): \(acceptedCount) of \(count) accepted, longest load \(longest)")
    }

    @Test(arguments: Loader.allCases)
    func `a file cut anywhere is refused`(loader: Loader) throws {
        let skeleton = try TestData.bytes(loader.skeleton)
        for count in stride(from: 0, to: skeleton.count, by: 97) {
            let attempt = loader.attempt(Array(skeleton.prefix(count)), "\(count) bytes")
            #expect(!attempt.isAccepted)
        }
    }

    /// One to eight changes: bits, bytes, numbers that mean a length, and pieces cut out, doubled or moved.
    private static func mutate(
        _ bytes: inout [UInt8], within ranges: [Range<Int>], _ generator: inout SeededGenerator
    ) {
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            guard !bytes.isEmpty else { return }
            let range = ranges[Int.random(in: 0..<ranges.count, using: &generator)]
            let index = min(Int.random(in: range, using: &generator), bytes.count - 1)
            let end = min(index + Int.random(in: 1...64, using: &generator), bytes.count)
            switch Int.random(in: 0..<16, using: &generator) {
            case 0...5: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 6...8: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 9: bytes[index] = [0x00, 0x7f, 0x80, 0xff][Int.random(in: 0..<4, using: &generator)]
            case 10: for place in index..<min(index + 9, bytes.count) { bytes[place] = 0xff }
            case 11: bytes.removeSubrange(index..<end)
            case 12: bytes.insert(contentsOf: Array(bytes[index..<end]), at: index)
            case 13:
                let piece = Array(bytes[index..<end])
                let target = Int.random(in: 0...(bytes.count - piece.count), using: &generator)
                bytes.replaceSubrange(target..<(target + piece.count), with: piece)
            case 14: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
            default:
                if Int.random(in: 0..<8, using: &generator) == 0 { bytes.removeLast(bytes.count - index) }
            }
        }
    }

    // MARK: Files made by hand

    struct Crafted: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let graph: @Sendable (inout ProtobufWriter) -> Void

        init(_ description: String, _ graph: @escaping @Sendable (inout ProtobufWriter) -> Void) {
            testDescription = description
            self.graph = graph
        }
    }

    private static func tensor(
        _ name: String, _ dimensions: [UInt64], type: UInt64 = 1, data: [UInt8] = []
    ) -> [UInt8] {
        .init(
            ProtobufWriter.build { writer in
                for dimension in dimensions { writer.varint(1, dimension) }
                writer.varint(2, type)
                writer.text(8, name)
                writer.message(9, data)
            })
    }

    private static func node(_ type: String, _ inputs: [String], _ output: String) -> [UInt8] {
        ProtobufWriter.build { writer in
            for input in inputs { writer.text(1, input) }
            writer.text(2, output)
            writer.text(4, type)
        }
    }

    private static func value(_ name: String) -> [UInt8] { ProtobufWriter.build { $0.text(1, name) } }

    private static let basis = "model.stft.forward_basis_buffer"

    static let crafted: [Crafted] = [
        Crafted("sizes whose product overflows") { graph in
            graph.message(5, tensor(basis, [1 << 62, 4, 1 << 40]))
        },
        Crafted("a negative size") { graph in graph.message(5, tensor(basis, [UInt64.max, 1, 256])) },
        Crafted("sizes beyond the data") { graph in
            graph.message(5, tensor(basis, [258, 1, 256], data: [1, 2, 3, 4]))
        },
        Crafted("sixty thousand sizes") { graph in
            graph.message(5, tensor(basis, [UInt64](repeating: 1, count: 60_000)))
        },
        Crafted("a hundred thousand tensors") { graph in
            for index in 0..<100_000 { graph.message(5, tensor("t\(index)", [0])) }
        },
        Crafted("two tensors of one name") { graph in
            for _ in 0..<2 { graph.message(5, tensor(basis, [0])) }
        },
        Crafted("a hundred thousand operations") { graph in
            graph.message(11, value("x0"))
            graph.message(12, value("x100000"))
            for index in 0..<100_000 {
                graph.message(1, node("Add", ["x\(index)", "x\(index)"], "x\(index + 1)"))
            }
        },
        Crafted("a chain of products") { graph in
            graph.message(11, value("x0"))
            graph.message(12, value("x8000"))
            for index in 0..<8_000 {
                graph.message(1, node("MatMul", ["x\(index)", "x\(index)"], "x\(index + 1)"))
            }
        },
        Crafted("operations with sixty inputs each") { graph in
            graph.message(11, value("x0"))
            graph.message(12, value("x8000"))
            for index in 0..<8_000 {
                graph.message(1, node("Add", [String](repeating: "x\(index)", count: 60), "x\(index + 1)"))
            }
        },
        Crafted("operations that need each other") { graph in
            graph.message(11, value("x"))
            graph.message(12, value("a"))
            graph.message(1, node("Add", ["x", "b"], "a"))
            graph.message(1, node("Add", ["x", "a"], "b"))
        },
        Crafted("operations without inputs or outputs") { graph in
            graph.message(11, value("x"))
            graph.message(12, value("x"))
            for type in [
                "Add", "Mul", "MatMul", "Gemm", "Conv", "Softmax", "DequantizeLinear", "LayerNormalization",
            ] {
                graph.message(1, ProtobufWriter.build { $0.text(4, type) })
                graph.message(1, node(type, ["x"], "y"))
                graph.message(1, node(type, ["", "", ""], ""))
            }
        },
        Crafted("names of a million letters") { graph in
            let long = String(repeating: "long", count: 250_000)
            graph.message(11, value("x"))
            graph.message(12, value("y"))
            graph.message(5, tensor(long, [7], data: [0]))
            graph.message(1, node(long, ["x", long], long))
        },
        Crafted("names with line breaks and terminal codes") { graph in
            let name = "\u{1b}[2J\n\r\u{9b}1mred\u{0}"
            graph.message(11, value("x"))
            graph.message(12, value("y"))
            for _ in 0..<2 { graph.message(5, tensor(name, [7], data: [0])) }
            graph.message(1, node(name, ["x"], name))
        },
        Crafted("an operation whose name breaks the line") { graph in
            graph.message(11, value("x"))
            graph.message(12, value("y"))
            graph.message(1, node("Te\nst\u{1b}[31m", ["x"], "o\u{7}\n"))
        },
        Crafted("bytes that are no text") { graph in
            graph.message(11, value("x"))
            graph.message(12, value("y"))
            graph.message(
                1,
                ProtobufWriter.build { node in
                    node.text(1, "x")
                    node.message(4, [0xff, 0xfe, 0xc3, 0x28, 0x80])
                    node.message(2, [0xff])
                })
        },
    ]

    @Test(arguments: crafted)
    func `a hostile graph is refused in a moment`(crafted: Crafted) throws {
        let graph = ProtobufWriter.build(crafted.graph)
        let bytes = ProtobufWriter.build { $0.message(7, graph) }
        for loader in [Loader.int8, .silero] {
            let (isAccepted, duration) = loader.attempt(bytes, crafted.testDescription)
            #expect(!isAccepted)
            #expect(duration < Self.longestLoad)
        }
    }

    #if os(Linux)
        /// Sizes that a file claims but does not hold must not be allocated. The whole test process, with both
        /// models and files in memory, stays near 300 MB.
        @Test func `memory stays bounded whatever sizes a file claims`() throws {
            for crafted in Self.crafted {
                let graph = ProtobufWriter.build(crafted.graph)
                for loader in [Loader.int8, .silero] {
                    _ = loader.attempt(ProtobufWriter.build { $0.message(7, graph) }, crafted.testDescription)
                }
            }
            let peak = try #require(ProcessMemory.peakResidentByteCount)
            print("peak resident memory of the test process: \(peak >> 20) MB")
            #expect(peak < 1 << 30)
        }
    #endif
}
