// Spectra and features: double precision, four frames at a time, one in each lane. The file that includes this
// has set the target and defined KERNEL(n). Vectors are the compiler's own; it splits them where registers are
// narrower.

#include <string.h>

#pragma clang diagnostic ignored "-Wpsabi"  // all that passes vectors is inlined

#define LINE static inline __attribute__((always_inline))
#define SPREAD _Pragma("clang loop unroll(full)")

typedef double vd __attribute__((vector_size(32)));
typedef int64_t vl __attribute__((vector_size(32)));
typedef uint64_t vul __attribute__((vector_size(32)));
typedef double vd_any __attribute__((vector_size(32), aligned(8), may_alias));
typedef float vs __attribute__((vector_size(16)));
typedef float vs_any __attribute__((vector_size(16), aligned(4), may_alias));
typedef float v8 __attribute__((vector_size(32)));
typedef float v8_any __attribute__((vector_size(32), aligned(4), may_alias));

LINE vd get(const double *x) { return *(const vd_any *)x; }
LINE void put(double *x, vd v) { *(vd_any *)x = v; }

typedef struct {
    vd re, im;
} complex4;

LINE complex4 take(const double *x, size_t index) {
    return (complex4){get(x + 8 * index), get(x + 8 * index + 4)};
}

/// Value `j` of a butterfly, turned by `turn` steps of exp(-2 pi i / size).
LINE void give(double *x, size_t index, vd re, vd im, const double *turns, size_t turn) {
    if (turn == 0) {
        put(x + 8 * index, re);
        put(x + 8 * index + 4, im);
    } else {
        double c = turns[2 * turn], s = turns[2 * turn + 1];
        put(x + 8 * index, re * c - im * s);
        put(x + 8 * index + 4, re * s + im * c);
    }
}

// Stockham's stages: y[q + s (r p + j)] = w^(p j) * sum over k of x[q + s (p + m k)] exp(-2 pi i j k / r), where
// n = r m values remain and w = exp(-2 pi i / n).

LINE void radix5(const double *x, double *y, size_t size, size_t n, size_t s, const double *turns) {
    const double c1 = 0.30901699437494745, c2 = -0.80901699437494745;
    const double s1 = 0.95105651629515353, s2 = 0.58778525229247314;
    size_t m = n / 5, step = size / n;
    for (size_t p = 0; p < m; p++)
        for (size_t q = 0; q < s; q++) {
            complex4 x0 = take(x, q + s * p), x1 = take(x, q + s * (p + m)), x2 = take(x, q + s * (p + 2 * m));
            complex4 x3 = take(x, q + s * (p + 3 * m)), x4 = take(x, q + s * (p + 4 * m));
            vd ar = x1.re + x4.re, ai = x1.im + x4.im, br = x1.re - x4.re, bi = x1.im - x4.im;
            vd cr = x2.re + x3.re, ci = x2.im + x3.im, dr = x2.re - x3.re, di = x2.im - x3.im;
            vd t1r = x0.re + c1 * ar + c2 * cr, t1i = x0.im + c1 * ai + c2 * ci;
            vd t2r = x0.re + c2 * ar + c1 * cr, t2i = x0.im + c2 * ai + c1 * ci;
            vd u1r = s1 * br + s2 * dr, u1i = s1 * bi + s2 * di;
            vd u2r = s2 * br - s1 * dr, u2i = s2 * bi - s1 * di;
            size_t to = q + s * 5 * p, turn = p * step;
            give(y, to, x0.re + ar + cr, x0.im + ai + ci, turns, 0);
            give(y, to + s, t1r + u1i, t1i - u1r, turns, turn);
            give(y, to + 2 * s, t2r + u2i, t2i - u2r, turns, 2 * turn);
            give(y, to + 3 * s, t2r - u2i, t2i + u2r, turns, 3 * turn);
            give(y, to + 4 * s, t1r - u1i, t1i + u1r, turns, 4 * turn);
        }
}

typedef struct {
    complex4 v[4];
} four4;

LINE four4 butterfly4(complex4 a, complex4 b, complex4 c, complex4 d) {
    vd er = a.re + c.re, ei = a.im + c.im, fr = a.re - c.re, fi = a.im - c.im;
    vd gr = b.re + d.re, gi = b.im + d.im, hr = b.re - d.re, hi = b.im - d.im;
    return (four4){{{er + gr, ei + gi}, {fr + hi, fi - hr}, {er - gr, ei - gi}, {fr - hi, fi + hr}}};
}

