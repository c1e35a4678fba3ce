import Foundation
public import TurnCore

/// A ``TurnModel`` that answers from a list, and notes what it was shown. When the list is used up its last answer
/// stands.
///
/// `@unchecked Sendable`: the state is touched only while `lock` is held.
public final class ScriptedTurnModel: TurnModel, @unchecked Sendable {
    public let name = "scripted"
    public let windowSampleCount: Int
    private let lock = NSLock()
    private var answers: [Float?]
    private var shown: [Int] = []

    /// - Parameters:
    ///   - answers: probabilities in order; nil makes the prediction throw.
    ///   - windowSampleCount: 8 s by default, as Smart Turn.
    public init(_ answers: [Float?], windowSampleCount: Int = 128_000) {
        self.answers = answers
        self.windowSampleCount = windowSampleCount
    }

    /// Length of the audio of each prediction so far.
    public var sampleCounts: [Int] { lock.withLock { shown } }

    public func predict(_ audio: UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction {
        let answer: Float? = lock.withLock {
            shown.append(audio.count)
            return answers.count > 1 ? answers.removeFirst() : answers.first ?? nil
        }
        guard let answer else { throw TurnError(.inference, "the script says so; nothing to do") }
        return ModelPrediction(probability: answer)
    }
}

/// A ``SpeechActivityModel`` that calls a window speech when its mean magnitude is above 0.1.
public struct EnergySpeechModel: SpeechActivityModel {
    public let name = "energy"
    public let windowSampleCount = 512

    public init() {}

    public func makeStream() -> any SpeechActivityStream { Stream() }

    private struct Stream: SpeechActivityStream {
        func probability(of window: UnsafeBufferPointer<Float>) -> Float {
            window.reduce(0) { $0 + abs($1) } > 0.1 * Float(window.count) ? 0.9 : 0.1
        }

        mutating func reset() {}
    }
}
