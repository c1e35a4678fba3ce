import TurnAudio
import TurnCore
import TurnLoad

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The recordings that sessions play.
struct LoadRecordings {
    private let files: [String]
    private let audio: AudioOptions
    private let kernel: KernelOptions

    /// No files stand for the sample conversation.
    init(_ files: [String], audio: AudioOptions, kernel: KernelOptions) {
        self.files = files
        self.audio = audio
        self.kernel = kernel
    }

    /// Reads all of them and finds their pauses.
    ///
    /// - Throws: ``TurnError`` for files that cannot be read, that have no pause, and for a missing model.
    func read() throws(TurnError) -> [LoadAudio] {
        let model = try kernel.loadVoiceActivity()
        var recordings: [LoadAudio] = []
        for file in files.isEmpty ? [try Self.sample()] : files {
            let samples = try audio.open(file).readMono16kHz()
            do throws(TurnError) {
                recordings.append(try LoadAudio(recording: samples, model: model))
            } catch {
                throw TurnError(error.code, "\(file): \(error.message)")
            }
        }
        return recordings
    }

    /// The path of the sample conversation, which is fetched to beside the models.
    private static func sample() throws(TurnError) -> String {
        let paths = ModelLocator.folders.map { $0 + "/../audio/sample.wav" }
        guard let path = paths.first(where: { access($0, F_OK) == 0 }) else {
            throw TurnError(
                .fileMissing,
                "the sample conversation is not here; give recorded speech, or run `make sample`")
        }
        return path
    }
}
