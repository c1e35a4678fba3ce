// The float and quantising kernels of one vector instruction set. The file that includes this has set the
// target and defined
//   LANES       floats in a vector
//   KERNEL(n)   n with the set's suffix
//   GEMM_ROWS   rows of the float product's tile
// Vectors are the compiler's own, so that one text serves every set. What the 8-bit path computes is the same to
// the last bit in every set: each value by the same operations, fused where the text says so, and sums over a row in
// sixteen partial sums whatever the vector's length. A rounding that differed would be amplified by the next
// quantisation.

#include <string.h>

#define W TURN_PANEL_WIDTH
#define G TURN_DEPTH_GROUP
#define PARTS (W / LANES)
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint8_t vb __attribute__((vector_size(LANES)));
typedef float vf_any __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t vi_any __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
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
FOLDED(vi, folded_integers)

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

INLINE int total_integer(vi v) {
    UNROLL for (int half = LANES / 2; half; half /= 2) v += folded_integers(v, half);
    return v[0];
}

INLINE float greatest_lane(vf v) {
    UNROLL for (int half = LANES / 2; half; half /= 2) v = larger(v, folded(v, half));
    return v[0];
}

INLINE float least_lane(vf v) {
    UNROLL for (int half = LANES / 2; half; half /= 2) v = smaller(v, folded(v, half));
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

// MARK: Rows

static void KERNEL(turn_f32_layer_norm)(const float *x, size_t rows, size_t width, const float *weight,
                                        const float *bias, float epsilon, float *y) {
    for (size_t r = 0; r < rows; r++) {
        const float *from = x + r * width;
        float *to = y + r * width;
        vf sums[PARTS], squares[PARTS];
        UNROLL for (int j = 0; j < PARTS; j++) sums[j] = squares[j] = (vf){0};
        for (size_t i = 0; i < width; i += W)
            UNROLL for (int j = 0; j < PARTS; j++) sums[j] += load(from + i + j * LANES);
        float mean = total(sums) / (float)width;
        for (size_t i = 0; i < width; i += W)
            UNROLL for (int j = 0; j < PARTS; j++) {
                vf d = load(from + i + j * LANES) - mean;
                squares[j] = fma_(d, d, squares[j]);
            }
        float inverse = 1 / __builtin_sqrtf(total(squares) / (float)width + epsilon);
        for (size_t i = 0; i < width; i += LANES)
            store(to + i, fma_((load(from + i) - mean) * inverse, load(weight + i), load(bias + i)));
    }
}

// Least and greatest value of a row. Two of each run at once: a comparison takes several cycles.
INLINE void extremes(const float *x, size_t width, vf *least, vf *most) {
    vf min = all(x[0]), min2 = min, max = min, max2 = min;
    size_t i = 0;
    for (; i + 2 * LANES <= width; i += 2 * LANES) {
        vf v = load(x + i), v2 = load(x + i + LANES);
        min = smaller(v, min), min2 = smaller(v2, min2);
        max = larger(v, max), max2 = larger(v2, max2);
    }
    for (; i + LANES <= width; i += LANES) min = smaller(load(x + i), min), max = larger(load(x + i), max);
    if (i < width) {
        vf v = load_some(x + i, width - i, x[0]);
        min2 = smaller(v, min2), max2 = larger(v, max2);
    }
    *least = smaller(min, min2), *most = larger(max, max2);
}

INLINE float greatest(const float *x, size_t width) {
    vf least, most;
    extremes(x, width, &least, &most);
    return greatest_lane(most);
}

static void KERNEL(turn_f32_softmax)(float *x, size_t rows, size_t width, float scale) {
    size_t whole = width / LANES * LANES;
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * width, max = greatest(row, width);
        vf sums[PARTS];
        UNROLL for (int j = 0; j < PARTS; j++) sums[j] = (vf){0};
        for (size_t i = 0; i < whole; i += LANES) {
            vf e = exponential((load(row + i) - max) * scale);
            sums[i / LANES % PARTS] += e;
            store(row + i, e);
        }
        float sum = total(sums);
        if (whole < width) {
            vf e = exponential((load_some(row + whole, width - whole, max) - max) * scale);
            for (size_t i = whole; i < width; i++) sum += e[i - whole];
            memcpy(row + whole, &e, (width - whole) * sizeof(float));
        }
        float inverse = 1 / sum;
        for (size_t i = 0; i < whole; i += LANES) store(row + i, load(row + i) * inverse);
        for (size_t i = whole; i < width; i++) row[i] *= inverse;
    }
}

