import TurnCore

/// Reads a recording or a stream piece by piece, in memory that does not depend on its length (64 KiB).
///
/// Reads WAV: PCM of 8, 16, 24, 32 bits, float of 32, 64 bits, A-law, mu-law, with the plain or the extensible
/// header, as RIFF or RF64. Unknown chunks are passed over, headers of streams (length 0 or the largest number)
/// mean "until the end", and of truncated data what is there counts. Other formats go through an `ffmpeg` on the
/// `PATH`, where there is one (macOS, Linux). Raw samples have an initialiser of their own.
///
/// Not for use from two threads at once.
public final class AudioFileReader {
    /// Rate and channels of every frame.
    public let format: AudioFormat
    /// How the samples are written.
    public let encoding: SampleEncoding
    /// Sample frames that the file declares; nil where it does not tell, as a stream. A truncated file has fewer.
    public let declaredSampleCount: Int?

    /// ``declaredSampleCount`` as time.
    public var declaredDuration: Duration? {
        declaredSampleCount.map { count in
            let (seconds, rest) = count.quotientAndRemainder(dividingBy: format.sampleRate)
            return .seconds(seconds) + .nanoseconds(rest * 1_000_000_000 / format.sampleRate)
        }
    }

    private var source: BufferedByteSource
    /// Nil for "until the end".
    private var remainingByteCount: UInt64?

    /// Opens a file: WAV, or whatever `ffmpeg` decodes.
    ///
    /// - Parameters:
    ///   - path: the file; a pipe can be read too, if it carries WAV.
    ///   - decoderSearchPath: folders where an `ffmpeg` may be, separated by colons; nil for the `PATH` of this
    ///     process, empty for none.
    /// - Throws: ``TurnError`` `.fileMissing`, `.inputOutput`, or `.invalidAudio` when the bytes are not audio
    ///   that can be read.
    public convenience init(path: String, decoderSearchPath: String? = nil) throws(TurnError) {
        let file = try FileByteSource(path: path)
        var source = BufferedByteSource(file)
        var problem = "is not a WAV file"
        if try WAVHeader.isNext(in: &source) {
            let header = try WAVHeader(from: &source)
            switch header.codec {
            case .linear(let encoding):
                try self.init(header, encoding, source)
                return
            case .other(let codec):
                problem = "is a WAV file of \(codec)"
            }
        } else if source.availableCount == 0 {
            throw TurnError(.invalidAudio, "'\(path)' is empty; check the file")
        }
        guard file.isSeekable else {
            throw TurnError(.invalidAudio, "'\(path)' \(problem); pass WAV or raw samples through a pipe")
        }
        try self.init(decoding: path, because: problem, decoderSearchPath: decoderSearchPath)
    }

    /// Reads WAV from any bytes, such as standard input.
    ///
    /// - Throws: ``TurnError`` `.invalidAudio` when the bytes are no WAV that can be read, or what the source
    ///   throws.
    public convenience init(wav source: any ByteSource) throws(TurnError) {
        var source = BufferedByteSource(source)
        let header = try WAVHeader(from: &source)
        switch header.codec {
        case .linear(let encoding):
            try self.init(header, encoding, source)
        case .other(let codec):
            throw TurnError(.invalidAudio, "the audio is a WAV file of \(codec); convert it to PCM")
        }
    }

    /// Reads samples without a header until the source ends.
    public init(raw encoding: SampleEncoding, format: AudioFormat, from source: any ByteSource) {
        self.format = format
        self.encoding = encoding
        declaredSampleCount = nil
        self.source = BufferedByteSource(source)
        remainingByteCount = nil
    }

    private init(
        _ header: WAVHeader, _ encoding: SampleEncoding, _ source: BufferedByteSource
    ) throws(TurnError) {
        format = try AudioFormat(sampleRate: header.sampleRate, channelCount: header.channelCount)
        self.encoding = encoding
        self.source = source
        remainingByteCount = header.dataByteCount
        declaredSampleCount = header.dataByteCount.map {
            Int(clamping: $0 / UInt64(header.channelCount * encoding.byteCount))
        }
    }

    /// Reads the next samples; waits for one sample frame at least, not for all.
    ///
    /// - Parameter maximumSampleCount: sample frames, at most; fewer may come before the end, too.
    /// - Returns: one sample frame at least; nil at the end. Encodings of up to 16 bits come as `int16`, the
    ///   others as `float32`, with whatever not finite values the file has.
    /// - Throws: ``TurnError`` `.inputOutput` when reading fails.
    public func readFrame(maximumSampleCount: Int = 4096) throws(TurnError) -> AudioFrame? {
        let frameByteCount = format.channelCount * encoding.byteCount
        if let remainingByteCount, remainingByteCount < frameByteCount { return nil }
        guard try source.require(frameByteCount) else { return nil }
        var frameCount = min(source.availableCount / frameByteCount, max(1, maximumSampleCount))
        if let remainingByteCount {
            frameCount = min(frameCount, Int(clamping: remainingByteCount / UInt64(frameByteCount)))
        }
        let byteCount = frameCount * frameByteCount
        let samples = source.withAvailableBytes {
            encoding.decode(UnsafeRawBufferPointer(rebasing: $0[..<byteCount]))
        }
        source.consume(byteCount)
        remainingByteCount? -= UInt64(byteCount)
        return try AudioFrame(samples, format: format)
    }

    /// Reads the rest as mono samples at 16 kHz, as the models take them; memory grows with the recording.
    ///
    /// - Throws: ``TurnError`` `.inputOutput` when reading fails.
    public func readMono16kHz() throws(TurnError) -> [Float] {
        var ingress = AudioIngress()
        var result: [Float] = []
        while let frame = try readFrame() {
            try ingress.push(frame) { result.append(contentsOf: $0) }
        }
        ingress.flush { result.append(contentsOf: $0) }
        return result
    }

    /// Reads what `ffmpeg` makes of a file.
    private convenience init(
        decoding path: String, because problem: String, decoderSearchPath: String?
    ) throws(TurnError) {
        #if os(macOS) || os(Linux)
            guard let decoder = FFmpegDecoder(searchPath: decoderSearchPath) else {
                throw TurnError(
                    .invalidAudio,
                    "'\(path)' \(problem), and there is no ffmpeg on the PATH to decode it; install ffmpeg or "
                        + "convert the file to WAV")
            }
            var source = BufferedByteSource(try decoder.decode(path))
            guard try WAVHeader.isNext(in: &source) else {
                throw TurnError(
                    .invalidAudio, "'\(path)' \(problem), and ffmpeg finds no audio in it; check the file")
            }
            let header = try WAVHeader(from: &source)
            guard case .linear(let encoding) = header.codec else {
                throw TurnError(
                    .invalidAudio, "ffmpeg did not decode '\(path)' to PCM; convert the file to WAV")
            }
            try self.init(header, encoding, source)
        #else
            throw TurnError(
                .invalidAudio,
                "'\(path)' \(problem), and there is no ffmpeg on this system to decode it; convert it to WAV")
        #endif
    }
}

/// Reading moves the place in the source, so a reader stays with whoever reads.
@available(*, unavailable)
extension AudioFileReader: Sendable {}
