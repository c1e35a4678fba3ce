import Foundation
import Testing

#if os(Linux)
    /// Colours and the progress bar: on a terminal only, never colours with NO_COLOR.
    @Suite struct TerminalTests {
        @Test(arguments: [nil, "1", ""])
        func `colours appear on a terminal unless NO_COLOR is set`(_ noColor: String?) async throws {
            let terminal = try PseudoTerminal()
            let result = try await Eot.run(
                ["models"], environment: ["NO_COLOR": noColor, "TERM": "xterm"], output: terminal.child)
            #expect(result.status == 0)
            let text = terminal.readAvailable()
            #expect(text.contains("smart-turn-v3.2"))
            #expect(text.contains("\u{1b}[") == (noColor == nil))
        }

        /// That nothing shows elsewhere is part of the tests of `eot score`.
        @Test func `long work shows a bar on a terminal, and takes it away`() async throws {
            let terminal = try PseudoTerminal()
            let scratch = try Scratch()
            // A hundred predictions: more than the half second after which the bar appears.
            let manifest = try Conversations.manifest(scratch, turns: 4)
            let result = try await Eot.run(["score", "--jobs", "1", manifest], errors: terminal.child)
            #expect(result.status == 0)
            #expect(result.outputLines.count > 100)
            let text = terminal.readAvailable()
            #expect(text.contains("score [###"))
            #expect(text.hasSuffix("\r\u{1b}[2K"))
        }
    }

    /// A terminal without a screen.
    private struct PseudoTerminal {
        let child: FileHandle
        private let parent: Int32

        init() throws {
            parent = open("/dev/ptmx", O_RDWR | O_NOCTTY)
            try #require(parent >= 0)
            // TIOCSPTLCK unlocks the terminal, TIOCGPTN tells its number.
            var lock: Int32 = 0
            var number: UInt32 = 0
            try #require(ioctl(parent, 0x4004_5431, &lock) == 0 && ioctl(parent, 0x8004_5430, &number) == 0)
            let descriptor = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
            try #require(descriptor >= 0)
            child = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        }

        /// What was written to the terminal so far.
        func readAvailable() -> String {
            _ = fcntl(parent, F_SETFL, O_NONBLOCK)
            var bytes: [UInt8] = []
            var block = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = read(parent, &block, block.count)
                guard count > 0 else { break }
                bytes += block[..<count]
            }
            close(parent)
            return String(decoding: bytes, as: UTF8.self)
        }
    }
#endif