// MARK: Quantising. No fused multiply-add here: codes must equal the scalar set's.

INLINE vi code_of(vf x) { return __builtin_convertvector(rounded(x), vi); }

INLINE void store_codes(uint8_t *codes, vi v) { *(vb_any *)codes = __builtin_convertvector(v, vb); }

INLINE void store_some_codes(uint8_t *codes, vi v, size_t count) {
    for (size_t i = 0; i < count; i++) codes[i] = (uint8_t)v[i];
}

static void KERNEL(turn_u8_quantise)(const float *x, size_t x_stride, size_t rows, size_t width,
                                     uint8_t *codes, size_t codes_stride, turn_row *out) {
    size_t whole = width / LANES * LANES;
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * x_stride;
        uint8_t *to = codes + r * codes_stride;
        vf least, most;
        extremes(row, width, &least, &most);
        float min = least_lane(least), max = greatest_lane(most);
        float range = max - min, inverse = range > 0 ? 255 / range : 0;
        for (size_t i = 0; i < whole; i += LANES)
            store_codes(to + i, code_of(smaller((load(row + i) - min) * inverse, all(255))));
        if (whole < width) {
            vf v = load_some(row + whole, width - whole, min);
            store_some_codes(to + whole, code_of(smaller((v - min) * inverse, all(255))), width - whole);
        }
        out[r].scale = range / 255;
        out[r].offset = min;
    }
}

static void KERNEL(turn_u8_softmax)(const float *x, size_t rows, size_t width, float scale, uint8_t *codes,
                                    turn_row *out) {
    size_t whole = width / LANES * LANES;
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * width;
        uint8_t *to = codes + r * width;
        float max = greatest(row, width);
        vi sums = {0};
        for (size_t i = 0; i < whole; i += LANES) {
            vi code = code_of(exponential((load(row + i) - max) * scale) * 255.0f);
            sums += code;
            store_codes(to + i, code);
        }
        int sum = total_integer(sums);
        if (whole < width) {
            vi code = code_of(exponential((load_some(row + whole, width - whole, max) - max) * scale) * 255.0f);
            for (size_t i = 0; i < width - whole; i++) sum += code[i];
            store_some_codes(to + whole, code, width - whole);
        }
        out[r].scale = 1 / (float)sum;
        out[r].offset = 0;
    }
}

static void KERNEL(turn_s8_pack_rows)(const float *x, size_t x_stride, size_t outputs, size_t inputs,
                                      const float *mean, int8_t *packed, float *scales, float *sums) {
    for (size_t n = 0; n < outputs; n++) {
        const float *row = x + n * x_stride;
        int8_t codes[128];
        size_t whole = inputs / LANES * LANES;
        vf most = {0};
        for (size_t k = 0; k < whole; k += LANES) most = larger(magnitude(load(row + k) - load(mean + k)), most);
        float max = greatest_lane(most);
        for (size_t k = whole; k < inputs; k++) max = __builtin_fmaxf(max, __builtin_fabsf(row[k] - mean[k]));
        float inverse = max > 0 ? 127 / max : 0;
        vi total_codes = {0};
        for (size_t k = 0; k < whole; k += LANES) {
            vf scaled = (load(row + k) - load(mean + k)) * inverse;
            vi code = code_of(larger(smaller(scaled, all(127)), all(-127)));
            total_codes += code;
            store_codes((uint8_t *)codes + k, code);
        }
        int sum = total_integer(total_codes);
        for (size_t k = whole; k < inputs; k++) {
            float scaled = __builtin_fmaxf(__builtin_fminf((row[k] - mean[k]) * inverse, 127), -127);
            codes[k] = (int8_t)__builtin_rintf(scaled);
            sum += codes[k];
        }
        int8_t *to = packed + (n / W) * W * inputs + (n % W) * G;
        for (size_t k = 0; k < inputs; k += G) memcpy(to + k * W, codes + k, G);
        scales[n] = max / 127;
        sums[n] = scales[n] * (float)sum;
    }
}

