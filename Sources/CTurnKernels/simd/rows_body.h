// Kernels that work row by row: normalisation, softmax, quantising.

// Rows that are taken at once, since a row's reductions take their time: in normalising, and in quantising.
enum { NORM_ROWS = 4, BATCH = 8 };

INLINE void normalise_rows(int rows, const float *x, size_t width, const float *weight, const float *bias,
                           float epsilon, float *y, size_t y_stride) {
    vf sums[NORM_ROWS][PARTS], squares[NORM_ROWS][PARTS];
    float mean[NORM_ROWS], inverse[NORM_ROWS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < PARTS; j++) sums[r][j] = squares[r][j] = (vf){0};
    for (size_t i = 0; i < width; i += W)
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < PARTS; j++) sums[r][j] += load(x + (size_t)r * width + i + j * LANES);
    UNROLL for (int r = 0; r < rows; r++) mean[r] = total(sums[r]) / (float)width;
    for (size_t i = 0; i < width; i += W)
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < PARTS; j++) {
                vf d = load(x + (size_t)r * width + i + j * LANES) - mean[r];
                squares[r][j] = fma_(d, d, squares[r][j]);
            }
    UNROLL for (int r = 0; r < rows; r++)
        inverse[r] = 1 / __builtin_sqrtf(total(squares[r]) / (float)width + epsilon);
    for (size_t i = 0; i < width; i += LANES) {
        vf w = load(weight + i), b = load(bias + i);
        UNROLL for (int r = 0; r < rows; r++)
            store(y + (size_t)r * y_stride + i, fma_((load(x + (size_t)r * width + i) - mean[r]) * inverse[r], w, b));
    }
}

static void KERNEL(turn_f32_layer_norm)(const float *x, size_t rows, size_t width, const float *weight,
                                        const float *bias, float epsilon, float *y) {
    size_t r = 0;
    for (; r + NORM_ROWS <= rows; r += NORM_ROWS)
        normalise_rows(NORM_ROWS, x + r * width, width, weight, bias, epsilon, y + r * width, width);
    for (; r < rows; r++) normalise_rows(1, x + r * width, width, weight, bias, epsilon, y + r * width, width);
}

// The greatest value of a row, or size of a value. Four run at once: a comparison takes several cycles.
INLINE float greatest(const float *x, size_t width, int sizes) {
    vf first = sizes ? magnitude(load(x)) : load(x), max[4] = {first, first, first, first};
    size_t i = 0;
    for (; i + 4 * LANES <= width; i += 4 * LANES)
        UNROLL for (int k = 0; k < 4; k++) {
            vf v = load(x + i + (size_t)k * LANES);
            max[k] = larger(sizes ? magnitude(v) : v, max[k]);
        }
    for (; i < width; i += LANES) max[0] = larger(sizes ? magnitude(load(x + i)) : load(x + i), max[0]);
    return greatest_lane(larger(larger(max[0], max[1]), larger(max[2], max[3])));
}

static void KERNEL(turn_f32_softmax)(float *x, size_t rows, size_t width, float scale) {
    size_t whole = width / LANES * LANES;
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * width, max = row[0];
        if (whole) max = greatest(row, whole, 0);
        for (size_t i = whole; i < width; i++) max = row[i] > max ? row[i] : max;
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

// MARK: Quantising

// x + 1.5 x 2^23 holds the integer next to x, ties to even, in its lowest bits: the codes below are taken from them.
#define ROUNDER 12582912.0f
#define ROUNDER_BITS 0x4b400000u

INLINE void store_codes(uint8_t *codes, vu bits) { *(vb_any *)codes = __builtin_convertvector(bits, vb); }

/// `count` <= BATCH rows to codes.
INLINE void quantise_rows(int gelu, int narrow, const float *x, size_t x_stride, size_t count, size_t width,
                          uint8_t *codes, size_t codes_stride, float *scales) {
    float inverse[BATCH], steps = narrow ? (gelu ? 2 : 1) * TURN_NARROW_STEPS : gelu ? 255 : 127;
    vf zero = all(gelu ? ROUNDER : narrow ? ROUNDER + TURN_NARROW_STEPS : ROUNDER + TURN_CENTRE);
    for (size_t r = 0; r < count; r++) {
        float range = greatest(x + r * x_stride, width, !gelu) - (gelu ? TURN_GELU_LEAST : 0);
        inverse[r] = range > 0 ? steps / range : 0;
        scales[r] = range / steps;
    }
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < width; i += LANES) {
            vf value = load(x + r * x_stride + i) - (gelu ? TURN_GELU_LEAST : 0);
            vf code = fma_(value, all(inverse[r]), zero);
            store_codes(codes + r * codes_stride + i, (vu)code);
        }
}

