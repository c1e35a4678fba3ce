import TurnCore

/// A streaming sample-rate converter for mono audio between any two rates of 8...192 kHz.
///
/// Output sample `n` stands for input time `n / outputRate`: the filter's delay shows as samples that arrive
/// later, never as a shift in time. The ratio is exact (44,100 to 16,000 Hz is 160/441), so nothing drifts, and the
/// output does not depend on how the input is cut into calls, to the bit.
///
/// With N the narrower of both Nyquist frequencies, the filter
/// - passes 0 to 0.9·N within 0.01 dB (linear phase);
/// - stops everything from 1.0·N on by 100 dB at least: no alias and no image is stronger, wherever it falls;
/// - needs ``latency`` of input beyond the output's place in time: 4.5 ms from 44.1 or 48 to 16 kHz, 9 ms
///   where one side is 8 kHz, at most 10 ms anywhere.
///
/// Ratios share their coefficients process-wide; a table is never larger than 1 MiB, whatever the ratio.
/// ``process(_:_:)`` allocates nothing. Samples that are not finite spread over the filter's length;
/// ``AudioIngress`` removes them before. A value type: a copy is an independent stream. Not for use from two
/// threads at once.
///
/// Source: polyphase form of the Kaiser-windowed sinc, Oppenheim and Schafer, Discrete-Time Signal Processing.
public struct Resampler: Sendable {
    /// Samples a second of the input.
    public let inputRate: Int
    /// Samples a second of the output.
    public let outputRate: Int

    private let upFactor: Int
    private let downFactor: Int
    /// Nil where both rates are equal: samples pass unchanged.
    private let filter: ResamplingFilter?

    /// The last inputs, preceded at the start by the silence before the stream.
    private var history: [Float]
    private var output: [Float]
    private var cursor: Cursor

    /// Where the next output's window begins in the history, and how full that is.
    private struct Cursor {
        var filled: Int
        var position = 0
        /// The output's place between two input samples, in 1/upFactor.
        var phase = 0
    }

    /// A converter at the start of a stream.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` when a rate is outside ``AudioFormat/sampleRates``.
    public init(from inputRate: Int, to outputRate: Int) throws(TurnError) {
        // The formats' own check.
        _ = try AudioFormat(sampleRate: inputRate)
        _ = try AudioFormat(sampleRate: outputRate)
        let divisor = Self.greatestCommonDivisor(inputRate, outputRate)
        self.inputRate = inputRate
        self.outputRate = outputRate
        upFactor = outputRate / divisor
        downFactor = inputRate / divisor
        if upFactor == downFactor {
            filter = nil
            history = []
            output = []
            cursor = Cursor(filled: 0)
        } else {
            let filter = ResamplingFilterCache.shared.filter(upFactor: upFactor, downFactor: downFactor)
            self.filter = filter
            history = [Float](repeating: 0, count: filter.tapCount + max(1024, filter.tapCount))
            output = [Float](repeating: 0, count: 1024)
            cursor = Cursor(filled: filter.halfLength - 1)
        }
    }

    /// Input that must follow an output's place in time before the output can be computed: the group delay.
    public var latency: Duration {
        .nanoseconds((filter?.halfLength ?? 0) * 1_000_000_000 / inputRate)
    }

    /// Bytes of the coefficient table that this resampler shares with all others of its ratio; 1 MiB at most.
    public var filterByteCount: Int {
        (filter?.coefficients.count ?? 0) * MemoryLayout<Float>.stride
    }

    /// Samples that `inputCount` samples and a flush give: ⌈inputCount · outputRate / inputRate⌉.
    public func outputCount(forInputCount inputCount: Int) -> Int {
        let (whole, rest) = inputCount.quotientAndRemainder(dividingBy: downFactor)
        return whole * upFactor + (rest * upFactor + downFactor - 1) / downFactor
    }

    /// Takes the next samples of the stream and hands on what they make possible.
    ///
    /// - Parameters:
    ///   - input: any number of samples.
    ///   - sink: called zero or more times, with at least one sample; the buffer is valid during the call only.
    public mutating func process(
        _ input: UnsafeBufferPointer<Float>, _ sink: (UnsafeBufferPointer<Float>) -> Void
    ) {
        guard let filter else {
            if !input.isEmpty { sink(input) }
            return
        }
        var consumed = 0
        while consumed < input.count {
            let count = min(history.count - cursor.filled, input.count - consumed)
            let piece = UnsafeBufferPointer(rebasing: input[consumed..<(consumed + count)])
            append(piece, count: count)
            consumed += count
            drain(filter, sink)
        }
    }

    /// Hands on the tail, as though silence followed, and returns to the start of a stream.
    ///
    /// - Parameter sink: as in ``process(_:_:)``.
    public mutating func flush(_ sink: (UnsafeBufferPointer<Float>) -> Void) {
        guard let filter else { return }
        var remaining = filter.halfLength
        while remaining > 0 {
            let count = min(history.count - cursor.filled, remaining)
            append(nil, count: count)
            remaining -= count
            drain(filter, sink)
        }
        reset()
    }

