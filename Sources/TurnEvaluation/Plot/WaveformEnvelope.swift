/// The lowest and highest sample of each stretch of audio: what a waveform plot draws.
///
/// At most ``capacity`` stretches are kept; audio that would need more doubles their length, so that memory
/// stays bounded whatever the audio's. A value of its own for each thread.
public struct WaveformEnvelope: Sendable {
    /// Extremes of one stretch, full scale -1...1.
    public struct Peak: Sendable, Hashable {
        public var low: Float
        public var high: Float

        public init(low: Float, high: Float) {
            self.low = low
            self.high = high
        }
    }

    /// The most stretches that are kept.
    public static let capacity = 131_072

    /// The full stretches and the started one, oldest first.
    public private(set) var peaks: [Peak] = []
    /// Samples of one stretch; doubles each time ``capacity`` is reached.
    public private(set) var samplesPerPeak: Int
    private var filled = 0

    /// - Parameter samplesPerPeak: samples of a stretch at first, 1 or more (a smaller number counts as 1); 160,
    ///   10 ms at 16 kHz, is finer than a plot's columns.
    public init(samplesPerPeak: Int = 160) {
        self.samplesPerPeak = max(1, samplesPerPeak)
    }

    /// Takes the next mono samples; values that are not finite count as 0.
    public mutating func append(_ samples: UnsafeBufferPointer<Float>) {
        for sample in samples {
            let value = sample.isFinite ? sample : 0
            guard filled != 0, filled != samplesPerPeak else {
                if peaks.count == Self.capacity { halve() }
                peaks.append(Peak(low: value, high: value))
                filled = 1
                continue
            }
            let last = peaks.count - 1
            peaks[last].low = min(peaks[last].low, value)
            peaks[last].high = max(peaks[last].high, value)
            filled += 1
        }
    }

    /// Joins neighbours. The capacity is even, so that every stretch is full afterwards.
    private mutating func halve() {
        for index in 0..<peaks.count / 2 {
            let (a, b) = (peaks[2 * index], peaks[2 * index + 1])
            peaks[index] = Peak(low: min(a.low, b.low), high: max(a.high, b.high))
        }
        peaks.removeLast(peaks.count - peaks.count / 2)
        samplesPerPeak *= 2
    }
}
