#if os(macOS) || os(Linux)
    import Foundation
    import Testing
    import TurnAudio
    import TurnCore
    import TurnTesting

    /// The way through an `ffmpeg`, with scripts in its place: what they are called with and what comes of their
    /// output.
    @Suite struct FFmpegDecoderTests {
        static let song = Array("fLaC, or so it says, and long enough to sniff at".utf8)

        /// A folder with a file to decode and an ffmpeg that is the script.
        static func folder(_ script: String) throws -> (TemporaryFolder, file: String) {
            let folder = try TemporaryFolder()
            _ = try folder.write(Array("#!/bin/sh\n\(script)\n".utf8), to: "ffmpeg", isExecutable: true)
            return (folder, try folder.write(song, to: "song.flac"))
        }

        @Test func `other formats are decoded by the ffmpeg on the path`() throws {
            let (folder, file) = try Self.folder(
                "echo \"$@\" > \"$(dirname \"$0\")/arguments\"; cat \"$(dirname \"$0\")/out.wav\"")
            _ = try folder.write(WAVBytes.pcm16(WAVHeaderTests.samples, format: .mono16kHz), to: "out.wav")
            let reader = try AudioFileReader(path: file, decoderSearchPath: "/nowhere:\(folder.path)")
            #expect(try reader.readAll() == WAVHeaderTests.samples.map { Float($0) / 32_768 })
            let arguments = try String(contentsOfFile: folder.path + "/arguments", encoding: .utf8)
            #expect(arguments.contains("-i file:\(file) "))
            #expect(arguments.contains("-protocol_whitelist file,pipe"))
        }

        @Test func `a WAV of a compressed format goes the same way`() throws {
            let (folder, _) = try Self.folder("cat \"$(dirname \"$0\")/out.wav\"")
            _ = try folder.write(WAVBytes.pcm16([7, 8], format: .mono16kHz), to: "out.wav")
            var wav = WAVBuilder()
            wav.format(tag: 0x55, frameByteCount: 1, bits: 0)
            wav.chunk("data", [1, 2, 3, 4])
            let file = try folder.write(wav.bytes, to: "mp3.wav")
            #expect(try AudioFileReader(path: file, decoderSearchPath: folder.path).readAll().count == 2)
            let error = #expect(throws: TurnError.self) {
                _ = try AudioFileReader(path: file, decoderSearchPath: "")
            }
            #expect(error?.message.contains("format 85") == true)
        }

        @Test(arguments: ["exit 1", "echo nonsense", "printf RIFF"])
        func `what ffmpeg cannot decode is bad audio`(script: String) throws {
            let (folder, file) = try Self.folder(script)
            let error = #expect(throws: TurnError.self) {
                _ = try AudioFileReader(path: file, decoderSearchPath: folder.path)
            }
            #expect(error?.code == .invalidAudio)
        }

        @Test func `without an ffmpeg the error names it`() throws {
            let (folder, file) = try Self.folder("exit 0")
            _ = folder
            let error = #expect(throws: TurnError.self) {
                _ = try AudioFileReader(path: file, decoderSearchPath: "/nowhere")
            }
            #expect(error?.code == .invalidAudio)
            #expect(error?.message.contains("ffmpeg") == true)
        }

        /// The child writes forever; letting go of the reader ends it.
        @Test(.timeLimit(.minutes(15))) func `letting go of the reader ends the process`() throws {
            let (folder, file) = try Self.folder(
                "cat \"$(dirname \"$0\")/out.wav\"; while :; do echo 0123456789abcdef; done")
            var wav = WAVBuilder(riffByteCount: .max)
            wav.format()
            wav.chunk("data", [], declared: .max)
            _ = try folder.write(wav.bytes, to: "out.wav")
            var reader: AudioFileReader? = try AudioFileReader(path: file, decoderSearchPath: folder.path)
            #expect(try reader?.readFrame()?.sampleCount ?? 0 > 0)
            reader = nil
        }
    }
#endif
