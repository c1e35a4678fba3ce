import TurnAudio
import TurnCore

/// The audio of a request's body: a numpy array, WAV, or bare samples that the content type describes.
struct RequestAudio {
    /// Seconds of audio that are taken, at most.
    static let longest = 60

    private let reader: AudioFileReader

    /// - Parameters:
    ///   - bytes: the body.
    ///   - contentType: of the request; what the body begins with goes before.
    /// - Throws: ``TurnError`` `.invalidAudio`.
    init(_ bytes: [UInt8], contentType: ContentType) throws(TurnError) {
        if bytes.starts(with: NPYArray.magic) {
            let array = try NPYArray(bytes)
            let samples = Array(bytes[array.offset..<(array.offset + array.count * array.encoding.byteCount)])
            reader = AudioFileReader(
                raw: array.encoding, format: .mono16kHz, from: MemoryByteSource(samples))
        } else if bytes.starts(with: "RIFF".utf8) || bytes.starts(with: "RF64".utf8) {
            reader = try AudioFileReader(wav: MemoryByteSource(bytes))
        } else if contentType.name == "audio/l16" {
            let format: AudioFormat
            do throws(TurnError) {
                format = try AudioFormat(
                    sampleRate: contentType.number("rate") ?? 0,
                    channelCount: contentType.number("channels") ?? 1)
            } catch {
                throw TurnError(
                    .invalidAudio,
                    "audio/l16 lacks a rate that is supported; write audio/l16;rate=16000, with channels=1 to 8",
                    cause: error)
            }
            let isSwapped = contentType.parameters["endianness"] == "big-endian"
            reader = AudioFileReader(
                raw: .int16, format: format,
                from: MemoryByteSource(isSwapped ? Self.swapped(bytes) : bytes))
        } else {
            throw TurnError(
                .invalidAudio,
                "the body is no audio; send a numpy array, WAV, or samples as audio/l16;rate=16000")
        }
    }

    /// Reads all; copies the last samples at 16 kHz to the start of `target`, as many as fit.
    ///
    /// - Returns: how many were copied.
    /// - Throws: ``TurnError`` `.audioTooLong`, or what reading throws.
    func readLast(into target: UnsafeMutableBufferPointer<Float>) throws(TurnError) -> Int {
        var ring = SampleRing(capacity: target.count)
        var ingress = AudioIngress()
        var count = 0
        while let frame = try reader.readFrame() {
            count += frame.sampleCount
            guard count <= Self.longest * frame.format.sampleRate else {
                throw TurnError(
                    .audioTooLong, "the audio is longer than \(Self.longest) s; send its end, 8 s count")
            }
            try ingress.push(frame) { ring.append($0) }
        }
        ingress.flush { ring.append($0) }
        return ring.copyLast(target.count, into: target)
    }

    private static func swapped(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for index in stride(from: 0, to: bytes.count - 1, by: 2) { bytes.swapAt(index, index + 1) }
        return bytes
    }
}

extension TurnError.Code {
    /// More audio than a request may carry.
    static let audioTooLong = TurnError.Code(rawValue: "audio_too_long")
}

/// A media type and its parameters, such as `audio/l16; rate=16000`.
struct ContentType: Sendable, Equatable {
    /// In lower case.
    let name: String
    let parameters: [String: String]

    init(_ text: String) {
        func trimmed(_ part: Substring) -> String {
            part.filter { !$0.isWhitespace && $0 != "\"" }.lowercased()
        }
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        name = parts.first.map(trimmed) ?? ""
        var parameters: [String: String] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            parameters[trimmed(part[..<equals])] = trimmed(part[part.index(after: equals)...])
        }
        self.parameters = parameters
    }

    func number(_ name: String) -> Int? { parameters[name].flatMap { Int($0) } }
}