INLINE void quantise_groups(int gelu, int narrow, const float *x, size_t x_stride, size_t rows, size_t groups,
                            size_t width, uint8_t *codes, size_t codes_stride, float *scales) {
    for (size_t r = 0; r < rows; r += BATCH) {
        size_t count = rows - r < BATCH ? rows - r : BATCH;
        for (size_t g = 0; g < groups; g++)
            quantise_rows(gelu, narrow, x + r * x_stride + g * width, x_stride, count, width,
                          codes + r * codes_stride + g * width, codes_stride, scales + g * rows + r);
    }
}

static void KERNEL(turn_u8_quantise)(const float *x, size_t x_stride, size_t rows, size_t groups, size_t width,
                                     uint8_t *codes, size_t codes_stride, float *scales) {
    quantise_groups(0, 0, x, x_stride, rows, groups, width, codes, codes_stride, scales);
}

static void KERNEL(turn_u8_quantise_gelu)(const float *x, size_t x_stride, size_t rows, size_t groups,
                                          size_t width, int narrow, uint8_t *codes, size_t codes_stride,
                                          float *scales) {
    quantise_groups(1, narrow, x, x_stride, rows, groups, width, codes, codes_stride, scales);
}

static void KERNEL(turn_u8_layer_norm)(const float *x, size_t rows, size_t groups, size_t width,
                                       const float *weight, const float *bias, float epsilon, int narrow,
                                       float *y, uint8_t *codes, float *scales) {
    size_t whole = groups * width;
    for (size_t r = 0; r < rows; r += BATCH) {
        size_t count = rows - r < BATCH ? rows - r : BATCH;
        KERNEL(turn_f32_layer_norm)(x + r * whole, count, whole, weight, bias, epsilon, y + r * whole);
        for (size_t g = 0; g < groups; g++)
            quantise_rows(0, narrow, y + r * whole + g * width, whole, count, width, codes + r * whole + g * width,
                          whole, scales + g * rows + r);
    }
}

// 255 x 2^t, t <= 0, or 255 x 2^-30: 2^n P(t - n), |t - n| <= 1/2, minimax P; relative error 8e-5.
INLINE vf power(vf t) {
    t = larger(t, all(-30));
#if LANES == 16
    vf n = (vf)_mm512_roundscale_ps((__m512)t, _MM_FROUND_TO_NEAREST_INT);
#else
    vf shifted = t + ROUNDER, n = shifted - ROUNDER;
#endif
    vf r = t - n;
    vf p = fma_(r, all(14.0687809f), all(61.8658494f));
    p = fma_(p, r, all(176.781552f));
    p = fma_(p, r, all(254.981658f));
#if LANES == 16
    return (vf)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    return (vf)((vu)p + ((vu)shifted << 23));
#endif
}

static void KERNEL(turn_u8_softmax)(const float *x, size_t rows, size_t width, float scale,
                                    const float *row_scales, uint8_t *codes, float *scales) {
    float factor = scale * 1.44269504f, max[BATCH];  // exp(x) = 2^(x / ln 2)
    for (size_t first = 0; first < rows; first += BATCH) {
        size_t count = rows - first < BATCH ? rows - first : BATCH;
        for (size_t r = 0; r < count; r++) max[r] = greatest(x + (first + r) * width, width, 0);
        for (size_t r = 0; r < count; r++) {
            const float *row = x + (first + r) * width;
            uint8_t *to = codes + (first + r) * width;
            float by_row = factor * row_scales[first + r];
            vf by = all(by_row), less = all(-max[r] * by_row);
            vf sums[PARTS];
            UNROLL for (int j = 0; j < PARTS; j++) sums[j] = (vf){0};
            for (size_t i = 0; i < width; i += W)
                UNROLL for (int j = 0; j < PARTS; j++) {
                    vf value = power(fma_(load(row + i + j * LANES), by, less));
                    sums[j] += value;
                    store_codes(to + i + j * LANES, (vu)(value + ROUNDER));
                }
            scales[first + r] = 1 / total(sums);
        }
    }
}

