extension Duration {
    /// The longest duration that an option may have. Sums of such durations with the time of a conversation never
    /// overflow, and neither does a count of samples in one.
    package static let longestOption: Duration = .seconds(86_400)

    /// - Parameter name: what it is for, in the singular.
    /// - Throws: ``TurnError`` `.invalidArgument` naming it, unless it lies in 0...24 h.
    package func checkOption(_ name: String) throws(TurnError) {
        guard self >= .zero, self <= Self.longestOption else {
            throw TurnError(.invalidArgument, "\(name) of \(self) is out of range; use 0 s to 24 h")
        }
    }
}
