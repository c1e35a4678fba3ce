/// The two tables behind ``LanguageCode``. Source: ISO 639, in the selection of LiveKit Agents 1.8.9.
enum LanguageTables {
    /// ISO 639-3 to 639-1, or to itself where there is no two-letter code: 100 entries.
    static let iso6393: [String: String] = pairs(
        """
        afr:af amh:am ara:ar asm:as ast:ast aze:az bel:be ben:bn bos:bs bul:bg cat:ca ceb:ceb ces:cs
        cmn:zh cym:cy dan:da deu:de ell:el eng:en est:et fas:fa fil:fil fin:fi fra:fr ful:ff gle:ga
        glg:gl guj:gu hau:ha heb:he hin:hi hrv:hr hun:hu hye:hy ibo:ig ind:id isl:is ita:it jav:jv
        jpn:ja kan:kn kat:ka kaz:kk kea:kea khm:km kir:ky kor:ko kur:ku lao:lo lav:lv lin:ln lit:lt
        ltz:lb lug:lg luo:luo mal:ml mar:mr mkd:mk mlt:mt mon:mn mri:mi msa:ms mya:my nep:ne nld:nl
        nor:no nso:nso nya:ny oci:oc ori:or pan:pa pol:pl por:pt pus:ps ron:ro rus:ru slk:sk slv:sl
        sna:sn snd:sd som:so spa:es srp:sr swa:sw swe:sv tam:ta tel:te tgk:tg tha:th tur:tr ukr:uk
        umb:umb urd:ur uzb:uz vie:vi wol:wo xho:xh yue:yue zho:zh zul:zu
        """)

    /// Two-letter code to English name: 90 entries.
    static let names: [String: String] = pairs(
        """
        af:afrikaans am:amharic ar:arabic az:azerbaijani be:belarusian bg:bulgarian bn:bengali
        bs:bosnian ca:catalan cs:czech cy:welsh da:danish de:german el:greek en:english es:spanish
        et:estonian eu:basque fa:persian fi:finnish fr:french ga:irish gl:galician gu:gujarati ha:hausa
        he:hebrew hi:hindi hr:croatian hu:hungarian hy:armenian id:indonesian is:icelandic it:italian
        ja:japanese jv:javanese ka:georgian kk:kazakh km:khmer kn:kannada ko:korean ku:kurdish ky:kyrgyz
        lb:luxembourgish ln:lingala lo:lao lt:lithuanian lv:latvian mi:maori mk:macedonian ml:malayalam
        mn:mongolian mr:marathi ms:malay mt:maltese my:burmese ne:nepali nl:dutch no:norwegian
        oc:occitan or:oriya pa:punjabi pl:polish ps:pashto pt:portuguese ro:romanian ru:russian
        sd:sindhi sk:slovak sl:slovene sn:shona so:somali sq:albanian sr:serbian sv:swedish sw:swahili
        ta:tamil te:telugu tg:tajik th:thai tl:tagalog tr:turkish uk:ukrainian ur:urdu uz:uzbek
        vi:vietnamese wo:wolof xh:xhosa yo:yoruba zh:chinese zu:zulu
        """)

    /// English name to two-letter code: 91 entries, since Slovenian has two names.
    static let codes: [String: String] = {
        var codes = ["slovenian": "sl"]
        for (code, name) in names { codes[name] = code }
        return codes
    }()

    private static func pairs(_ text: String) -> [String: String] {
        var table: [String: String] = [:]
        for entry in text.split(whereSeparator: { $0.isWhitespace }) {
            let parts = entry.split(separator: ":")
            table[String(parts[0])] = String(parts[1])
        }
        return table
    }
}
