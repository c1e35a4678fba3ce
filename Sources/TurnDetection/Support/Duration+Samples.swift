extension Duration {
    /// The length of that many samples at 16 kHz, exactly.
    static func samples(_ count: Int) -> Duration { .nanoseconds(62_500) * count }

    /// Whole samples at 16 kHz in this time, rounded down.
    var sampleCount: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 16_000 + Int(attoseconds / 62_500_000_000_000)
    }

    /// In seconds.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
