import Foundation
import TurnCore

/// One labelled turn of a data set: its audio and its silences, of which the last ends the turn.
public struct ScoringTurn: Sendable, Hashable {
    /// A silence, seconds in the turn's audio.
    public struct Silence: Sendable, Hashable {
        public let start: Double
        public let end: Double

        public init(start: Double, end: Double) {
            self.start = start
            self.end = end
        }
    }

    /// A moment at which the detector is asked.
    public struct Moment: Sendable, Hashable {
        public let spanIndex: Int
        public let label: SpanLabel
        /// Silence so far, seconds, to the microsecond.
        public let silence: Double
        /// Seconds in the turn's audio, to the microsecond.
        public let timestamp: Double
    }

    /// Silences shorter than this are left out, seconds (eot-bench).
    public static let shortestSilence = 0.1

    public let id: String
    public let language: String
    /// Path of the recording as the manifest gives it.
    public let audio: String
    public let silences: [Silence]

    public init(id: String, language: String, audio: String, silences: [Silence]) {
        self.id = id
        self.language = language
        self.audio = audio
        self.silences = silences
    }

    /// When the detector is asked: at the start of each silence, every `interval` seconds, and at its end, as in
    /// eot-bench. `interval` is above 0; 0.1 in the benchmark.
    public func moments(interval: Double = 0.1) -> [Moment] {
        precondition(interval > 0)
        return silences.enumerated().flatMap { index, silence -> [Moment] in
            let duration = silence.end - silence.start
            guard duration >= Self.shortestSilence - PredictionSet.epsilon else { return [] }
            let count = Int(duration / interval + 1e-6)
            var offsets = (0...count).map { Double($0) * interval }
            if duration - Double(count) * interval > 1e-6 { offsets.append(duration) }
            return offsets.map { offset in
                Moment(
                    spanIndex: index, label: index == silences.count - 1 ? .endOfTurn : .hold,
                    silence: Self.micro(offset), timestamp: Self.micro(silence.start + offset))
            }
        }
    }

    private static func micro(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e6 }
}

/// A labelled data set as JSON Lines: `id`, `language`, `audio` (a path, seen from the manifest's folder) and
/// `silence_spans` (`start`, `end`, seconds), whose last one ends the turn.
public struct ScoringManifest: Sendable {
    public let turns: [ScoringTurn]

    /// - Throws: ``TurnError`` `.invalidPredictions` naming the line: not such an object, an id twice or with a line
    ///   end, silences that are not in order, no turn at all.
    public init(jsonLines text: [UInt8]) throws(TurnError) {
        var turns: [ScoringTurn] = []
        var ids: Set<String> = []
        let decoder = JSONDecoder()
        for (index, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            func error(_ message: String) -> TurnError {
                TurnError(.invalidPredictions, "line \(index + 1): \(message)")
            }
            guard let row = try? decoder.decode(Row.self, from: Data(line)) else {
                throw error(
                    "not a turn; write {\"id\", \"language\", \"audio\", \"silence_spans\": [{\"start\", \"end\"}]}"
                )
            }
            guard !row.id.isEmpty, !row.id.contains(where: \.isNewline) else {
                throw error("the id is empty or has a line end; give every turn an id of one line")
            }
            guard ids.insert(row.id).inserted else {
                throw error("the id '\(row.id)' stands twice; give every turn its own")
            }
            var reached = 0.0
            for span in row.silenceSpans {
                guard span.start >= reached, span.end >= span.start, span.end < 86_400 else {
                    throw error(
                        "the silences of '\(row.id)' are not in order; give rising seconds below a day")
                }
                reached = span.end
            }
            guard !row.silenceSpans.isEmpty else {
                throw error("'\(row.id)' has no silence; give at least the one that ends the turn")
            }
            turns.append(
                ScoringTurn(
                    id: row.id, language: row.language, audio: row.audio,
                    silences: row.silenceSpans.map { .init(start: $0.start, end: $0.end) }))
        }
        guard !turns.isEmpty else {
            throw TurnError(.invalidPredictions, "the manifest names no turn; write one JSON object a line")
        }
        self.turns = turns
    }

    private struct Row: Decodable {
        struct Span: Decodable {
            let start: Double
            let end: Double
        }

        private enum CodingKeys: String, CodingKey {
            case id, language, audio
            case silenceSpans = "silence_spans"
        }

        let id: String
        let language: String
        let audio: String
        let silenceSpans: [Span]
    }
}
