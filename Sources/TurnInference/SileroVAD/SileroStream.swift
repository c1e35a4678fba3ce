import TurnCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

/// The state of Silero VAD for one audio stream: the LSTM cell and the last 64 samples. Allocates only when made.
final class SileroStream: SpeechActivityStream {
    private typealias W = SileroWeights
    private static let contextCount = 64
    private static let frameCount = 4
    private static let frameHop = 128

    private let weights: SileroWeights
    private let memory: UnsafeMutableBufferPointer<Float>
    /// Context (64), window (512), mirrored end (64).
    private let samples: UnsafeMutablePointer<Float>
    /// [4][258]
    private let spectrum: UnsafeMutablePointer<Float>
    /// [1 + 4 + 1][129], first and last row zero.
    private let magnitudes: UnsafeMutablePointer<Float>
    /// [1 + 4][128], first row zero.
    private let first: UnsafeMutablePointer<Float>
    /// [2][64]
    private let second: UnsafeMutablePointer<Float>
    private let third: UnsafeMutablePointer<Float>
    private let input: UnsafeMutablePointer<Float>
    private let gates: UnsafeMutablePointer<Float>
    private let hidden: UnsafeMutablePointer<Float>
    private let cell: UnsafeMutablePointer<Float>
    /// Rectified hidden state, then the output.
    private let decoded: UnsafeMutablePointer<Float>

    init(_ weights: SileroWeights) {
        self.weights = weights
        let counts = [
            640, Self.frameCount * 2 * W.binCount, (Self.frameCount + 2) * W.binCount,
            (Self.frameCount + 1) * W.widths.0, 2 * W.widths.1, W.widths.2, W.widths.3, 4 * W.stateCount,
            W.stateCount, W.stateCount, W.stateCount + 1,
        ]
        memory = .allocate(capacity: counts.reduce(0, +))
        memory.initialize(repeating: 0)
        var next = memory.baseAddress!
        func take(_ index: Int) -> UnsafeMutablePointer<Float> {
            defer { next += counts[index] }
            return next
        }
        samples = take(0)
        spectrum = take(1)
        magnitudes = take(2)
        first = take(3)
        second = take(4)
        third = take(5)
        input = take(6)
        gates = take(7)
        hidden = take(8)
        cell = take(9)
        decoded = take(10)
    }

    deinit { memory.deallocate() }

    func reset() { memory.update(repeating: 0) }

    func probability(of window: UnsafeBufferPointer<Float>) -> Float {
        precondition(window.count == W.windowSampleCount, "a window has 512 samples")
        let end = Self.contextCount + window.count
        (samples + Self.contextCount).update(from: window.baseAddress!, count: window.count)
        for index in 0..<64 { samples[end + index] = samples[end - 2 - index] }
        spectrogram()
        convolve()
        recur()
        samples.update(from: samples + window.count, count: Self.contextCount)

        for index in 0..<W.stateCount { decoded[index] = max(0, hidden[index]) }
        let output = decoded + W.stateCount
        weights.output.apply(decoded, stride: W.stateCount, rows: 1, to: output, stride: 1)
        return sigmoid(output[0])
    }

    private func spectrogram() {
        weights.spectrum.apply(
            samples, stride: Self.frameHop, rows: Self.frameCount, to: spectrum,
            stride: 2 * W.binCount)
        for frame in 0..<Self.frameCount {
            let from = spectrum + frame * 2 * W.binCount
            let to = magnitudes + (frame + 1) * W.binCount
            for bin in 0..<W.binCount {
                let (re, im) = (from[bin], from[bin + W.binCount])
                to[bin] = (re * re + im * im).squareRoot()
            }
        }
    }

    private func convolve() {
        let (width0, width1, width2, width3) = W.widths
        weights.conv0.apply(
            magnitudes, stride: W.binCount, rows: Self.frameCount, to: first + width0,
            stride: width0)
        rectify(first + width0, Self.frameCount * width0)
        weights.conv1.apply(first, stride: 2 * width0, rows: 2, to: second, stride: width1)
        rectify(second, 2 * width1)
        weights.conv2.apply(second, stride: 2 * width1, rows: 1, to: third, stride: width2)
        rectify(third, width2)
        weights.conv3.apply(third, stride: width2, rows: 1, to: input, stride: width3)
        rectify(input, width3)
    }

    private func recur() {
        let count = W.stateCount
        weights.inputGates.apply(input, stride: count, rows: 1, to: gates, stride: 4 * count)
        weights.stateGates.apply(hidden, stride: count, rows: 1, to: gates, stride: 4 * count, adding: true)
        for index in 0..<count {
            let (i, f) = (sigmoid(gates[index]), sigmoid(gates[count + index]))
            let (g, o) = (tanhf(gates[2 * count + index]), sigmoid(gates[3 * count + index]))
            cell[index] = f * cell[index] + i * g
            hidden[index] = o * tanhf(cell[index])
        }
    }

    private func rectify(_ values: UnsafeMutablePointer<Float>, _ count: Int) {
        for index in 0..<count { values[index] = max(0, values[index]) }
    }

    private func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
}