LINE void radix4(const double *x, double *y, size_t size, size_t n, size_t s, const double *turns) {
    size_t m = n / 4, step = size / n;
    for (size_t p = 0; p < m; p++)
        for (size_t q = 0; q < s; q++) {
            four4 f = butterfly4(take(x, q + s * p), take(x, q + s * (p + m)), take(x, q + s * (p + 2 * m)),
                                 take(x, q + s * (p + 3 * m)));
            SPREAD for (size_t j = 0; j < 4; j++)
                give(y, q + s * (4 * p + j), f.v[j].re, f.v[j].im, turns, j * p * step);
        }
}

/// The last stage: n = 8.
LINE void radix8(const double *x, double *y, size_t s) {
    const double h = 0.70710678118654752;
    for (size_t q = 0; q < s; q++) {
        four4 e = butterfly4(take(x, q), take(x, q + 2 * s), take(x, q + 4 * s), take(x, q + 6 * s));
        four4 o = butterfly4(take(x, q + s), take(x, q + 3 * s), take(x, q + 5 * s), take(x, q + 7 * s));
        complex4 o1 = {(o.v[1].re + o.v[1].im) * h, (o.v[1].im - o.v[1].re) * h};
        complex4 o2 = {o.v[2].im, -o.v[2].re};
        complex4 o3 = {(o.v[3].im - o.v[3].re) * h, -(o.v[3].re + o.v[3].im) * h};
        complex4 odd[4] = {o.v[0], o1, o2, o3};
        SPREAD for (size_t j = 0; j < 4; j++) {
            give(y, q + s * j, e.v[j].re + odd[j].re, e.v[j].im + odd[j].im, NULL, 0);
            give(y, q + s * (j + 4), e.v[j].re - odd[j].re, e.v[j].im - odd[j].im, NULL, 0);
        }
    }
}

/// Samples of four frames, windowed, as size / 2 complex values: even samples real, odd ones imaginary.
LINE void gather(const turn_transform *t, const float *samples, size_t hop, double *x) {
    for (size_t i = 0; i < t->size; i += 4) {
        vs a = *(const vs_any *)(samples + i), b = *(const vs_any *)(samples + hop + i);
        vs c = *(const vs_any *)(samples + 2 * hop + i), d = *(const vs_any *)(samples + 3 * hop + i);
        vs ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        vs cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        vs columns[4] = {
            __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5), __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7),
            __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5), __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7),
        };
        SPREAD for (size_t k = 0; k < 4; k++)
            put(x + 4 * (i + k), __builtin_convertvector(columns[k], vd) * t->window[i + k]);
    }
}

/// X_k = (Z_k + conj Z_(h-k)) / 2 - i/2 w^k (Z_k - conj Z_(h-k)), h = size / 2; X_(h-k) comes with it.
LINE void combine(const turn_transform *t, const double *z, double *power) {
    size_t half = t->size / 2;
    for (size_t k = 0; k <= half / 2; k++) {
        complex4 a = take(z, k), b = take(z, k == 0 ? 0 : half - k);
        double c = t->turns[2 * k], s = t->turns[2 * k + 1];
        vd sr = a.re + b.re, si = a.im - b.im, dr = a.re - b.re, di = a.im + b.im;
        vd er = c * di + s * dr, ei = s * di - c * dr;
        vd re = sr + er, im = si + ei, re2 = sr - er, im2 = si - ei;
        put(power + 4 * k, 0.25 * (re * re + im * im));
        put(power + 4 * (half - k), 0.25 * (re2 * re2 + im2 * im2));
    }
}

static void KERNEL(turn_f64_power_spectra)(const turn_transform *t, const float *samples, size_t hop,
                                           double *scratch, double *power) {
    double *x = scratch, *y = scratch + 4 * t->size;
    gather(t, samples, hop, x);
    if (t->size == 400) {
        radix5(x, y, 400, 200, 1, t->turns);
        radix5(y, x, 400, 40, 5, t->turns);
        radix8(x, y, 25);
    } else {
        radix4(x, y, 256, 128, 1, t->turns);
        radix4(y, x, 256, 32, 4, t->turns);
        radix8(x, y, 16);
    }
    combine(t, y, power);
}

