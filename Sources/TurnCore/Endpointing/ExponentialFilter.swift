/// Exponential smoothing of a value within bounds.
public struct ExponentialFilter: Sendable, Hashable {
    /// The share of the old value that a sample leaves, above 0 and at most 1.
    public private(set) var alpha: Double
    /// The smoothed value; nil before the first sample if none was given.
    public private(set) var value: Double?
    private var bounds: ClosedRange<Double>

    /// - Parameters:
    ///   - alpha: share of the old value that a sample leaves.
    ///   - initial: the value before the first sample; without one the first sample is the value.
    ///   - bounds: the value never leaves them. Default: none.
    /// - Throws: ``TurnError`` `.invalidArgument` for an `alpha` that is not above 0 and at most 1.
    public init(
        alpha: Double, initial: Double? = nil,
        bounds: ClosedRange<Double> = -Double.infinity...Double.infinity
    ) throws(TurnError) {
        guard alpha > 0, alpha <= 1 else {
            throw TurnError(
                .invalidArgument, "a smoothing factor of \(alpha); use a value above 0, at most 1")
        }
        self.alpha = alpha
        self.value = initial
        self.bounds = bounds
    }

    /// Takes a sample.
    public mutating func apply(_ sample: Double) {
        let smoothed = value.map { alpha * $0 + (1 - alpha) * sample } ?? sample
        value = min(max(smoothed, bounds.lowerBound), bounds.upperBound)
    }

    mutating func update(alpha: Double) { self.alpha = alpha }

    mutating func update(value: Double) { self.value = value }

    mutating func update(bounds: ClosedRange<Double>) { self.bounds = bounds }
}