static void KERNEL(turn_s8_pack_columns)(const float *x, size_t x_stride, size_t inputs, size_t outputs,
                                         int8_t *packed, float *scales, float *sums, float *centre) {
    for (size_t n = 0; n < outputs; n += LANES) {
        vf min = load(x + n), max = min;
        for (size_t k = 1; k < inputs; k++) {
            vf value = load(x + k * x_stride + n);
            min = smaller(value, min);
            max = larger(value, max);
        }
        vf middle = 0.5f * (min + max), reach = max - middle;
        vf inverse = choose(reach > 0.0f, 127.0f / reach, all(0));
        int8_t *to = packed + (n / W) * W * inputs + (n % W) * G;
        vi sum = {0};
        for (size_t k = 0; k < inputs; k += G) {
            vi word = {0};
            UNROLL for (int i = 0; i < G; i++) {
                vf scaled = (load(x + (k + (size_t)i) * x_stride + n) - middle) * inverse;
                vi code = code_of(larger(smaller(scaled, all(127)), all(-127)));
                sum += code;
                word |= (code & 255) << (8 * i);
            }
            *(vi_any *)(to + k * W) = word;
        }
        store(scales + n, reach / 127.0f);
        store(sums + n, (reach / 127.0f) * __builtin_convertvector(sum, vf));
        store(centre + n, middle);
    }
}

static void KERNEL(turn_f32_dequantise_panel)(const int8_t *codes, const float *scales, size_t inputs,
                                              float *panel) {
    vf scale[PARTS];
    UNROLL for (int j = 0; j < PARTS; j++) scale[j] = load(scales + j * LANES);
    for (size_t k = 0; k < inputs; k += G) {
        UNROLL for (int j = 0; j < PARTS; j++) {
            vi word = *(const vi_any *)(codes + k * W + j * LANES * G);
            UNROLL for (int i = 0; i < G; i++) {
                vi code = (word << (24 - 8 * i)) >> 24;
                store(panel + (k + (size_t)i) * W + j * LANES, __builtin_convertvector(code, vf) * scale[j]);
            }
        }
    }
}

// MARK: Products

/// A row's sums of products to floats: see turn_u8s8_product.
INLINE void finish(const turn_u8s8_product *p, size_t r, size_t panel, const vi sums[PARTS]) {
    turn_row row = p->a_rows[r * p->a_rows_stride];
    float *c = p->c + r * p->c_stride + panel * W;
    UNROLL for (int j = 0; j < PARTS; j++) {
        size_t n = panel * W + j * LANES;
        vf base = fma_(all(row.offset), load(p->sums + n), load(p->bias + n));
        vf value = fma_(__builtin_convertvector(sums[j], vf), row.scale * load(p->scales + n), base);
        if (p->accumulate) value += load(c + j * LANES);
        store(c + j * LANES, p->gelu ? gelu(value) : value);
    }
}

// A slice of the panel (24 KB) stays in the first-level cache.
enum { SLICE = 384 };

// Rows of the product; `bias` is null for all but the last slice of the inputs: a sum that starts at a large
// bias loses the small products' last bits.
INLINE void f32_store(float *c, size_t outputs, const float *bias, int add, const vf s[PARTS]) {
    float sums[W] = {0};
    vf v[PARTS];
    UNROLL for (int j = 0; j < PARTS; j++) v[j] = bias ? s[j] + load(bias + j * LANES) : s[j];
    if (outputs == W) {
        UNROLL for (int j = 0; j < PARTS; j++) {
            if (add) v[j] += load(c + j * LANES);
            store(c + j * LANES, v[j]);
        }
        return;
    }
    memcpy(sums, v, sizeof(sums));
    for (size_t j = 0; j < outputs; j++) c[j] = add ? c[j] + sums[j] : sums[j];
}

