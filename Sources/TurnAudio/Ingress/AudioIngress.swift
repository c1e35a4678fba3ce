import TurnCore

/// Where audio enters: frames of any size and supported format become mono audio at one rate, 16 kHz by default.
///
/// Channels are averaged, integers scaled by 1/32768, other rates go through a ``Resampler``. Float samples
/// that are not finite, or larger than a million (120 dB over full scale), count as 0, so that no later sum
/// overflows.
///
/// The first frame's format holds until ``flush(_:)`` or ``reset()``; a frame in another format is refused and
/// leaves no trace. Pushing allocates nothing once the first frame of a rate was seen. A value type: a copy is an
/// independent stream. Not for use from two threads at once.
///
/// Source: LiveKit Agents 1.8.9, with the mix-down before the transports (S-10).
public struct AudioIngress: Sendable {
    /// Sample frames that are mixed at a time.
    private static let blockCount = 1024

    /// Samples a second of the output.
    public let outputSampleRate: Int
    /// The format that frames must have; nil before the first frame.
    public private(set) var format: AudioFormat?

    /// Kept for a following stream of the same rate.
    private var resampler: Resampler?
    private var block = [Float](repeating: 0, count: blockCount)

    /// An ingress for 16 kHz, the rate of both models.
    public init() {
        outputSampleRate = 16_000
    }

    /// - Throws: ``TurnError`` `.invalidArgument` when the rate is outside ``AudioFormat/sampleRates``.
    public init(outputSampleRate: Int) throws(TurnError) {
        self.outputSampleRate = try AudioFormat(sampleRate: outputSampleRate).sampleRate
    }

    /// Input that must follow a moment before its output appears; zero before the first frame.
    public var latency: Duration {
        format == nil ? .zero : resampler?.latency ?? .zero
    }

    /// Takes the next frame.
    ///
    /// - Parameters:
    ///   - frame: any number of samples.
    ///   - sink: called zero or more times, with at least one sample; the buffer is valid during the call only.
    /// - Throws: ``TurnError`` `.invalidAudio` when the format differs from the stream's; the frame is dropped.
    public mutating func push(
        _ frame: AudioFrame, _ sink: (UnsafeBufferPointer<Float>) -> Void
    ) throws(TurnError) {
        switch frame.samples {
        case .int16(let samples):
            try samples.withUnsafeBufferPointer { (samples) throws(TurnError) in
                try push(samples, format: frame.format, sink)
            }
        case .float32(let samples):
            try samples.withUnsafeBufferPointer { (samples) throws(TurnError) in
                try push(samples, format: frame.format, sink)
            }
        }
    }

    /// Takes interleaved 16-bit samples where they lie, as a real-time thread has them.
    ///
    /// - Parameters:
    ///   - samples: whole sample frames, any number.
    ///   - format: rate and channels of the samples.
    ///   - sink: as in ``push(_:_:)``.
    /// - Throws: ``TurnError`` `.invalidAudio` when the format differs from the stream's, `.invalidArgument`
    ///   when the count is no multiple of the channel count; the samples are dropped.
    public mutating func push(
        _ samples: UnsafeBufferPointer<Int16>, format: AudioFormat,
        _ sink: (UnsafeBufferPointer<Float>) -> Void
    ) throws(TurnError) {
        try latch(format, sampleCount: samples.count)
        mix(samples.count / format.channelCount, sink) { first, target in
            MixDown.mix(samples, channelCount: format.channelCount, from: first, into: target)
        }
    }

    /// Takes interleaved float samples where they lie, as a real-time thread has them.
    ///
    /// - Parameters:
    ///   - samples: whole sample frames, any number.
    ///   - format: rate and channels of the samples.
    ///   - sink: as in ``push(_:_:)``.
    /// - Throws: ``TurnError`` `.invalidAudio` when the format differs from the stream's, `.invalidArgument`
    ///   when the count is no multiple of the channel count; the samples are dropped.
    public mutating func push(
        _ samples: UnsafeBufferPointer<Float>, format: AudioFormat,
        _ sink: (UnsafeBufferPointer<Float>) -> Void
    ) throws(TurnError) {
        try latch(format, sampleCount: samples.count)
        mix(samples.count / format.channelCount, sink) { first, target in
            MixDown.mix(samples, channelCount: format.channelCount, from: first, into: target)
        }
    }

    /// Hands on the resampler's tail, as though silence followed; another format may follow.
    ///
    /// - Parameter sink: as in ``push(_:_:)``.
    public mutating func flush(_ sink: (UnsafeBufferPointer<Float>) -> Void) {
        resampler?.flush(sink)
        format = nil
    }

    /// Forgets the stream; another format may follow.
    public mutating func reset() {
        resampler?.reset()
        format = nil
    }

    private mutating func latch(_ newFormat: AudioFormat, sampleCount: Int) throws(TurnError) {
        guard sampleCount.isMultiple(of: newFormat.channelCount) else {
            throw TurnError(
                .invalidArgument,
                "\(sampleCount) samples do not divide into \(newFormat.channelCount) channels; "
                    + "push whole sample frames")
        }
        if let format {
            guard format == newFormat else { throw format.refusal(of: newFormat) }
            return
        }
        if newFormat.sampleRate == outputSampleRate {
            resampler = nil
        } else if resampler?.inputRate != newFormat.sampleRate {
            resampler = try Resampler(from: newFormat.sampleRate, to: outputSampleRate)
        }
        format = newFormat
    }

    /// Mixes block by block and passes the blocks on.
    @inline(__always)
    private mutating func mix(
        _ frameCount: Int, _ sink: (UnsafeBufferPointer<Float>) -> Void,
        _ fill: (_ first: Int, _ target: UnsafeMutableBufferPointer<Float>) -> Void
    ) {
        var start = 0
        while start < frameCount {
            let count = min(Self.blockCount, frameCount - start)
            block.withUnsafeMutableBufferPointer {
                fill(start, UnsafeMutableBufferPointer(rebasing: $0[..<count]))
            }
            block.withUnsafeBufferPointer { block in
                let mono = UnsafeBufferPointer(rebasing: block[..<count])
                if resampler == nil { sink(mono) } else { resampler!.process(mono, sink) }
            }
            start += count
        }
    }
}

extension AudioFormat {
    /// The error of a stream in this format that is given a frame in another.
    package func refusal(of other: AudioFormat) -> TurnError {
        TurnError(
            .invalidAudio,
            "a frame of \(other.channelCount) x \(other.sampleRate) Hz came in a stream of "
                + "\(channelCount) x \(sampleRate) Hz and was dropped; flush before the format changes")
    }
}
