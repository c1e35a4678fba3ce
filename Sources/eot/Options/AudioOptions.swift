import ArgumentParser
import TurnAudio
import TurnCore

/// How audio without a header is written.
struct AudioOptions: ParsableArguments {
    /// Encodings of raw samples, little endian.
    enum RawEncoding: String, CaseIterable, ExpressibleByArgument {
        case s16le, f32le

        var encoding: SampleEncoding {
            switch self {
            case .s16le: .int16
            case .f32le: .float32
            }
        }
    }

    @Option(
        help: ArgumentHelp(
            "The audio has no header: interleaved samples of this kind; needs --rate.", valueName: "encoding")
    )
    var raw: RawEncoding?

    @Option(help: ArgumentHelp("Sampling rate of raw samples, 8000 to 192000.", valueName: "hz"))
    var rate: Int?

    @Option(help: ArgumentHelp("Channels of raw samples, 1 to 8 (default: 1).", valueName: "n"))
    var channels: Int?

    func validate() throws {
        if raw != nil, rate == nil {
            throw ValidationError("--raw needs the sampling rate; add --rate HZ")
        }
        if raw == nil, rate != nil || channels != nil {
            throw ValidationError(
                "--rate and --channels describe raw samples; add --raw s16le or --raw f32le")
        }
    }

    /// Opens a file, or standard input for `-`.
    ///
    /// - Throws: ``TurnError`` `.fileMissing`, `.inputOutput`, `.invalidAudio`; `.invalidArgument` for a rate or a
    ///   channel count out of range.
    func open(_ path: String) throws(TurnError) -> AudioFileReader {
        guard let raw, let rate else {
            return path == "-"
                ? try AudioFileReader(wav: FileByteSource.standardInput) : try AudioFileReader(path: path)
        }
        let format = try AudioFormat(sampleRate: rate, channelCount: channels ?? 1)
        let source = path == "-" ? FileByteSource.standardInput : try FileByteSource(path: path)
        return AudioFileReader(raw: raw.encoding, format: format, from: source)
    }
}

extension AudioFormat {
    /// The format for people, such as `44.1 kHz, 2 channels`.
    var text: String {
        let kilohertz = Double(sampleRate) / 1_000
        let rate = sampleRate.isMultiple(of: 1_000) ? kilohertz.fixed(0) : "\(kilohertz)"
        return "\(rate) kHz, " + (channelCount == 1 ? "mono" : "\(channelCount) channels")
    }
}
