import TurnCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

/// The log-mel spectrogram that Smart Turn v3 reads: Whisper's features of an 8 s window, its waveform
/// normalised to zero mean and unit variance.
///
/// Values equal those of the numpy original (`pipecat-ai`) to float32 rounding: mean and variance are summed in
/// float32 in numpy's order, all after that is double. Safe to use from many threads at once.
///
/// Source: Radford et al. 2022 (Whisper), section 2.2; `WhisperFeatureExtractor` of Hugging Face Transformers.
public struct LogMelFeatures: Sendable {
    /// Samples of one window: 8 s at 16 kHz.
    public static let windowSampleCount = 128_000
    /// Mel bands.
    public static let melCount = MelFilterbank.filterCount
    /// Frames of 25 ms, one each 10 ms.
    public static let frameCount = 800

    private static let hop = 160
    private static let melFloor = 1e-10
    private static let varianceEpsilon: Float = 1e-7
    /// Powers of ten below the loudest value that are kept.
    private static let dynamicRange = 8.0

    private let fft = RealFFT()
    private let filterbank = MelFilterbank()
    /// Periodic Hann, 400 points.
    private let window: [Double]

    public init() {
        window = (0..<RealFFT.size).map {
            0.5 - 0.5 * cos(2 * Double.pi * Double($0) / Double(RealFFT.size))
        }
    }

    /// The features of the audio that ends where `audio` ends.
    ///
    /// - Parameter audio: mono samples at 16 kHz in -1...1. Of more than ``windowSampleCount`` the last ones
    ///   count; fewer are led by zeros, which take part in mean and variance.
    /// - Returns: 80 x 800 values, mel band by mel band. Silence gives -1.5 everywhere.
    public func callAsFunction(_ audio: UnsafeBufferPointer<Float>) -> [Float] {
        var features = [Float](repeating: 0, count: Self.melCount * Self.frameCount)
        features.withUnsafeMutableBufferPointer { compute(audio, into: $0) }
        return features
    }

    /// ``callAsFunction(_:)`` into memory of the caller's: exactly 80 x 800 values.
    public func compute(_ audio: UnsafeBufferPointer<Float>, into features: UnsafeMutableBufferPointer<Float>)
    {
        precondition(features.count == Self.melCount * Self.frameCount, "80 x 800 features")
        let margin = RealFFT.size / 2
        let padded = UnsafeMutableBufferPointer<Float>.allocate(
            capacity: Self.windowSampleCount + 2 * margin)
        defer { padded.deallocate() }
        normalise(
            audio,
            into: UnsafeMutableBufferPointer(rebasing: padded[margin..<(margin + Self.windowSampleCount)]))
        for index in 0..<margin {
            padded[margin - 1 - index] = padded[margin + 1 + index]
            padded[margin + Self.windowSampleCount + index] =
                padded[margin + Self.windowSampleCount - 2 - index]
        }

        let logMel = UnsafeMutableBufferPointer<Double>.allocate(capacity: features.count)
        defer { logMel.deallocate() }
        let maximum = spectrogram(padded, into: logMel)
        let floor = maximum - Self.dynamicRange
        for index in features.indices {
            features[index] = Float((max(logMel[index], floor) + 4) / 4)
        }
    }

    private func normalise(
        _ audio: UnsafeBufferPointer<Float>, into window: UnsafeMutableBufferPointer<Float>
    ) {
        let count = window.count
        let kept = min(audio.count, count)
        window[..<(count - kept)].update(repeating: 0)
        for index in 0..<kept { window[count - kept + index] = audio[audio.count - kept + index] }

        let mean = pairwiseSum(UnsafeBufferPointer(window)) / Float(count)
        let squares = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        defer { squares.deallocate() }
        for index in 0..<count {
            window[index] -= mean
            squares[index] = window[index] * window[index]
        }
        let variance = pairwiseSum(UnsafeBufferPointer(squares)) / Float(count)
        let deviation = (variance + Self.varianceEpsilon).squareRoot()
        for index in 0..<count { window[index] /= deviation }
    }

    /// log10 of the mel power, [mel][frame].
    ///
    /// - Returns: the largest value.
    private func spectrogram(
        _ padded: UnsafeMutableBufferPointer<Float>, into logMel: UnsafeMutableBufferPointer<Double>
    ) -> Double {
        let lanes = RealFFT.Lanes.scalarCount
        let scratch = RealFFT.Scratch()
        let power = UnsafeMutablePointer<RealFFT.Lanes>.allocate(capacity: RealFFT.binCount)
        defer { power.deallocate() }
        var maximum = -Double.infinity
        // the 801st frame is dropped before the maximum is taken, so it need not be computed
        for frame in stride(from: 0, to: Self.frameCount, by: lanes) {
            let start = padded.baseAddress! + frame * Self.hop
            for index in 0..<RealFFT.size {
                var samples = RealFFT.Lanes()
                for lane in 0..<lanes { samples[lane] = Double(start[lane * Self.hop + index]) }
                scratch.samples[index] = samples * window[index]
            }
            fft.power(scratch, power)
            for (mel, filter) in filterbank.filters.enumerated() {
                var sum = RealFFT.Lanes()
                for (index, weight) in filter.weights.enumerated() {
                    sum += weight * power[filter.firstBin + index]
                }
                for lane in 0..<lanes {
                    let value = log10(max(Self.melFloor, sum[lane]))
                    maximum = max(maximum, value)
                    logMel[mel * Self.frameCount + frame + lane] = value
                }
            }
        }
        return maximum
    }
}
