import Testing
import TurnCore
import TurnEvaluation
import TurnTesting

private let header = "id,language,span_index,timestamp,silence_dur,p_eot,label\n"

private func read(_ text: String, pieceLength: Int = .max) throws -> PredictionSet {
    var reader = PredictionReader()
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, start + min(pieceLength, bytes.count))
        try bytes[start..<end].withUnsafeBytes { try reader.append($0) }
        start = end
    }
    return try reader.finish()
}

private func message(_ text: String) -> String {
    do {
        _ = try read(text)
        return "no error"
    } catch {
        return "\((error as? TurnError)?.code.rawValue ?? "other"): \(error)"
    }
}

@Test(arguments: [1, 2, 7, 64, .max])
func `CSV and JSON Lines say the same in pieces of any length`(pieceLength: Int) throws {
    let csv =
        header + "\"a,1\",en,0,1.25,0.1,0.125,hold\r\n\"a,1\",en,0,1.35,0.2,.5,hold\n"
        + "\"say \"\"hi\"\"\", de ,2,3,0.30000000000000004,1e-2,eot"
    let json = """
        {"id":"a,1","language":"en","span_index":0,"timestamp":1.25,"silence_dur":0.1,"p_eot":0.125,"label":"hold"}

        {"label":"hold", "extra":{"x":[1,"}",null,{"y":[]}]}, "id":"a\\u002c1", "language":"en", "span_index":0, \
        "timestamp":135e-2, "silence_dur":0.2, "p_eot":0.5}
         {"id":"say \\"hi\\"","language":"de","span_index":2,"timestamp":3,"silence_dur":0.30000000000000004,\
        "p_eot":0.01,"label":"eot","ok":true}
        """
    let (a, b) = (try read(csv, pieceLength: pieceLength), try read(json, pieceLength: pieceLength))
    #expect(a.spans == b.spans)
    #expect(a.scores == b.scores)
    #expect(a.spans.map(\.id) == ["a,1", "say \"hi\""])
    #expect(a.spans.map(\.duration) == [0.2, 0.30000000000000004])
    #expect(a.scores.map(\.probability) == [0.125, 0.5, 0.01])
    #expect(a.languages == ["de", "en"])
}

@Test func `language and timestamp may be missing, a score too`() throws {
    let set = try read(
        "p_eot,id,span_index,silence_dur,label,note\n0.5,a,0,0.2,eot,x\n,a,0,0.3,eot,\nNaN,a,0,0.4,eot,\n")
    #expect(set.languages == ["und"])
    #expect(set.spans[0].duration == 0.4)
    #expect(set.scores == [.init(silence: 0.2, timestamp: 0.2, probability: 0.5)])
}

@Test func `a byte order mark is passed over`() throws {
    #expect(try read("\u{feff}" + header + "a,en,0,1,0.2,0.5,eot\n").spans.count == 1)
}

private let damaged: [(String, String)] = [
    ("", "no span is left"),
    (header, "no span is left"),
    ("id,label\n", "line 1: the first line names no column 'span_index'"),
    ("id,id,span_index,silence_dur,p_eot,label\n", "line 1: the column 'id' stands twice"),
    (header + "a,en,0,1,0.2,0.5\n", "line 2: 6 values where the header names 7"),
    (header + "a,en,0,1,0.2,1.5,eot\n", "line 2: p_eot is 1.5, outside 0...1"),
    (header + "a,en,0,1,0.2,half,eot\n", "line 2: p_eot is not a number"),
    (header + "a,en,0,1,-0.2,0.5,eot\n", "line 2: silence_dur and timestamp"),
    (header + "a,en,0,1,1e999,0.5,eot\n", "line 2: silence_dur and timestamp"),
    (header + "a,en,0,1,,0.5,eot\n", "line 2: silence_dur is missing"),
    (header + "a,en,0.5,1,0.2,0.5,eot\n", "line 2: span_index is 0.5; write an integer"),
    (header + "a,en,0,1,0.2,0.5,end\n", "line 2: label is 'end'"),
    (header + ",en,0,1,0.2,0.5,eot\n", "line 2: id is missing"),
    (header + "a,en,0,1,0.2,0x1p3,eot\n", "line 2: p_eot is not a number"),
    ("{\"id\":1\n", "line 1: not a JSON object"),
    ("{}\n", "line 1: silence_dur is missing"),
    ("{\"id\":[1]}\n", "line 1: id is neither a text nor a number"),
    ("{\"a\":\(String(repeating: "[", count: 100))\n", "line 1: not a JSON object (nested too deep)"),
    ("{\"a\":\"\\u12\"}\n", "line 1: not a JSON object (an unknown escape)"),
    ("{\"a\":\"x\n", "line 1: not a JSON object (a text does not end)"),
    ("{\"a\":1} x\n", "line 1: not a JSON object (something follows the object)"),
]

@Test(arguments: damaged)
func `damaged rows name the line and the remedy`(text: String, expected: String) {
    let message = message(text)
    #expect(message.hasPrefix("invalid_predictions: "))
    #expect(message.contains(expected))
}

@Test func `a line without end is an error, not a buffer without end`() {
    #expect(message(String(repeating: "x", count: 3 << 20)).contains("longer than 1048576 bytes"))
}

@Test func `hostile bytes give an error or spans, never a trap`() throws {
    var generator = SeededGenerator(seed: 77)
    let csv = Array((header + "a,en,0,1,0.1,0.5,hold\n\"b\",de,1,2,0.2,0.75,eot\n").utf8)
    let json = Array(
        #"{"id":"a\u00e9","language":"en","span_index":0,"silence_dur":0.2,"p_eot":5e-1,"label":"eot","x":[{}]}"#
            .utf8)
    for round in 0..<10_000 {
        var bytes = round.isMultiple(of: 2) ? csv : json
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: index)
            default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: index)
            }
        }
        var reader = PredictionReader()
        do {
            try bytes.withUnsafeBytes { try reader.append($0) }
            #expect(try reader.finish().spans.isEmpty == false)
        } catch {
            #expect((error as? TurnError)?.code == .invalidPredictions)
        }
    }
}

@Test func `numbers are read to the last bit`() throws {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<2_000 {
        let value = Double.random(in: 0...1, using: &generator)
        let set = try read(header + "a,en,0,1,\(value * 1e-5),\(value),eot\n")
        #expect(set.scores[0].probability == value)
        #expect(set.scores[0].silence == value * 1e-5)
    }
}

@Test func `a missing file is told from a bad one`() {
    #expect(throws: TurnError.self) { try PredictionSet(contentsOf: "/nowhere/predictions.csv") }
    do {
        _ = try PredictionSet(contentsOf: "/nowhere/predictions.csv")
    } catch {
        #expect(error.code == .fileMissing)
    }
}
