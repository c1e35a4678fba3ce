import Foundation

/// The signals of scripts/oracle/make_audio_fixtures.py, in closed form, so that they can be sampled at any rate.
enum BandLimitedSignal: String, Decodable {
    case sweep, voice

    /// The value at a time of 0..<1 s, for a conversion whose narrower Nyquist frequency is `narrower` Hz.
    func value(at time: Double, narrower: Double) -> Double {
        switch self {
        case .sweep:
            let (first, last) = (50.0, 0.89 * narrower)
            let fade = min(1, min(time, 1 - time) / 0.05)
            return 0.8 * (0.5 - 0.5 * cos(.pi * fade))
                * sin(2 * .pi * (first + (last - first) * time / 2) * time)
        case .voice:
            var sum = 0.0
            for k in 0..<97 {
                let k = Double(k)
                let place = (k * 0.6180339887498949).truncatingRemainder(dividingBy: 1)
                let frequency = 80 + (0.88 * narrower - 80) * place
                let phase = 2 * .pi * (k * k * 0.7548776662466927).truncatingRemainder(dividingBy: 1)
                sum += sin(2 * .pi * frequency * time + phase) / (1 + frequency / 500)
            }
            return 0.05 * (0.5 - 0.5 * cos(2 * .pi * 4 * time)) * sum
        }
    }

    /// One second.
    func samples(rate: Int, narrower: Double) -> [Float] {
        (0..<rate).map { Float(value(at: Double($0) / Double(rate), narrower: narrower)) }
    }
}
