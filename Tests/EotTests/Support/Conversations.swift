import Foundation

/// The labelled turns that `scripts/make_conversations.py` makes from recorded prompts.
enum Conversations {
    /// A manifest of the first `turns` of them, in `scratch`.
    static func manifest(_ scratch: Scratch, turns: Int) throws -> String {
        let path = try Repository.fetched("fixtures/turns/manifest.jsonl")
        let folder = path.dropLast("manifest.jsonl".count)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").prefix(turns)
        let text = lines.map { line in
            line.replacingOccurrences(of: "\"audio\": \"", with: "\"audio\": \"\(folder)")
        }.joined(separator: "\n")
        return try scratch.path("manifest.jsonl", Array(text.utf8))
    }
}
