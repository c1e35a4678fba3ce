import CTurnKernels
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
    private let kernels: KernelSet
    private let memory: AlignedBuffer<Float>
    private let spectra: AlignedBuffer<Double>
    /// Context (64), window (512), mirrored end (64).
    private let samples: UnsafeMutablePointer<Float>
    /// [1 + 4 + 1][129], first and last row zero.
    private let magnitudes: UnsafeMutablePointer<Float>
    /// [1 + 4][128], first row zero.
    private let first: UnsafeMutablePointer<Float>
    /// [2][64]
    private let second: UnsafeMutablePointer<Float>
    private let third: UnsafeMutablePointer<Float>
    /// The cell's input, and behind it its hidden state.
    private let input: UnsafeMutablePointer<Float>
    private let gates: UnsafeMutablePointer<Float>
    private let cell: UnsafeMutablePointer<Float>
    private let scratch: UnsafeMutablePointer<Float>

    init(_ weights: SileroWeights, _ kernels: KernelSet) {
        self.weights = weights
        self.kernels = kernels
        let counts = [
            640, (Self.frameCount + 2) * W.binCount, (Self.frameCount + 1) * W.widths.0, 2 * W.widths.1,
            W.widths.2, W.widths.3 + W.stateCount, 4 * W.stateCount, W.stateCount, W.stateCount,
        ]
        memory = AlignedBuffer(count: counts.reduce(0, +))
        spectra = AlignedBuffer(count: weights.transform.scratchCount + Self.frameCount * W.binCount)
        var next = memory.base
        func take(_ index: Int) -> UnsafeMutablePointer<Float> {
            defer { next += counts[index] }
            return next
        }
        samples = take(0)
        magnitudes = take(1)
        first = take(2)
        second = take(3)
        third = take(4)
        input = take(5)
        gates = take(6)
        cell = take(7)
        scratch = take(8)
    }

    func reset() { memory.base.update(repeating: 0, count: memory.count) }

    func probability(of window: UnsafeBufferPointer<Float>) -> Float {
        precondition(window.count == W.windowSampleCount, "a window has 512 samples")
        let end = Self.contextCount + window.count
        (samples + Self.contextCount).update(from: window.baseAddress!, count: window.count)
        for index in 0..<64 { samples[end + index] = samples[end - 2 - index] }
        spectrogram()
        convolve()
        recur()
        samples.update(from: samples + window.count, count: Self.contextCount)

        let hidden = input + W.widths.3
        for index in 0..<W.stateCount { scratch[index] = max(0, hidden[index]) }
        var logit: Float = 0
        weights.output.apply(kernels, scratch, stride: W.stateCount, rows: 1, to: &logit, stride: 1)
        return 1 / (1 + expf(-logit))
    }

    private func spectrogram() {
        let power = spectra.base + weights.transform.scratchCount
        weights.transform.withPlan { plan in
            kernels.table.pointee.f64_power_spectra(plan, samples, Self.frameHop, spectra.base, power)
        }
        kernels.table.pointee.f32_magnitudes(power, W.binCount, magnitudes + W.binCount, W.binCount)
    }

    private func convolve() {
        let (width0, width1, width2, width3) = W.widths
        weights.conv0.apply(
            kernels, magnitudes, stride: W.binCount, rows: Self.frameCount, to: first + width0,
            stride: width0)
        rectify(first + width0, Self.frameCount * width0)
        weights.conv1.apply(kernels, first, stride: 2 * width0, rows: 2, to: second, stride: width1)
        rectify(second, 2 * width1)
        weights.conv2.apply(kernels, second, stride: 2 * width1, rows: 1, to: third, stride: width2)
        rectify(third, width2)
        weights.conv3.apply(kernels, third, stride: width2, rows: 1, to: input, stride: width3)
        rectify(input, width3)
    }

    private func recur() {
        let count = W.stateCount
        let table = kernels.table
        weights.gates.apply(kernels, input, stride: 2 * count, rows: 1, to: gates, stride: 4 * count)
        table.pointee.f32_sigmoid(gates, 2 * count)
        table.pointee.f32_tanh(gates + 2 * count, count)
        table.pointee.f32_sigmoid(gates + 3 * count, count)
        for index in 0..<count {
            cell[index] = gates[count + index] * cell[index] + gates[index] * gates[2 * count + index]
        }
        scratch.update(from: cell, count: count)
        table.pointee.f32_tanh(scratch, count)
        let hidden = input + W.widths.3
        for index in 0..<count { hidden[index] = gates[3 * count + index] * scratch[index] }
    }

    private func rectify(_ values: UnsafeMutablePointer<Float>, _ count: Int) {
        for index in 0..<count { values[index] = max(0, values[index]) }
    }
}
