import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What an XML parser finds in an SVG document.
final class SVGCheck: NSObject, XMLParserDelegate {
    private(set) var elements: [(name: String, attributes: [String: String])] = []
    private(set) var texts: [String: [String]] = [:]
    private var open: [(name: String, text: String)] = []

    /// - Throws: the parser's error when `svg` is not well formed.
    init(_ svg: String) throws {
        super.init()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = self
        guard parser.parse() else {
            throw parser.parserError ?? CocoaError(.fileReadCorruptFile)
        }
    }

    /// Elements of class `style`, legend entries included.
    func count(style: String, _ name: String? = nil) -> Int {
        elements.count { element in
            (name == nil || element.name == name)
                && (element.attributes["class"] ?? "").split(separator: " ").contains(Substring(style))
        }
    }

    /// Every number in the attributes `keys`.
    func numbers(_ keys: [String]) -> [Double] {
        elements.flatMap { element in keys.compactMap { element.attributes[$0].flatMap(Double.init) } }
    }

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
        qualifiedName qName: String?, attributes attributeDict: [String: String] = [:]
    ) {
        elements.append((elementName, attributeDict))
        open.append((elementName, ""))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        guard !open.isEmpty else { return }
        open[open.count - 1].text += string
    }

    func parser(
        _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?,
        qualifiedName qName: String?
    ) {
        guard let last = open.popLast() else { return }
        texts[last.name, default: []].append(last.text)
    }
}