    /// Returns to the start of a stream; what the filter still held is dropped.
    public mutating func reset() {
        guard let filter else { return }
        cursor = Cursor(filled: filter.halfLength - 1)
        history.withUnsafeMutableBufferPointer { buffer in
            buffer[..<(filter.halfLength - 1)].update(repeating: 0)
        }
    }

    /// Appends samples, or silence for nil, to the history, which has the room.
    private mutating func append(_ samples: UnsafeBufferPointer<Float>?, count: Int) {
        let filled = cursor.filled
        history.withUnsafeMutableBufferPointer { buffer in
            let target = UnsafeMutableBufferPointer(rebasing: buffer[filled..<(filled + count)])
            if let samples {
                _ = target.update(from: samples)
            } else {
                target.update(repeating: 0)
            }
        }
        cursor.filled += count
    }

    /// Computes every output whose window the history holds, then makes room if it is full.
    private mutating func drain(_ filter: ResamplingFilter, _ sink: (UnsafeBufferPointer<Float>) -> Void) {
        while cursor.position + filter.tapCount <= cursor.filled {
            let count = computeBlock(filter)
            output.withUnsafeBufferPointer { sink(UnsafeBufferPointer(rebasing: $0[..<count])) }
        }
        guard cursor.filled == history.count else { return }
        let (filled, position) = (cursor.filled, cursor.position)
        history.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress!.update(from: buffer.baseAddress! + position, count: filled - position)
        }
        cursor.filled -= position
        cursor.position = 0
    }

    /// Fills the output block as far as the history goes; returns how far.
    private mutating func computeBlock(_ filter: ResamplingFilter) -> Int {
        let step = downFactor / upFactor
        let phaseStep = downFactor % upFactor
        let upFactor = upFactor
        return Self.withBuffers(&history, &output, filter.coefficients) { history, output, rows in
            var (position, phase) = (cursor.position, cursor.phase)
            let last = cursor.filled - filter.tapCount
            var count = 0
            while position <= last, count < output.count {
                let window = history.baseAddress! + position
                let value: Float
                if filter.isInterpolated {
                    let (row, rest) = (phase * filter.phaseCount).quotientAndRemainder(dividingBy: upFactor)
                    let taps = rows.baseAddress! + row * filter.tapCount
                    let weight = Float(rest) / Float(upFactor)
                    let a = Self.dotProduct(window, taps, count: filter.tapCount)
                    let b = Self.dotProduct(window, taps + filter.tapCount, count: filter.tapCount)
                    value = a + weight * (b - a)
                } else {
                    let taps = rows.baseAddress! + phase * filter.tapCount
                    value = Self.dotProduct(window, taps, count: filter.tapCount)
                }
                output[count] = value
                count += 1
                position += step
                phase += phaseStep
                if phase >= upFactor {
                    phase -= upFactor
                    position += 1
                }
            }
            cursor.position = position
            cursor.phase = phase
            return count
        }
    }

    /// All three buffers at once; `cursor` stays accessible in the body.
    @inline(__always)
    private static func withBuffers(
        _ history: inout [Float], _ output: inout [Float], _ rows: [Float],
        _ body: (
            _ history: UnsafeMutableBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>,
            _ rows: UnsafeBufferPointer<Float>
        ) -> Int
    ) -> Int {
        history.withUnsafeMutableBufferPointer { history in
            output.withUnsafeMutableBufferPointer { output in
                rows.withUnsafeBufferPointer { rows in body(history, output, rows) }
            }
        }
    }

    /// Sum of products in a fixed order, so that equal windows give equal bits; `count` is a multiple of 16.
    @inline(__always)
    private static func dotProduct(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float
    {
        let a = UnsafeRawPointer(a)
        let b = UnsafeRawPointer(b)
        var low = SIMD8<Float>.zero
        var high = SIMD8<Float>.zero
        var offset = 0
        while offset < count * 4 {
            low += load(a, offset) * load(b, offset)
            high += load(a, offset + 32) * load(b, offset + 32)
            offset += 64
        }
        return (low + high).sum()
    }

    @inline(__always)
    private static func load(_ start: UnsafeRawPointer, _ byteOffset: Int) -> SIMD8<Float> {
        start.loadUnaligned(fromByteOffset: byteOffset, as: SIMD8<Float>.self)
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}

extension Resampler {
    /// A whole recording at once.
    ///
    /// - Returns: ⌈count · outputRate / inputRate⌉ samples; sample `n` stands for input time `n / outputRate`.
    /// - Throws: ``TurnError`` `.invalidArgument` when a rate is outside ``AudioFormat/sampleRates``.
    public static func resample(
        _ samples: [Float], from inputRate: Int, to outputRate: Int
    ) throws(TurnError) -> [Float] {
        var resampler = try Resampler(from: inputRate, to: outputRate)
        var result: [Float] = []
        result.reserveCapacity(resampler.outputCount(forInputCount: samples.count))
        samples.withUnsafeBufferPointer { resampler.process($0) { result.append(contentsOf: $0) } }
        resampler.flush { result.append(contentsOf: $0) }
        return result
    }
}