/// The mean of `rows` rows in `count` vectors of columns, summed from the first row on.
INLINE void mean_of_rows(int count, const float *x, size_t x_stride, size_t rows, float *mean) {
    vf sums[4];
    UNROLL for (int j = 0; j < count; j++) sums[j] = (vf){0};
    for (size_t n = 0; n < rows; n++)
        UNROLL for (int j = 0; j < count; j++) sums[j] += load(x + n * x_stride + (size_t)j * LANES);
    UNROLL for (int j = 0; j < count; j++) store(mean + j * LANES, sums[j] / (float)rows);
}

static void KERNEL(turn_s8_pack_rows)(const float *x, size_t x_stride, size_t outputs, size_t inputs,
                                      int8_t *packed, float *scales, int32_t *sums) {
    float mean[128];
    size_t first = 0;
    for (; first + 4 * LANES <= inputs; first += 4 * LANES)
        mean_of_rows(4, x + first, x_stride, outputs, mean + first);
    for (; first < inputs; first += LANES) mean_of_rows(1, x + first, x_stride, outputs, mean + first);
    for (size_t start = 0; start < outputs; start += W) {
        float inverse[W];
        uint8_t codes[W][128];
        for (size_t r = 0; r < W; r++) {
            const float *row = x + (start + r) * x_stride;
            vf most = {0};
            for (size_t k = 0; k < inputs; k += LANES) most = larger(magnitude(load(row + k) - load(mean + k)), most);
            float max = greatest_lane(most);
            inverse[r] = max > 0 ? 127 / max : 0;
            scales[start + r] = max / 127;
        }
        for (size_t r = 0; r < W; r++) {
            const float *row = x + (start + r) * x_stride;
            vf by = all(inverse[r]);
            vu totals = {0};
            for (size_t k = 0; k < inputs; k += LANES) {
                vu bits = (vu)fma_(load(row + k) - load(mean + k), by, all(ROUNDER));
                totals += bits - ROUNDER_BITS;
                store_codes(codes[r] + k, bits);
            }
            sums[start + r] = (int32_t)total_integer(totals);
        }
        int8_t *to = packed + start * inputs;
        for (size_t k = 0; k < inputs; k += G)
            for (size_t r = 0; r < W; r++) memcpy(to + k * W + r * G, codes[r] + k, G);
    }
}

static void KERNEL(turn_s8_pack_columns)(const float *x, size_t x_stride, size_t inputs, size_t outputs,
                                         int8_t *packed, float *scales, int32_t *sums, float *centre) {
    for (size_t n = 0; n < outputs; n += LANES) {
        vf min = load(x + n), max = min, total = min;
        for (size_t k = 1; k < inputs; k++) {
            vf value = load(x + k * x_stride + n);
            min = smaller(value, min);
            max = larger(value, max);
            total += value;
        }
        vf middle = total / (float)inputs, reach = larger(max - middle, middle - min);
        vf inverse = choose(reach > 0.0f, 127.0f / reach, all(0));
        int8_t *to = packed + (n / W) * W * inputs + (n % W) * G;
        vu sum = {0};
        for (size_t k = 0; k < inputs; k += G) {
            vu word = {0};
            UNROLL for (int i = 0; i < G; i++) {
                vu bits = (vu)fma_(load(x + (k + (size_t)i) * x_stride + n) - middle, inverse, all(ROUNDER));
                sum += bits - ROUNDER_BITS;
                word |= (bits & 255) << (8 * i);
            }
            *(vu_any *)(to + k * W) = word;
        }
        store(scales + n, reach / 127.0f);
        *(vu_any *)(sums + n) = sum;
        store(centre + n, middle);
    }
}
