import Testing
import TurnCore

@Suite struct LanguageCodeTests {
    struct Row: Sendable {
        let input: String
        let text: String
        let language: String
        var region: String?
    }

    static let rows = [
        Row(input: "English", text: "en", language: "en"),
        Row(input: " english ", text: "en", language: "en"),
        Row(input: "eng", text: "en", language: "en"),
        Row(input: "CMN", text: "zh", language: "zh"),
        Row(input: "zho", text: "zh", language: "zh"),
        Row(input: "en_us", text: "en-US", language: "en", region: "US"),
        Row(input: "EN-US", text: "en-US", language: "en", region: "US"),
        Row(input: "cmn-hans-cn", text: "cmn-Hans-CN", language: "zh", region: "CN"),
        Row(input: "yue-Hant-HK", text: "yue-Hant-HK", language: "yue", region: "HK"),
        Row(input: "es-419", text: "es-419", language: "es"),
        Row(input: "de-1996", text: "de-1996", language: "de"),
        Row(input: "por-br", text: "por-BR", language: "pt", region: "BR"),
        Row(input: "en-u-ca-gregory", text: "en-U-CA-GREGORY", language: "en", region: "CA"),
        Row(input: "en-", text: "en-", language: "en"),
        Row(input: "-US", text: "-US", language: "", region: "US"),
        Row(input: "multi", text: "multi", language: "multi"),
        Row(input: "auto", text: "auto", language: "auto"),
        Row(input: "fil", text: "fil", language: "fil"),
        Row(input: "English (US)", text: "english (us)", language: "english (us)"),
        Row(input: "mandarin", text: "mandarin", language: "mandarin"),
        Row(input: "iw", text: "iw", language: "iw"),
        Row(input: "", text: "", language: ""),
        Row(input: " ", text: "", language: ""),
    ]

    @Test(arguments: rows)
    func `R-103 normalisation`(row: Row) {
        let code = LanguageCode(row.input)
        #expect(code.text == row.text)
        #expect(code.language == row.language)
        #expect(code.region == row.region)
        #expect(LanguageCode(code.text) == code)
    }

    @Test func `R-104 properties`() {
        let mandarin: LanguageCode = "cmn-Hans-CN"
        #expect(mandarin.language == "zh")
        #expect(mandarin.iso == "zh-CN")
        #expect(mandarin.region == "CN")
        #expect(mandarin.englishName == "chinese")
        let cantonese: LanguageCode = "yue-Hant-HK"
        #expect(cantonese.language == "yue")
        #expect(cantonese.iso == "yue-HK")
        #expect(cantonese.englishName == nil)
        #expect(LanguageCode("sl").englishName == "slovene")
    }

    @Test func `R-105 a code behaves as its text`() {
        let code: LanguageCode = "EN"
        #expect(code == "en")
        #expect(code.hashValue == "en".hashValue)
        #expect(code.description.hasPrefix("e"))
        #expect(LanguageCode("de") < LanguageCode("en"))
        #expect([code: 1]["english"] == 1)
    }

    @Test(arguments: [
        ("slovene", "sl"), ("slovenian", "sl"), ("burmese", "my"), ("persian", "fa"), ("oriya", "or"),
        ("tagalog", "tl"), ("chinese", "zh"), ("greek", "el"), ("pashto", "ps"), ("irish", "ga"),
        ("luxembourgish", "lb"), ("maori", "mi"), ("basque", "eu"), ("albanian", "sq"), ("yoruba", "yo"),
    ])
    func `R-103 names`(name: String, code: String) {
        #expect(LanguageCode(name).text == code)
    }

    @Test(arguments: ["ast", "ceb", "fil", "kea", "luo", "nso", "umb", "yue"])
    func `R-103 codes without two letters stay`(code: String) {
        #expect(LanguageCode(code).text == code)
        #expect(LanguageCode(code).language == code)
    }

    @Test func `R-103 sizes of the tables`() {
        // Every three-letter text: 100 of them are known, those that change plus the eight that stay.
        let letters = "abcdefghijklmnopqrstuvwxyz"
        var changed = 0
        var names: Set<String> = []
        for a in letters {
            for b in letters {
                if let name = LanguageCode("\(a)\(b)").englishName { names.insert(name) }
                for c in letters where LanguageCode("\(a)\(b)\(c)").text.count == 2 { changed += 1 }
            }
        }
        #expect(changed == 92)
        #expect(names.count == 90)
    }
}
