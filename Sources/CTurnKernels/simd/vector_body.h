// Vectors of one instruction set, and functions of one number. The file that includes this has set the target and
// defined
//   LANES       floats in a vector
//   KERNEL(n)   n with the set's suffix
// Vectors are the compiler's own, so that one text serves every set. What the 8-bit path computes is the same to
// the last bit in every set: each value by the same operations, fused where the text says so, and sums over a row in
// sixteen partial sums whatever the vector's length. A rounding that differed would be amplified by the next
// quantisation.

#include <string.h>

#include "../gelu_pieces.h"

#define W TURN_PANEL_WIDTH
#define G TURN_DEPTH_GROUP
#define PARTS (W / LANES)
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define PRAGMA(text) _Pragma(#text)
#define REPEAT(n) PRAGMA(clang loop unroll_count(n))

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));
typedef uint8_t vb __attribute__((vector_size(LANES)));
typedef float vf_any __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t vi_any __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t vu_any __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint8_t vb_any __attribute__((vector_size(LANES), aligned(1), may_alias));

INLINE vf all(float x) { return x - (vf){0}; }
INLINE vf load(const float *x) { return *(const vf_any *)x; }
INLINE void store(float *x, vf v) { *(vf_any *)x = v; }
INLINE vf fma_(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
INLINE vf larger(vf a, vf b) { return (vf)(((a > b) & (vi)a) | (~(a > b) & (vi)b)); }
INLINE vf smaller(vf a, vf b) { return (vf)(((a < b) & (vi)a) | (~(a < b) & (vi)b)); }
INLINE vf choose(vi where, vf a, vf b) { return (vf)((where & (vi)a) | (~where & (vi)b)); }
INLINE vf rounded(vf x) { return __builtin_elementwise_rint(x); }
INLINE vf magnitude(vf x) { return __builtin_elementwise_abs(x); }

/// The upper half of the first 2 x `half` lanes, in the lower one's place.
#define FOLDED(type, name)                                                                                     \
    INLINE type name(type v, int half) {                                                                       \
        type w = v;                                                                                            \
        UNROLL for (int i = 0; i < half; i++) w[i] = v[i + half];                                              \
        return w;                                                                                              \
    }
FOLDED(vf, folded)
FOLDED(vu, folded_integers)

/// Of sixteen partial sums: each half onto the other.
INLINE float total(const vf sums[PARTS]) {
    vf parts[PARTS];
    UNROLL for (int j = 0; j < PARTS; j++) parts[j] = sums[j];
    UNROLL for (int half = PARTS / 2; half; half /= 2)
        UNROLL for (int j = 0; j < half; j++) parts[j] += parts[j + half];
    vf v = parts[0];
    UNROLL for (int half = LANES / 2; half; half /= 2) v += folded(v, half);
    return v[0];
}

INLINE uint32_t total_integer(vu v) {
    UNROLL for (int half = LANES / 2; half; half /= 2) v += folded_integers(v, half);
    return v[0];
}

INLINE float greatest_lane(vf v) {
    UNROLL for (int half = LANES / 2; half; half /= 2) v = larger(v, folded(v, half));
    return v[0];
}

/// The `count` < LANES values at x, then `fill`.
INLINE vf load_some(const float *x, size_t count, float fill) {
    vf v = all(fill);
    memcpy(&v, x, count * sizeof(float));
    return v;
}

// exp(x) for x <= 88: 2^n (1 + r + r^2 P(r)), |r| <= ln 2 / 2, minimax P; relative error 2e-7. Below -87: exp(-87).
INLINE vf exponential(vf x) {
    x = larger(x, all(-87.0f));
    vf n = rounded(x * 1.44269504f);
    vf r = fma_(n, all(-0.693359375f), x);
    r = fma_(n, all(2.12194440e-4f), r);
    vf p = fma_(r, all(1.39504764e-3f), all(8.36888235e-3f));
    p = fma_(p, r, all(4.16662060e-2f));
    p = fma_(p, r, all(1.66665182e-1f));
    p = fma_(p, r, all(0.5f));
    p = fma_(p * r, r, r) + 1.0f;
    return (vf)((vi)p + (__builtin_convertvector(n, vi) << 23));
}

// 0.5 x (1 + erf(x / sqrt 2)): erf / 2 = x P(2 x^2 / 25 - 1) for |x| < 5, minimax P; absolute error 2e-6.
INLINE vf gelu(vf x) {
    const float c[] = {0.14136378467f, -0.07029628009f, 0.05152052268f, -0.04044260830f, 0.03144217283f,
                       -0.02326865122f, 0.01640217565f, -0.01116434112f, 0.00641050981f, -0.00268557272f,
                       0.00172279903f, -0.00161326619f, 0.00060872769f};
    vf u = fma_(x * x, all(0.08f), all(-1.0f));
    vf p = all(c[12]);
    UNROLL for (int i = 11; i >= 0; i--) p = fma_(p, u, all(c[i]));
    vf y = x * fma_(x, p, all(0.5f));
    return choose(magnitude(x) < 5.0f, y, larger(x, all(0)));
}

/// table[lowest four bits of the index] in each lane.
INLINE vf looked_up(const float table[16], vu index) {
#if LANES == 16
    return (vf)_mm512_permutexvar_ps((__m512i)index, _mm512_load_ps(table));
#elif LANES == 8
    __m256 low = _mm256_permutevar8x32_ps(_mm256_load_ps(table), (__m256i)index);
    __m256 high = _mm256_permutevar8x32_ps(_mm256_load_ps(table + 8), (__m256i)index);
    return (vf)_mm256_blendv_ps(low, high, (__m256)(index << 28));
#else
    uint8x16_t bytes = (uint8x16_t)((index & 15) * 0x04040404u + 0x03020100u);
    return (vf)vqtbl4q_u8(vld1q_u8_x4((const uint8_t *)table), bytes);
#endif
}

// In pieces (gelu_pieces.h): few products, which the pipes of 8-bit products would have to do.
INLINE vf coarse_gelu(vf x) {
    vf m = smaller(magnitude(x), all(TURN_GELU_END));
    vu piece = (vu)(m + TURN_GELU_QUARTERS);
    vf p = fma_(m, looked_up(turn_gelu_pieces[2], piece), looked_up(turn_gelu_pieces[1], piece));
    p = fma_(p, m, looked_up(turn_gelu_pieces[0], piece));
    return larger(x, all(0)) + p;
}

INLINE vf sigmoid(vf x) {
    vf e = exponential(-magnitude(x));
    vf s = 1.0f / (1.0f + e);
    return choose(x < 0.0f, e * s, s);
}

// tanh(x) = x + x^3 P(x^2) for |x| < 0.5, else 1 - 2 / (exp(2 |x|) + 1) with the sign of x.
INLINE vf hyperbolic_tangent(vf x) {
    vf m = magnitude(x), t = x * x;
    vf p = fma_(t, all(1.72569975e-2f), all(-5.30529544e-2f));
    p = fma_(p, t, all(1.33259878e-1f));
    p = fma_(p, t, all(-3.33331496e-1f));
    vf near = fma_(p * t, x, x);
    vf e = exponential(-2.0f * m);
    vf far = (1.0f - e) / (1.0f + e);
    far = choose(x < 0.0f, -far, far);
    return choose(m < 0.5f, near, far);
}

#define DEFINE_IN_PLACE(NAME, FUNCTION)                                                                        \
    static void KERNEL(NAME)(float *x, size_t count) {                                                         \
        size_t i = 0;                                                                                          \
        for (; i + LANES <= count; i += LANES) store(x + i, FUNCTION(load(x + i)));                            \
        if (i < count) {                                                                                       \
            vf v = FUNCTION(load_some(x + i, count - i, 0));                                                   \
            memcpy(x + i, &v, (count - i) * sizeof(float));                                                    \
        }                                                                                                      \
    }

DEFINE_IN_PLACE(turn_f32_gelu, gelu)
DEFINE_IN_PLACE(turn_f32_tanh, hyperbolic_tangent)
DEFINE_IN_PLACE(turn_f32_sigmoid, sigmoid)
