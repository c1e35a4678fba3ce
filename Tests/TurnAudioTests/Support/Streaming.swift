import TurnAudio
import TurnCore

extension Resampler {
    /// ``process(_:_:)`` for arrays.
    mutating func process(_ input: [Float]) -> [Float] {
        var result: [Float] = []
        input.withUnsafeBufferPointer { process($0) { result.append(contentsOf: $0) } }
        return result
    }

    /// ``flush(_:)`` for arrays.
    mutating func flush() -> [Float] {
        var result: [Float] = []
        flush { result.append(contentsOf: $0) }
        return result
    }
}

extension AudioIngress {
    /// ``push(_:_:)`` for arrays.
    mutating func push(_ frame: AudioFrame) throws(TurnError) -> [Float] {
        var result: [Float] = []
        try push(frame) { result.append(contentsOf: $0) }
        return result
    }

    /// ``flush(_:)`` for arrays.
    mutating func flush() -> [Float] {
        var result: [Float] = []
        flush { result.append(contentsOf: $0) }
        return result
    }
}

extension AudioFrame.Samples {
    /// Full scale 1, whatever the encoding.
    var floats: [Float] {
        switch self {
        case .int16(let values): values.map { Float($0) / 32_768 }
        case .float32(let values): values
        }
    }
}

extension AudioFileReader {
    /// Every sample, interleaved, in pieces of at most `maximumSampleCount` sample frames.
    func readAll(maximumSampleCount: Int = 4096) throws(TurnError) -> [Float] {
        var result: [Float] = []
        while let frame = try readFrame(maximumSampleCount: maximumSampleCount) {
            result += frame.samples.floats
        }
        return result
    }
}