// log10(x), x a positive normal number: exponent and 2 s + s^3 P(s^2), s = (m - 1) / (m + 1); error 1e-13.
LINE vd logarithm(vd x) {
    const int64_t low = 0x3fe6a09e667f3bcd;  // sqrt(1/2)
    vl bits = (vl)x, steps = (bits - low + (1023LL << 52)) & (0x7ffLL << 52);
    vd m = (vd)(bits - steps + (1023LL << 52));
    vl whole = (vl)((vul)steps >> 52) | 0x4330000000000000;
    vd e = (vd)whole - (4503599627370496.0 + 1023.0);
    vd s = (m - 1.0) / (m + 1.0), t = s * s;
    vd p = t * 0.08516800080464246 + 0.09630075870089642;
    p = p * t + 0.12408736023979418;
    p = p * t + 0.17371777038439343;
    p = p * t + 0.2895296546589078;
    p = p * t + 0.8685889638064809;
    return e * 0.30102999566398120 + s * p;
}

static void KERNEL(turn_f64_log_mel)(const turn_mel_bank *bank, const double *power, double *log_mel,
                                     size_t stride, double *maximum) {
    const double *weight = bank->weights;
    vd most = get(maximum);
    for (size_t mel = 0; mel < bank->count; mel++) {
        vd sum = {0};
        const double *from = power + 4 * bank->first_bins[mel];
        for (size_t i = 0; i < bank->bin_counts[mel]; i++, from += 4) sum += *weight++ * get(from);
        vl is_least = sum < 1e-10;
        vd floor = 1e-10 - (vd){0};
        vd value = logarithm((vd)((is_least & (vl)floor) | (~is_least & (vl)sum)));
        vl is_most = value > most;
        most = (vd)((is_most & (vl)value) | (~is_most & (vl)most));
        put(log_mel + mel * stride, value);
    }
    put(maximum, most);
}

static void KERNEL(turn_f32_magnitudes)(const double *power, size_t bins, float *magnitudes, size_t stride) {
    for (size_t k = 0; k < bins; k++) {
        vd root = __builtin_elementwise_sqrt(get(power + 4 * k));
        SPREAD for (size_t frame = 0; frame < 4; frame++) magnitudes[frame * stride + k] = (float)root[frame];
    }
}

static void KERNEL(turn_f32_features)(const double *log_mel, size_t count, double floor, float *features,
                                      size_t stride) {
    vd least = floor - (vd){0};
    for (size_t mel = 0; mel < count; mel++) {
        vd value = get(log_mel + 4 * mel);
        vl is_less = value < least;
        value = (vd)((is_less & (vl)least) | (~is_less & (vl)value));
        *(vs_any *)(features + mel * stride) = __builtin_convertvector((value + 4.0) * 0.25, vs);
    }
}

// The sum in the order in which numpy adds (halves down to blocks of 128, eight running sums in a block), so that
// mean and variance are numpy's to the last bit: nothing here may be fused or reordered.
static float KERNEL(pairwise)(const float *x, size_t count, int squared) {
#pragma STDC FP_CONTRACT OFF
    if (count <= 128) {
        v8 sums = *(const v8_any *)x;
        if (squared) sums = sums * sums;
        for (size_t i = 8; i < count; i += 8) {
            v8 v = *(const v8_any *)(x + i);
            if (squared) v = v * v;
            sums += v;
        }
        return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    }
    size_t half = count / 2;
    half -= half % 8;
    return KERNEL(pairwise)(x, half, squared) + KERNEL(pairwise)(x + half, count - half, squared);
}

static void KERNEL(turn_f32_normalise)(float *x, size_t count, float epsilon) {
    float mean = KERNEL(pairwise)(x, count, 0) / (float)count;
    for (size_t i = 0; i < count; i += 8) *(v8_any *)(x + i) -= mean;
    float variance = KERNEL(pairwise)(x, count, 1) / (float)count;
    float deviation = __builtin_sqrtf(variance + epsilon);
    for (size_t i = 0; i < count; i += 8) *(v8_any *)(x + i) /= deviation;
}

#define SPECTRUM_KERNELS                                                                                       \
    .f32_normalise = KERNEL(turn_f32_normalise), .f64_power_spectra = KERNEL(turn_f64_power_spectra),          \
    .f64_log_mel = KERNEL(turn_f64_log_mel), .f32_features = KERNEL(turn_f32_features),                        \
    .f32_magnitudes = KERNEL(turn_f32_magnitudes)
