/// A bar on standard error for long work; nothing when that is no terminal.
///
/// It appears only after half a second and is redrawn at most ten times a second.
struct ProgressBar {
    private static let width = 30

    private let label: String
    private let isEnabled: Bool
    private let clock = ContinuousClock()
    private var nextDrawing: ContinuousClock.Instant
    private var isDrawn = false

    init(_ label: String, isEnabled: Bool = true) {
        self.label = OneLine.text(label, limit: 40)
        self.isEnabled = isEnabled && Terminal.isStandardError
        nextDrawing = clock.now + .milliseconds(500)
    }

    /// - Parameter fraction: done so far, 0...1.
    mutating func update(_ fraction: Double) {
        guard isEnabled, fraction.isFinite, clock.now >= nextDrawing else { return }
        nextDrawing = clock.now + .milliseconds(100)
        isDrawn = true
        let part = min(max(fraction, 0), 1)
        let filled = Int(part * Double(Self.width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        StandardError.write("\r\(label) [\(bar)] \((part * 100).fixed(0).right(3)) %")
    }

    /// Takes the bar away, before a line is printed and at the end.
    mutating func clear() {
        guard isDrawn else { return }
        isDrawn = false
        StandardError.write("\r\u{1b}[2K")
    }
}
