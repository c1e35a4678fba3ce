import NIOCore
import TurnAudio
import TurnCore

/// Turns the bytes of a session's audio messages into samples of its window: mixed down to mono, at 16 kHz.
///
/// Mono at 16 kHz passes untouched. Not for use from two threads at once.
struct SessionAudio {
    /// What a client did wrong.
    enum Fault: Error {
        /// The bytes are not 2 x the samples x 1 to 8 channels.
        case count
    }

    private static let blockCount = 1_024

    /// Samples a second and channel.
    let sampleRate: Int
    private let window: SessionWindow
    /// Nil at 16 kHz.
    private var resampler: Resampler?

    /// - Throws: ``TurnError`` `.invalidArgument` when the rate is outside ``AudioFormat/sampleRates``.
    init(sampleRate: Int, window: SessionWindow) throws(TurnError) {
        self.sampleRate = try AudioFormat(sampleRate: sampleRate).sampleRate
        self.window = window
        if sampleRate != 16_000 { resampler = try Resampler(from: sampleRate, to: 16_000) }
    }

    /// How many channels bytes hold.
    static func channelCount(byteCount: Int, sampleCount: Int) throws(Fault) -> Int {
        if byteCount == 0, sampleCount == 0 { return 1 }
        guard sampleCount > 0, byteCount.isMultiple(of: 2 * sampleCount),
            AudioFormat.channelCounts.contains(byteCount / (2 * sampleCount))
        else { throw .count }
        return byteCount / (2 * sampleCount)
    }

    /// Appends interleaved little-endian samples.
    mutating func append(_ bytes: UnsafeRawBufferPointer, channelCount: Int, createdAt: Duration?) {
        let count = bytes.count / (2 * channelCount)
        var position = 0
        while position < count {
            let block = min(count - position, Self.blockCount)
            if channelCount == 1, resampler == nil {
                withUnsafeTemporaryAllocation(of: Int16.self, capacity: block) { samples in
                    for index in 0..<block {
                        samples[index] = Self.sample(bytes, position + index)
                    }
                    window.append(UnsafeBufferPointer(samples), createdAt: createdAt)
                }
            } else {
                mix(bytes, position: position, count: block, channelCount, createdAt)
            }
            position += block
        }
    }

    /// Forgets the audio so far.
    mutating func flush() {
        resampler?.reset()
        window.flush()
    }

    private mutating func mix(
        _ bytes: UnsafeRawBufferPointer, position: Int, count: Int, _ channelCount: Int,
        _ createdAt: Duration?
    ) {
        let window = window
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { mono in
            let share = 1 / (32_768 * Float(channelCount))
            for index in 0..<count {
                var sum: Int32 = 0
                for channel in 0..<channelCount {
                    sum += Int32(Self.sample(bytes, (position + index) * channelCount + channel))
                }
                mono[index] = Float(sum) * share
            }
            if resampler == nil {
                Self.append(UnsafeBufferPointer(mono), to: window, createdAt)
            } else {
                resampler!.process(UnsafeBufferPointer(mono)) { Self.append($0, to: window, createdAt) }
            }
        }
    }

    private static func append(
        _ samples: UnsafeBufferPointer<Float>, to window: SessionWindow, _ createdAt: Duration?
    ) {
        withUnsafeTemporaryAllocation(of: Int16.self, capacity: samples.count) { rounded in
            for index in samples.indices {
                // The resampler may overshoot full scale.
                rounded[index] = Int16(min(max((samples[index] * 32_768).rounded(), -32_768), 32_767))
            }
            window.append(UnsafeBufferPointer(rounded), createdAt: createdAt)
        }
    }

    @inline(__always)
    private static func sample(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int16 {
        Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self))
    }
}
