import Testing
import TurnCore
import TurnEvaluation

private func file(_ json: String) throws -> ThresholdFile { try ThresholdFile(json: Array(json.utf8)) }

@Test func `numbers and objects say the same, languages in any spelling`() throws {
    let thresholds = try file(
        #"{"default": 0.21, "English": {"threshold": 0.09, "min_delay": 0.7, "max_delay": 3}, "pt-BR": 0.3}"#)
    #expect(thresholds.entry(for: "en-US") == .init(threshold: 0.09, minDelay: 0.7, maxDelay: 3))
    #expect(thresholds.entry(for: nil)?.threshold == 0.09)
    #expect(thresholds.entry(for: "pt") == .init(threshold: 0.3))
    #expect(thresholds.entry(for: "multi")?.threshold == 0.21)
    let table = thresholds.table(default: 0.5)
    #expect(table.value(for: "pt-PT") == 0.3)
    #expect(table.value(for: "sw") == 0.21)
    #expect(try file(#"{"de": 0.4}"#).table(default: 0.5).value(for: "en") == 0.5)
}

@Test func `what is written reads back the same`() throws {
    let thresholds = ThresholdFile(
        entries: ["en": .init(threshold: 0.09, minDelay: 0.7, maxDelay: 3), "ja": .init(threshold: 0.5)],
        defaultEntry: .init(threshold: 0.21, minDelay: 0.5, maxDelay: 1))
    #expect(try file(thresholds.json) == thresholds)
    #expect(
        thresholds.json == """
            {
              "default": {"threshold": 0.21, "min_delay": 0.5, "max_delay": 1.0},
              "en": {"threshold": 0.09, "min_delay": 0.7, "max_delay": 3.0},
              "ja": 0.5
            }

            """)
}

@Test(arguments: [
    ("", "no table of thresholds"), ("[0.1]", "no table of thresholds"),
    (#"{"en": "0.3"}"#, "no table of thresholds"), (#"{"en": {"min_delay": 0.3}}"#, "no table of thresholds"),
    (#"{"pt-BR": 0.3, "pt-PT": 0.4}"#, #"more than one entry is for the language "pt""#),
    (#"{"en": 1.3}"#, #"the threshold 1.3 of "en""#), (#"{"en": -0.1}"#, #"the threshold -0.1 of "en""#),
    (#"{"en": {"threshold": 0.3, "min_delay": -1}}"#, #"the delay -1.0 of "en""#),
    (#"{"en": {"threshold": 0.3, "min_delay": 2, "max_delay": 1}}"#, #"min_delay of "en" is above"#),
])
func `a bad file of thresholds is an argument error`(json: String, expected: String) {
    do {
        _ = try file(json)
        Issue.record("no error for \(json)")
    } catch {
        #expect((error as? TurnError)?.code == .invalidArgument)
        #expect("\(error)".contains(expected))
    }
}
