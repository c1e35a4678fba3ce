import CTurnKernelChecks
import CTurnKernels
import Testing
import TurnCore
import TurnInference

#if os(Linux) || os(macOS)
    import Foundation
#endif

/// Every kernel against the scalar ones: sizes around the tiles, odd strides, extremes, poisoned outputs.
@Suite struct KernelTests {
    private final class Failures {
        var lines: [String] = []
    }

    private static func collect(
        _ check: (
            @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>) -> Void, UnsafeMutableRawPointer
        )
            -> Int
    ) -> (count: Int, failures: [String]) {
        let failures = Failures()
        let count = check(
            { context, line in
                Unmanaged<Failures>.fromOpaque(context!).takeUnretainedValue().lines.append(
                    String(cString: line))
            }, Unmanaged.passUnretained(failures).toOpaque())
        return withExtendedLifetime(failures) { (count, failures.lines) }
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func `the 8-bit path's kernels equal the scalar ones to the bit, float32 ones to rounding`(name: String)
        throws
    {
        let set = try #require(turn_kernels_named(name))
        let scalar = try #require(turn_kernels_named("scalar"))
        let (count, failures) = Self.collect { turn_check_kernels(set, scalar, $0, $1) }
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
        #expect(count > 2_000)
    }

    /// exp to 4e-7, tanh to 3e-7, the sigmoid to 4e-7 of the value; GELU to 2e-6.
    @Test(arguments: KernelSet.available.map(\.name))
    func `functions of one number equal the C library's in double`(name: String) throws {
        let set = try #require(turn_kernels_named(name))
        let (count, failures) = Self.collect { turn_check_functions(set, $0, $1) }
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
        #expect(count > 500_000)
    }

    @Test func `scalar is always there, and the best set is the first one that runs`() throws {
        #expect(KernelSet.allNames.last == "scalar")
        #expect(KernelSet.available.last?.name == "scalar")
        #expect(KernelSet.available.first == KernelSet.best)
        #expect(try KernelSet(named: "scalar").name == "scalar")
    }

    @Test func `kernels that this processor lacks are an error that names the others`() throws {
        let missing = KernelSet.allNames.filter { name in !KernelSet.available.contains { $0.name == name } }
        for name in missing + ["", "AVX2", "sse9"] {
            let error = try #require(throws: TurnError.self) { _ = try KernelSet(named: name) }
            #expect(error.code == .invalidArgument)
            #expect(error.message.contains("scalar"))
        }
    }

    #if os(Linux) || os(macOS)
        private static let script = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("scripts/kernels/check.sh")

        private static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["bash", script.path] + arguments
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, output)
        }

        private static func check(_ kind: String) throws {
            let (status, output) = try run([kind])
            #expect(status == 0, "\(output)")
            #expect(output.contains(" 0 failures"))
        }

        /// Compiled with SIMDe's emulation of their intrinsics.
        @Test(
            .tags(.foreignProcessor),
            .enabled("scripts/kernels/check.sh install fetches what this needs") {
                try run(["available", "emulated"]).status == 0
            })
        func `AVX-512 VNNI and AVX-VNNI equal the scalar kernels`() throws { try Self.check("emulated") }

        /// Cross-compiled and run under qemu.
        @Test(
            .tags(.foreignProcessor),
            .enabled("scripts/kernels/check.sh install fetches what this needs") {
                try run(["available", "arm"]).status == 0
            })
        func `the NEON sets equal the scalar kernels`() throws { try Self.check("arm") }
    #endif
}

extension Tag {
    /// Needs a compiler and an emulator beside Swift.
    @Tag static var foreignProcessor: Self
}
