/// The style sheet that all plots share: light and dark, larger text and a narrower legend on a phone.
///
/// Colours are of Okabe and Ito's set, which people with any colour vision tell apart; every meaning is also
/// carried by a shape, a line pattern or a place. Plain rules rather than variables, so that renderers other than
/// browsers follow them too. Every rule is bound to the class `eot-plot`: the SVG may stand inside a page.
enum PlotStyle {
    /// Width of every plot, in SVG units.
    static let width = 720.0
    /// Widths of one character, in units, by which labels are kept apart: on wide screens and on a phone.
    static let wideCharacter = 6.8
    static let narrowCharacter = 12.2

    /// `title` where it fits on a line of `limit` characters (by default a heading's on a phone); else its two ends.
    static func shortened(_ title: String, to limit: Int = 44) -> String {
        guard title.count > limit else { return title }
        return title.prefix(limit / 2) + "…" + title.suffix(limit / 2 - 1)
    }

    /// One class: the declarations of both schemes, then those of the dark one.
    private static let rules: [(selector: String, light: String, dark: String)] = [
        ("text", "fill:#24292f;font-family:system-ui,sans-serif;font-size:12px", "fill:#e6edf3"),
        (".t", "font-size:16px;font-weight:600", ""),
        (".q", "fill:#57606a", "fill:#9da7b3"),
        (".e", "text-anchor:end", ""),
        (".m", "text-anchor:middle", ""),
        (".bg", "fill:#fff", "fill:#0d1117"),
        (".pane", "fill:#f6f8fa", "fill:#161b22"),
        (".grid", "stroke:#d0d7de;stroke-width:1;fill:none", "stroke:#30363d"),
        (".axis", "stroke:#57606a;stroke-width:1;fill:none", "stroke:#9da7b3"),
        (".wave", "fill:#6e7781", "fill:#8b949e"),
        (".speech", "fill:#cfe5f5", "fill:#163a56"),
        (".speechbar", "fill:#0072b2", "fill:#56b4e9"),
        (".vad", "fill:none;stroke:#0072b2;stroke-width:1.3;stroke-linejoin:round", "stroke:#56b4e9"),
        (".stem", "stroke:#b34700;stroke-width:1.2;fill:none", "stroke:#ffb454"),
        (".hit", "fill:#b34700;stroke:#b34700;stroke-width:1.6", "fill:#ffb454;stroke:#ffb454"),
        (".miss", "fill:#fff;stroke:#b34700;stroke-width:1.8", "fill:#0d1117;stroke:#ffb454"),
        (".thr", "stroke:#24292f;stroke-width:2;fill:none", "stroke:#e6edf3"),
        (".turn", "fill:#007a5e", "fill:#2fbf94"),
        (".end", "fill:#007a5e;stroke:#fff;stroke-width:1", "fill:#2fbf94;stroke:#0d1117"),
        (".endline", "stroke:#007a5e;stroke-width:1.4;stroke-dasharray:4 2;fill:none", "stroke:#2fbf94"),
        (".s0", "stroke:#0072b2;fill:#0072b2", "stroke:#56b4e9;fill:#56b4e9"),
        (".s1", "stroke:#b34700;fill:#b34700", "stroke:#ffb454;fill:#ffb454"),
        (".s2", "stroke:#007a5e;fill:#007a5e", "stroke:#2fbf94;fill:#2fbf94"),
        (".s3", "stroke:#a0447c;fill:#a0447c", "stroke:#e39ac6;fill:#e39ac6"),
        (".s4", "stroke:#6b5900;fill:#6b5900", "stroke:#f0e442;fill:#f0e442"),
        (".base", "stroke:#57606a;fill:#57606a", "stroke:#9da7b3;fill:#9da7b3"),
        (".budget", "stroke:#57606a;stroke-width:1;stroke-dasharray:2 4;fill:none", "stroke:#9da7b3"),
        (".line", "fill:none;stroke-width:2;stroke-linejoin:round", "fill:none"),
        (".mark", "stroke:#fff;stroke-width:1.2", "stroke:#0d1117"),
        (".ring", "fill:none;stroke-width:1.6", "fill:none"),
    ]

    private static let narrow = [
        "text{font-size:22px}", ".t{font-size:27px}", ".w{display:none}",
    ]

    /// The `style` element; `legend` moves the legend's entries: those of class `kN` to the places of each layout.
    static func element(wideLegend: [(Double, Double)], narrowLegend: [(Double, Double)]) -> String {
        func scoped(_ selector: String) -> String { ".eot-plot \(selector)" }
        func places(_ points: [(Double, Double)]) -> String {
            points.enumerated().map { index, point in
                let place = "\(PlotNumber.coordinate(point.0))px,\(PlotNumber.coordinate(point.1))px"
                return "\(scoped(".k\(index)")){transform:translate(\(place))}"
            }.joined(separator: "\n")
        }
        let light = rules.map { "\(scoped($0.selector)){\($0.light)}" }.joined(separator: "\n")
        let dark = rules.filter { !$0.dark.isEmpty }
            .map { "\(scoped($0.selector)){\($0.dark)}" }.joined(separator: "\n")
        return """
            <style>
            .eot-plot{width:100%;height:auto;max-width:1100px;color-scheme:light dark}
            \(light)
            \(places(wideLegend))
            @media (max-width:600px){
            \(narrow.map(scoped).joined(separator: "\n"))
            \(places(narrowLegend))
            }
            @media (prefers-color-scheme:dark){
            \(dark)
            }
            </style>

            """
    }
}
