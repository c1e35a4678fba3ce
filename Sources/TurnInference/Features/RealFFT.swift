#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Android)
    import Android
#endif

/// Power spectra of real frames of 400 samples, four frames at a time, one in each vector lane.
///
/// A real transform of 400 points is a complex one of 200 (even samples real, odd ones imaginary) and a last
/// combining step. The complex one is Stockham's self-sorting algorithm with the radices 5, 5, 4 and 2, in
/// double precision like the numpy original.
struct RealFFT: Sendable {
    typealias Lanes = SIMD4<Double>
    static let size = 400
    static let binCount = 201
    private static let half = 200
    private static let radices = [5, 5, 4, 2]

    /// exp(-2 pi i k / 400)
    private let cosines: [Double]
    private let sines: [Double]

    init() {
        cosines = (0..<Self.size).map { cos(-2 * Double.pi * Double($0) / Double(Self.size)) }
        sines = (0..<Self.size).map { sin(-2 * Double.pi * Double($0) / Double(Self.size)) }
    }

    /// Memory for one transform at a time.
    struct Scratch: ~Copyable {
        /// 200 complex values, real and imaginary parts in turn; the caller fills it with the 400 samples.
        let samples = UnsafeMutablePointer<Lanes>.allocate(capacity: RealFFT.size)
        fileprivate let other = UnsafeMutablePointer<Lanes>.allocate(capacity: RealFFT.size)

        deinit {
            samples.deallocate()
            other.deallocate()
        }
    }

    /// `power[k] = |X_k|^2`, k = 0...200, of the samples in `scratch`, which are overwritten.
    func power(_ scratch: borrowing Scratch, _ power: UnsafeMutablePointer<Lanes>) {
        var from = scratch.samples
        var to = scratch.other
        var length = Self.half
        var stride = 1
        for radix in Self.radices {
            switch radix {
            case 5: radix5(from, to, length, stride)
            case 4: radix4(from, to, length, stride)
            default: radix2(from, to, length, stride)
            }
            swap(&from, &to)
            length /= radix
            stride *= radix
        }
        // X_k = (Z_k + conj Z_(200-k)) / 2 - i/2 w^k (Z_k - conj Z_(200-k))
        for k in 0...Self.half {
            let i = k == Self.half ? 0 : k
            let j = k == 0 ? 0 : Self.half - k
            let (zr, zi) = (from[2 * i], from[2 * i + 1])
            let (yr, yi) = (from[2 * j], -from[2 * j + 1])
            let (sr, si) = (0.5 * (zr + yr), 0.5 * (zi + yi))
            let (dr, di) = (0.5 * (zr - yr), 0.5 * (zi - yi))
            let (c, s) = (cosines[k], sines[k])
            let re = sr + (c * di + s * dr)
            let im = si - (c * dr - s * di)
            power[k] = re * re + im * im
        }
    }

    // MARK: Stages. y[q + s (r p + j)] = w^(p j) * sum over k of x[q + s (p + m k)] exp(-2 pi i j k / r)

    @inline(__always)
    private func store(
        _ to: UnsafeMutablePointer<Lanes>, _ index: Int, _ re: Lanes, _ im: Lanes, _ turn: Int
    ) {
        let (c, s) = (cosines[turn], sines[turn])
        to[2 * index] = re * c - im * s
        to[2 * index + 1] = re * s + im * c
    }

    private func radix2(
        _ from: UnsafeMutablePointer<Lanes>, _ to: UnsafeMutablePointer<Lanes>, _ n: Int, _ s: Int
    ) {
        let m = n / 2
        for p in 0..<m {
            for q in 0..<s {
                let (a, b) = (q + s * p, q + s * (p + m))
                let (ar, ai, br, bi) = (from[2 * a], from[2 * a + 1], from[2 * b], from[2 * b + 1])
                store(to, q + s * 2 * p, ar + br, ai + bi, 0)
                store(to, q + s * (2 * p + 1), ar - br, ai - bi, p * Self.size / n)
            }
        }
    }

    private func radix4(
        _ from: UnsafeMutablePointer<Lanes>, _ to: UnsafeMutablePointer<Lanes>, _ n: Int, _ s: Int
    ) {
        let m = n / 4
        for p in 0..<m {
            let turn = p * Self.size / n
            for q in 0..<s {
                let (a, b, c, d) = (
                    2 * (q + s * p), 2 * (q + s * (p + m)), 2 * (q + s * (p + 2 * m)),
                    2 * (q + s * (p + 3 * m))
                )
                let (er, ei) = (from[a] + from[c], from[a + 1] + from[c + 1])
                let (fr, fi) = (from[a] - from[c], from[a + 1] - from[c + 1])
                let (gr, gi) = (from[b] + from[d], from[b + 1] + from[d + 1])
                let (hr, hi) = (from[b] - from[d], from[b + 1] - from[d + 1])
                let base = q + s * 4 * p
                store(to, base, er + gr, ei + gi, 0)
                store(to, base + s, fr + hi, fi - hr, turn)
                store(to, base + 2 * s, er - gr, ei - gi, 2 * turn)
                store(to, base + 3 * s, fr - hi, fi + hr, 3 * turn)
            }
        }
    }

    private func radix5(
        _ from: UnsafeMutablePointer<Lanes>, _ to: UnsafeMutablePointer<Lanes>, _ n: Int, _ s: Int
    ) {
        let m = n / 5
        // cos and sin of 2 pi / 5 and 4 pi / 5
        let (c1, c2) = (0.309_016_994_374_947_45, -0.809_016_994_374_947_45)
        let (s1, s2) = (0.951_056_516_295_153_5, 0.587_785_252_292_473_1)
        for p in 0..<m {
            let turn = p * Self.size / n
            for q in 0..<s {
                func at(_ k: Int) -> (Lanes, Lanes) {
                    let index = 2 * (q + s * (p + m * k))
                    return (from[index], from[index + 1])
                }
                let (x0r, x0i) = at(0)
                let (x1r, x1i) = at(1)
                let (x2r, x2i) = at(2)
                let (x3r, x3i) = at(3)
                let (x4r, x4i) = at(4)
                let (ar, ai, br, bi) = (x1r + x4r, x1i + x4i, x1r - x4r, x1i - x4i)
                let (cr, ci, dr, di) = (x2r + x3r, x2i + x3i, x2r - x3r, x2i - x3i)
                let (t1r, t1i) = (x0r + c1 * ar + c2 * cr, x0i + c1 * ai + c2 * ci)
                let (t2r, t2i) = (x0r + c2 * ar + c1 * cr, x0i + c2 * ai + c1 * ci)
                let (u1r, u1i) = (s1 * br + s2 * dr, s1 * bi + s2 * di)
                let (u2r, u2i) = (s2 * br - s1 * dr, s2 * bi - s1 * di)
                let base = q + s * 5 * p
                store(to, base, x0r + ar + cr, x0i + ai + ci, 0)
                store(to, base + s, t1r + u1i, t1i - u1r, turn)
                store(to, base + 2 * s, t2r + u2i, t2i - u2r, 2 * turn)
                store(to, base + 3 * s, t2r - u2i, t2i + u2r, 3 * turn)
                store(to, base + 4 * s, t1r - u1i, t1i + u1r, 4 * turn)
            }
        }
    }
}
