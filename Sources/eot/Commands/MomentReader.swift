import TurnAudio
import TurnCore

/// Predictions at moments of a recording, in one pass over it and in the memory of one window.
struct MomentReader {
    /// A prediction and what it looked at.
    struct Moment {
        /// Where the audio ended, in samples at 16 kHz.
        let position: Int
        /// Samples at 16 kHz that were looked at.
        let sampleCount: Int
        let prediction: ModelPrediction
    }

    typealias Predictor = (UnsafeBufferPointer<Float>) throws(TurnError) -> ModelPrediction

    private let positions: [Int]
    private let windowSampleCount: Int

    /// - Parameters:
    ///   - positions: moments in samples at 16 kHz, in any order; none for the recording's end alone.
    ///   - windowSampleCount: samples that the model looks at, at most.
    init(at positions: [Int], windowSampleCount: Int) {
        self.positions = positions
        self.windowSampleCount = windowSampleCount
    }

    /// - Returns: one moment for each position, in their order; or the end's.
    /// - Throws: ``TurnError`` `.invalidArgument` for a position beyond the recording's end, and whatever reading
    ///   and predicting throw.
    func read(_ reader: AudioFileReader, _ predict: Predictor) throws(TurnError) -> [Moment] {
        var pass = Pass(
            order: positions.indices.sorted { positions[$0] < positions[$1] }, positions: positions,
            ring: SampleRing(capacity: windowSampleCount),
            scratch: [Float](repeating: 0, count: windowSampleCount))
        var ingress = AudioIngress()
        var failure: TurnError?
        func take(_ samples: UnsafeBufferPointer<Float>) {
            guard failure == nil else { return }
            do throws(TurnError) { try pass.take(samples, predict) } catch { failure = error }
        }
        while let frame = try reader.readFrame() {
            try ingress.push(frame) { take($0) }
            if let failure { throw failure }
        }
        ingress.flush { take($0) }
        if let failure { throw failure }

        guard !positions.isEmpty else { return [try pass.moment(predict)] }
        // A position is rounded to a sample, and so is the recording's end.
        while let next = pass.next, next <= pass.ring.totalCount + 1 { try pass.takeMoment(predict) }
        if let next = pass.next {
            let end = (Double(pass.ring.totalCount) / 16_000).fixed(3)
            throw TurnError(
                .invalidArgument,
                "--at \((Double(next) / 16_000).fixed(3)) lies beyond the recording's end; use 0 to \(end) seconds"
            )
        }
        return positions.indices.compactMap { pass.moments[$0] }
    }

    /// The state of one pass over a recording.
    private struct Pass {
        /// Indices of the positions, earliest first; those that are left.
        var order: [Int]
        let positions: [Int]
        var ring: SampleRing
        var scratch: [Float]
        var moments: [Int: Moment] = [:]

        /// The next position.
        var next: Int? { order.first.map { positions[$0] } }

        mutating func take(_ samples: UnsafeBufferPointer<Float>, _ predict: Predictor) throws(TurnError) {
            var rest = samples
            while let next, next <= ring.totalCount + rest.count {
                let count = next - ring.totalCount
                ring.append(UnsafeBufferPointer(rebasing: rest[..<count]))
                rest = UnsafeBufferPointer(rebasing: rest[count...])
                try takeMoment(predict)
            }
            ring.append(rest)
        }

        mutating func takeMoment(_ predict: Predictor) throws(TurnError) {
            moments[order.removeFirst()] = try moment(predict)
        }

        /// A prediction for the audio so far.
        mutating func moment(_ predict: Predictor) throws(TurnError) -> Moment {
            let count = scratch.withUnsafeMutableBufferPointer { ring.copyLast($0.count, into: $0) }
            let result = scratch.withUnsafeBufferPointer { buffer in
                Result { () throws(TurnError) in try predict(UnsafeBufferPointer(rebasing: buffer[..<count]))
                }
            }
            return Moment(position: ring.totalCount, sampleCount: count, prediction: try result.get())
        }
    }
}