INLINE void f32_tile(int rows, const float *a, size_t a_stride, size_t inputs, const float *panel,
                     const float *bias, float *c, size_t c_stride, size_t outputs, int add) {
    vf s[GEMM_ROWS][PARTS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < PARTS; j++) s[r][j] = (vf){0};
    for (size_t i = 0; i < inputs; i++) {
        vf w[PARTS];
        UNROLL for (int j = 0; j < PARTS; j++) w[j] = load(panel + W * i + j * LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            vf x = all(a[(size_t)r * a_stride + i]);
            UNROLL for (int j = 0; j < PARTS; j++) s[r][j] = fma_(x, w[j], s[r][j]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) f32_store(c + (size_t)r * c_stride, outputs, bias, add, s[r]);
}

// One row alone would wait for each sum: four inputs have sums of their own.
INLINE void f32_single(const float *a, size_t inputs, const float *panel, const float *bias, float *c,
                       size_t outputs, int add) {
    vf s[4][PARTS];
    UNROLL for (int k = 0; k < 4; k++)
        UNROLL for (int j = 0; j < PARTS; j++) s[k][j] = (vf){0};
    size_t i = 0;
    for (; i + 4 <= inputs; i += 4)
        UNROLL for (size_t k = 0; k < 4; k++)
            UNROLL for (int j = 0; j < PARTS; j++)
                s[k][j] = fma_(all(a[i + k]), load(panel + W * (i + k) + j * LANES), s[k][j]);
    for (; i < inputs; i++)
        UNROLL for (int j = 0; j < PARTS; j++)
            s[0][j] = fma_(all(a[i]), load(panel + W * i + j * LANES), s[0][j]);
    UNROLL for (int j = 0; j < PARTS; j++) s[0][j] = (s[0][j] + s[1][j]) + (s[2][j] + s[3][j]);
    f32_store(c, outputs, bias, add, s[0]);
}

static void KERNEL(turn_f32_gemm_panel)(const float *a, size_t a_stride, size_t rows, size_t inputs,
                                        const float *panel, const float *bias, float *c, size_t c_stride,
                                        size_t outputs, int accumulate) {
    size_t start = 0;
    do {
        size_t length = inputs - start < SLICE ? inputs - start : SLICE, row = 0;
        const float *w = panel + W * start, *from = a + start;
        const float *b = start + length < inputs ? NULL : bias;
        int add = accumulate || start;
        for (; row + GEMM_ROWS <= rows; row += GEMM_ROWS)
            f32_tile(GEMM_ROWS, from + row * a_stride, a_stride, length, w, b, c + row * c_stride, c_stride,
                     outputs, add);
        for (; row + 4 <= rows; row += 4)
            f32_tile(4, from + row * a_stride, a_stride, length, w, b, c + row * c_stride, c_stride, outputs, add);
        for (; row + 2 <= rows; row += 2)
            f32_tile(2, from + row * a_stride, a_stride, length, w, b, c + row * c_stride, c_stride, outputs, add);
        if (row < rows) f32_single(from + row * a_stride, length, w, b, c + row * c_stride, outputs, add);
        start += length;
    } while (start < inputs);
}

#define DEFINE_KERNELS(SET, NAME)                                                                              \
    const turn_kernels SET = {                                                                                 \
        .name = NAME,                                                                                          \
        .f32_gemm_panel = KERNEL(turn_f32_gemm_panel),                                                         \
        .f32_dequantise_panel = KERNEL(turn_f32_dequantise_panel),                                             \
        .f32_layer_norm = KERNEL(turn_f32_layer_norm),                                                         \
        .f32_gelu = KERNEL(turn_f32_gelu),                                                                     \
        .f32_tanh = KERNEL(turn_f32_tanh),                                                                     \
        .f32_sigmoid = KERNEL(turn_f32_sigmoid),                                                               \
        .f32_softmax = KERNEL(turn_f32_softmax),                                                               \
        .u8_quantise = KERNEL(turn_u8_quantise),                                                               \
        .u8_softmax = KERNEL(turn_u8_softmax),                                                                 \
        .s8_pack_rows = KERNEL(turn_s8_pack_rows),                                                             \
        .s8_pack_columns = KERNEL(turn_s8_pack_columns),                                                       \
        .u8s8_gemm = KERNEL(turn_u8s8_gemm),                                                                   \
        SPECTRUM_KERNELS,                                                                                      \
    };
