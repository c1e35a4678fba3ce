/// Sampling rate and channel count of linear PCM audio.
public struct AudioFormat: Sendable, Hashable {
    /// The rates that are accepted, in hertz.
    public static let sampleRates = 8_000...192_000
    /// The channel counts that are accepted.
    public static let channelCounts = 1...8

    /// Samples a second and channel, in hertz.
    public let sampleRate: Int
    /// Interleaved channels.
    public let channelCount: Int

    /// - Throws: ``TurnError`` `.invalidArgument` when a value is outside ``sampleRates`` or ``channelCounts``.
    public init(sampleRate: Int, channelCount: Int = 1) throws(TurnError) {
        guard Self.sampleRates.contains(sampleRate) else {
            throw TurnError(
                .invalidArgument, "a sample rate of \(sampleRate) Hz is not supported; use 8000 to 192000 Hz")
        }
        guard Self.channelCounts.contains(channelCount) else {
            throw TurnError(.invalidArgument, "\(channelCount) channels are not supported; use 1 to 8")
        }
        self.sampleRate = sampleRate
        self.channelCount = channelCount
    }

    private init(unchecked sampleRate: Int) {
        self.sampleRate = sampleRate
        self.channelCount = 1
    }

    /// 16 kHz mono, the format of both models.
    public static let mono16kHz = AudioFormat(unchecked: 16_000)
}

/// A piece of audio of any length: interleaved samples with their format.
public struct AudioFrame: Sendable, Hashable {
    /// Interleaved samples.
    public enum Samples: Sendable, Hashable {
        /// Full scale is -32768...32767.
        case int16([Int16])
        /// Full scale is -1...1.
        case float32([Float])

        /// Number of values, all channels together.
        public var count: Int {
            switch self {
            case .int16(let values): values.count
            case .float32(let values): values.count
            }
        }
    }

    public let samples: Samples
    public let format: AudioFormat

    /// - Throws: ``TurnError`` `.invalidArgument` when the sample count is no multiple of the channel count.
    public init(_ samples: Samples, format: AudioFormat) throws(TurnError) {
        guard samples.count.isMultiple(of: format.channelCount) else {
            throw TurnError(
                .invalidArgument,
                "\(samples.count) samples do not divide into \(format.channelCount) channels; push whole sample frames"
            )
        }
        self.samples = samples
        self.format = format
    }

    /// Sample frames: samples a channel.
    public var sampleCount: Int { samples.count / format.channelCount }
}
