import CTurnKernels
import TurnCore

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

    private static let frameLength = 400
    private static let hop = 160
    private static let varianceEpsilon: Float = 1e-7
    /// Powers of ten below the loudest value that are kept.
    private static let dynamicRange = 8.0
    /// Frames that a kernel takes at once.
    private static let lanes = 4

    private let kernels: KernelSet
    private let transform = RealTransform(size: frameLength)
    private let filterbank: MelFilterbank

    /// - Parameter kernels: what computes; by default the fastest that this processor runs.
    public init(kernels: KernelSet = .best) {
        self.kernels = kernels
        filterbank = MelFilterbank(binCount: transform.binCount)
    }

    /// The features of the audio that ends where `audio` ends.
    ///
    /// - Parameter audio: mono samples at 16 kHz in -1...1. Of more than ``windowSampleCount`` the last ones
    ///   count; fewer are led by zeros, which take part in mean and variance.
    /// - Returns: 80 x 800 values, mel band by mel band. Silence gives -1.5 everywhere; a sample that is no number
    ///   makes all values none.
    public func callAsFunction(_ audio: UnsafeBufferPointer<Float>) -> [Float] {
        var features = [Float](repeating: 0, count: Self.melCount * Self.frameCount)
        features.withUnsafeMutableBufferPointer { compute(audio, into: $0) }
        return features
    }

    /// ``callAsFunction(_:)`` into memory of the caller's: exactly 80 x 800 values.
    public func compute(_ audio: UnsafeBufferPointer<Float>, into features: UnsafeMutableBufferPointer<Float>)
    {
        let padded = UnsafeMutablePointer<Float>.allocate(capacity: Self.paddedCount)
        defer { padded.deallocate() }
        compute(audio, into: features, padded: padded)
    }

    /// Samples of a window with what is mirrored on both sides.
    static let paddedCount = windowSampleCount + frameLength

    /// ``compute(_:into:)`` with memory for ``paddedCount`` values to work in.
    func compute(
        _ audio: UnsafeBufferPointer<Float>, into features: UnsafeMutableBufferPointer<Float>,
        padded: UnsafeMutablePointer<Float>
    ) {
        precondition(features.count == Self.melCount * Self.frameCount, "80 x 800 features")
        let table = kernels.table
        let margin = Self.frameLength / 2
        let window = padded + margin
        let kept = min(audio.count, Self.windowSampleCount)
        window.update(repeating: 0, count: Self.windowSampleCount - kept)
        if let start = audio.baseAddress {
            (window + Self.windowSampleCount - kept).update(from: start + audio.count - kept, count: kept)
        }
        table.pointee.f32_normalise(window, Self.windowSampleCount, Self.varianceEpsilon)
        // one sample that is no number makes the mean none, and so all samples
        guard window[0].isFinite else { return features.update(repeating: .nan) }
        for index in 0..<margin {
            window[-1 - index] = window[1 + index]
            window[Self.windowSampleCount + index] = window[Self.windowSampleCount - 2 - index]
        }

        let maximum = spectrogram(padded)
        for frame in stride(from: 0, to: Self.frameCount, by: Self.lanes) {
            table.pointee.f32_features(
                logMel(padded, frame), Self.melCount, maximum - Self.dynamicRange,
                features.baseAddress! + frame, Self.frameCount)
        }
    }

    /// Where four frames' log10 of the mel power goes, [mel][frame]: over the samples that no later frame reads, which
    /// take as many bytes (160 floats a frame, 80 doubles).
    private func logMel(_ padded: UnsafeMutablePointer<Float>, _ frame: Int) -> UnsafeMutablePointer<Double> {
        // only kernels touch it, and theirs may alias
        UnsafeMutableRawPointer(padded + frame * Self.hop).assumingMemoryBound(to: Double.self)
    }

    /// log10 of the mel power in place of the samples.
    ///
    /// - Returns: the largest value.
    private func spectrogram(_ padded: UnsafeMutablePointer<Float>) -> Double {
        let power = UnsafeMutablePointer<Double>.allocate(capacity: Self.lanes * transform.binCount)
        let scratch = UnsafeMutablePointer<Double>.allocate(capacity: transform.scratchCount)
        let maxima = UnsafeMutablePointer<Double>.allocate(capacity: Self.lanes)
        defer {
            power.deallocate()
            scratch.deallocate()
            maxima.deallocate()
        }
        maxima.initialize(repeating: -.infinity, count: Self.lanes)
        transform.withPlan { plan in
            filterbank.withBank { bank in
                // the 801st frame is dropped before the maximum is taken, so it need not be computed
                for frame in stride(from: 0, to: Self.frameCount, by: Self.lanes) {
                    kernels.table.pointee.f64_power_spectra(
                        plan, padded + frame * Self.hop, Self.hop, scratch, power)
                    kernels.table.pointee.f64_log_mel(
                        bank, power, logMel(padded, frame), Self.lanes, maxima)
                }
            }
        }
        return (0..<Self.lanes).reduce(-.infinity) { max($0, maxima[$1]) }
    }
}
