import TurnCore

/// Interleaved samples become mono floats: channels are averaged, integers scaled by 1/32768.
///
/// Float samples that are not finite, or larger than a million (120 dB over full scale), count as 0, so that no later
/// sum overflows.
package enum MixDown {
    /// Larger samples are damage.
    private static let largestMagnitude: Float = 1_000_000

    /// Mixes as many sample frames as the target holds.
    ///
    /// - Parameters:
    ///   - frame: the audio.
    ///   - first: the first sample frame that is wanted.
    ///   - target: filled wholly; the frame has so many sample frames from `first` on.
    package static func mix(
        _ frame: AudioFrame, from first: Int, into target: UnsafeMutableBufferPointer<Float>
    ) {
        let channelCount = frame.format.channelCount
        switch frame.samples {
        case .int16(let samples):
            samples.withUnsafeBufferPointer { mix($0, channelCount: channelCount, from: first, into: target) }
        case .float32(let samples):
            samples.withUnsafeBufferPointer { mix($0, channelCount: channelCount, from: first, into: target) }
        }
    }

    static func mix(
        _ samples: UnsafeBufferPointer<Int16>, channelCount: Int, from first: Int,
        into target: UnsafeMutableBufferPointer<Float>
    ) {
        mix(samples, channelCount, first, target) { Float($0) * (1 / 32_768) }
    }

    static func mix(
        _ samples: UnsafeBufferPointer<Float>, channelCount: Int, from first: Int,
        into target: UnsafeMutableBufferPointer<Float>
    ) {
        mix(samples, channelCount, first, target) { abs($0) <= largestMagnitude ? $0 : 0 }
    }

    @inline(__always)
    private static func mix<Sample>(
        _ samples: UnsafeBufferPointer<Sample>, _ channelCount: Int, _ first: Int,
        _ target: UnsafeMutableBufferPointer<Float>, _ value: (Sample) -> Float
    ) {
        if channelCount == 1 {
            for index in 0..<target.count { target[index] = value(samples[first + index]) }
            return
        }
        let share = 1 / Float(channelCount)
        for index in 0..<target.count {
            let start = (first + index) * channelCount
            var sum: Float = 0
            for channel in start..<(start + channelCount) { sum += value(samples[channel]) }
            target[index] = sum * share
        }
    }
}
