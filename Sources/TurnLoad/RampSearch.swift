/// Looks for the most sessions at which a gateway holds: doubles until it does not, then halves the gap.
///
/// A value: ask ``next`` how many to try, tell ``record(_:)`` how it went.
public struct RampSearch: Sendable, Hashable {
    /// The most that held so far; 0 when none did.
    public private(set) var best = 0
    /// How many to try next; nil when the search is over.
    public private(set) var next: Int?
    /// The least that did not hold.
    private var failed: Int?
    private let maximum: Int
    private let tolerance: Double

    /// - Parameters:
    ///   - start: tried first; at least 1.
    ///   - maximum: never tried more; at least `start`.
    ///   - tolerance: the search ends when the gap between what held and what did not is at most this part of the
    ///     former.
    public init(start: Int, maximum: Int, tolerance: Double = 0.05) {
        precondition(start >= 1 && maximum >= start && tolerance >= 0)
        next = start
        self.maximum = maximum
        self.tolerance = tolerance
    }

    /// Takes the outcome for ``next``.
    public mutating func record(_ held: Bool) {
        guard let tried = next else { return }
        if held { best = max(best, tried) } else { failed = min(failed ?? tried, tried) }
        guard let failed else {
            next = tried == maximum ? nil : min(tried * 2, maximum)
            return
        }
        let gap = failed - best
        next = gap <= max(1, Int(Double(best) * tolerance)) ? nil : best + gap / 2
    }
}
