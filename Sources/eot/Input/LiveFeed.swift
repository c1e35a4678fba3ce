import Foundation
import TurnAudio
import TurnCore
import TurnDetection

/// Reads audio that comes when it comes, on a thread of its own: reading blocks, and the threads of tasks are few.
final class LiveFeed: @unchecked Sendable {
    // The reader is touched by the one thread of run() alone.
    private let reader: AudioFileReader
    private let session: TurnSession

    init(_ reader: AudioFileReader, _ session: TurnSession) {
        self.reader = reader
        self.session = session
    }

    /// Pushes audio until it ends.
    ///
    /// - Returns: the number of samples a channel.
    /// - Throws: what reading throws.
    func run() async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [self] in continuation.resume(with: Result { try readAll() }) }
        }
    }

    private func readAll() throws -> Int {
        var sampleCount = 0
        while let frame = try reader.readFrame(maximumSampleCount: reader.format.sampleRate / 50) {
            sampleCount += frame.sampleCount
            session.push(frame)
        }
        return sampleCount
    }
}
