/// Builds the text of an SVG document: attributes and text are escaped, numbers are written the same way on
/// every machine and in every locale.
struct SVGWriter {
    private(set) var text = ""

    /// Opens an element that ``close(_:)`` ends.
    mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        start(name, attributes)
        text += ">\n"
    }

    /// Opens the `svg` element of a plot that is `height` units high.
    mutating func openPlot(height: Double) {
        let (width, height) = (PlotNumber.coordinate(PlotStyle.width), PlotNumber.coordinate(height))
        open(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "class": "eot-plot", "role": "img",
                "viewBox": "0 0 \(width) \(height)", "width": width, "height": height,
            ])
    }

    mutating func close(_ name: String) { text += "</\(name)>\n" }

    /// A whole element; `content` is text, not markup.
    mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], content: String? = nil
    ) {
        start(name, attributes)
        if let content {
            text += ">"
            text += Self.escaped(content)
            text += "</\(name)>\n"
        } else {
            text += "/>\n"
        }
    }

    /// A whole element with a `title` child, which browsers show while the pointer rests on it.
    mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String>, tooltip: String
    ) {
        start(name, attributes)
        text += "><title>"
        text += Self.escaped(tooltip)
        text += "</title></\(name)>\n"
    }

    /// Markup written by this package itself, such as the style sheet.
    mutating func raw(_ markup: String) { text += markup }

    private mutating func start(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        text += "<"
        text += name
        for (key, value) in attributes {
            text += " "
            text += key
            text += "=\""
            text += Self.escaped(value)
            text += "\""
        }
    }

    /// `text` as XML 1.0 character data, also inside quotes; characters that XML cannot carry become U+FFFD.
    static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result += " "
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{fffe}", "\u{ffff}":
                result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Numbers and times as the plots and tables write them.
enum PlotNumber {
    /// `value` with exactly `places` (0...9) decimals; a value that is not finite counts as 0, and no value is
    /// taken beyond a thousand million.
    static func fixed(_ value: Double, _ places: Int) -> String {
        let power = (0..<places).reduce(1) { power, _ in power * 10 }
        let bounded = value.isFinite ? min(max(value, -1e9), 1e9) : 0
        let scaled = Int((bounded * Double(power)).rounded())
        let sign = scaled < 0 ? "-" : ""
        guard places > 0 else { return sign + String(scaled.magnitude) }
        let fraction = String(Int(scaled.magnitude) % power)
        return sign + String(Int(scaled.magnitude) / power) + "."
            + String(repeating: "0", count: places - fraction.count) + fraction
    }

    /// A coordinate: one decimal at most.
    static func coordinate(_ value: Double) -> String {
        let text = fixed(value, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// A time on an axis with ticks every `step` seconds: `m:ss` from a minute on, else seconds.
    static func clock(_ seconds: Double, step: Double, upTo end: Double) -> String {
        if end >= 60 {
            let whole = Int(seconds.rounded())
            let rest = whole % 60
            return "\(whole / 60):\(rest < 10 ? "0" : "")\(rest)"
        }
        return fixed(seconds, step < 0.1 ? 2 : step < 1 ? 1 : 0) + " s"
    }
}

/// A path in tenths of a unit, written with relative steps: about half the text of absolute points.
struct SVGPath {
    private(set) var text = ""
    private var x = 0
    private var y = 0

    mutating func move(_ x: Double, _ y: Double) {
        (self.x, self.y) = (Self.tenths(x), Self.tenths(y))
        text += "M\(Self.write(self.x)) \(Self.write(self.y))"
    }

    mutating func line(_ x: Double, _ y: Double) {
        let (newX, newY) = (Self.tenths(x), Self.tenths(y))
        text += "l\(Self.write(newX - self.x)) \(Self.write(newY - self.y))"
        (self.x, self.y) = (newX, newY)
    }

    mutating func close() { text += "z" }

    private static func tenths(_ value: Double) -> Int {
        Int((min(max(value.isFinite ? value : 0, -1e8), 1e8) * 10).rounded())
    }

    private static func write(_ tenths: Int) -> String {
        let (whole, rest) = (tenths.magnitude / 10, tenths.magnitude % 10)
        return (tenths < 0 ? "-" : "") + String(whole) + (rest == 0 ? "" : ".\(rest)")
    }
}
