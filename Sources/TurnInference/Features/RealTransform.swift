import CTurnKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

/// The tables of a Fourier transform of real frames behind a periodic Hann window.
struct RealTransform: Sendable {
    /// Samples of a frame: 400 or 256, which the kernels know.
    let size: Int
    let window: [Double]
    /// cos, sin of -2 pi k / size.
    let turns: [Double]

    var binCount: Int { size / 2 + 1 }
    /// Doubles that a kernel needs to work in.
    var scratchCount: Int { 8 * size }

    init(size: Int) {
        precondition(size == 400 || size == 256, "the kernels know frames of 400 and 256 samples")
        self.size = size
        let angle = 2 * Double.pi / Double(size)
        window = (0..<size).map { 0.5 - 0.5 * cos(angle * Double($0)) }
        turns = (0..<size).flatMap { [cos(-angle * Double($0)), sin(-angle * Double($0))] }
    }

    /// The tables in the form that the kernels read.
    func withPlan<Result>(_ body: (UnsafePointer<turn_transform>) -> Result) -> Result {
        window.withUnsafeBufferPointer { window in
            turns.withUnsafeBufferPointer { turns in
                var plan = turn_transform(
                    size: size, window: window.baseAddress!, turns: turns.baseAddress!)
                return body(&plan)
            }
        }
    }
}
