import Dispatch
import TurnAudio
import TurnCore

/// Reads audio on a queue of its own: reading blocks until a pipe gives more, and the threads of tasks are few.
///
/// `@unchecked Sendable`: the reader is touched on the queue alone.
final class FrameSource: @unchecked Sendable {
    private let reader: AudioFileReader
    private let maximumSampleCount: Int
    private let queue = DispatchQueue(label: "eot.audio")

    /// - Parameters:
    ///   - reader: nobody else's from now on.
    ///   - maximumSampleCount: samples a channel in a frame, at most.
    init(_ reader: sending AudioFileReader, maximumSampleCount: Int) {
        self.reader = reader
        self.maximumSampleCount = maximumSampleCount
    }

    /// The next frame, when it is there; nil at the end.
    ///
    /// - Throws: what reading throws.
    func next() async throws -> AudioFrame? {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                continuation.resume(
                    with: Result { try reader.readFrame(maximumSampleCount: maximumSampleCount) })
            }
        }
    }
}
