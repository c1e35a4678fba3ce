/// Synthetic audio at 16 kHz: silence, and a loud tone that ``EnergySpeechModel`` takes for speech.
public enum Signal {
    public static func silence(_ seconds: Double) -> [Float] {
        [Float](repeating: 0, count: Int((seconds * 16_000).rounded()))
    }

    /// Amplitude 0.5, alternating at a quarter of the sampling rate.
    public static func speech(_ seconds: Double) -> [Float] {
        let cycle: [Float] = [0.5, 0.5, -0.5, -0.5]
        return (0..<Int((seconds * 16_000).rounded())).map { cycle[$0 % 4] }
    }
}
