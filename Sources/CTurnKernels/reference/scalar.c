// The truth that every other set is compared with: plain loops. What the 8-bit path computes is written in the very
// operations of the vector sets, which give the same bits (simd/vector_body.h says why); the functions themselves are
// compared with the C library's in double.
#include <math.h>
#include <string.h>

#include "../gelu_pieces.h"
#include "../internal.h"

#define W TURN_PANEL_WIDTH
#define G TURN_DEPTH_GROUP
#define ROUNDER 12582912.0f  // 1.5 x 2^23, whose last bit is worth one

static float exponential(float x) {
    x = x > -87.0f ? x : -87.0f;
    float n = rintf(x * 1.44269504f);
    float r = fmaf(n, -0.693359375f, x);
    r = fmaf(n, 2.12194440e-4f, r);
    float p = fmaf(r, 1.39504764e-3f, 8.36888235e-3f);
    p = fmaf(p, r, 4.16662060e-2f);
    p = fmaf(p, r, 1.66665182e-1f);
    p = fmaf(p, r, 0.5f);
    p = fmaf(p * r, r, r) + 1.0f;
    int32_t bits;
    memcpy(&bits, &p, sizeof(bits));
    bits += (int32_t)n * (1 << 23);
    memcpy(&p, &bits, sizeof(bits));
    return p;
}

static float gelu(float x) {
    static const float c[] = {0.14136378467f, -0.07029628009f, 0.05152052268f, -0.04044260830f, 0.03144217283f,
                              -0.02326865122f, 0.01640217565f, -0.01116434112f, 0.00641050981f, -0.00268557272f,
                              0.00172279903f, -0.00161326619f, 0.00060872769f};
    float u = fmaf(x * x, 0.08f, -1.0f), p = c[12];
    for (int i = 11; i >= 0; i--) p = fmaf(p, u, c[i]);
    return fabsf(x) < 5.0f ? x * fmaf(x, p, 0.5f) : x > 0 ? x : 0;
}

static float coarse_gelu(float x) {
    float size = fabsf(x), m = size < TURN_GELU_END ? size : TURN_GELU_END;
    int piece = (int)rintf(4 * m);
    float p = fmaf(m, turn_gelu_pieces[2][piece], turn_gelu_pieces[1][piece]);
    p = fmaf(p, m, turn_gelu_pieces[0][piece]);
    return (x > 0 ? x : 0) + p;
}

/// 255 x 2^t, t <= 0, or 255 x 2^-30.
static float power(float t) {
    t = t > -30.0f ? t : -30.0f;
    float shifted = t + ROUNDER, r = t - (shifted - ROUNDER);
    float p = fmaf(r, 14.0687809f, 61.8658494f);
    p = fmaf(p, r, 176.781552f);
    p = fmaf(p, r, 254.981658f);
    return ldexpf(p, (int)(shifted - ROUNDER));
}

static float hyperbolic_tangent(float x) {
    float m = fabsf(x), t = x * x;
    float p = fmaf(t, 1.72569975e-2f, -5.30529544e-2f);
    p = fmaf(p, t, 1.33259878e-1f);
    p = fmaf(p, t, -3.33331496e-1f);
    if (m < 0.5f) return fmaf(p * t, x, x);
    float e = exponential(-2.0f * m);
    return copysignf((1.0f - e) / (1.0f + e), x);
}

/// Of sixteen partial sums: each half onto the other.
static float total(float sums[W]) {
    for (int half = W / 2; half; half /= 2)
        for (int i = 0; i < half; i++) sums[i] += sums[i + half];
    return sums[0];
}

static void turn_f32_gemm_panel__scalar(const float *a, size_t a_stride, size_t rows, size_t inputs,
                                        const float *panel, const float *bias, float *c, size_t c_stride,
                                        size_t outputs, int accumulate) {
    for (size_t r = 0; r < rows; r++) {
        float sums[W] = {0};
        for (size_t i = 0; i < inputs; i++)
            for (size_t j = 0; j < W; j++) sums[j] += a[r * a_stride + i] * panel[W * i + j];
        float *to = c + r * c_stride;
        for (size_t j = 0; j < outputs; j++) to[j] = (accumulate ? to[j] : 0) + (sums[j] + bias[j]);
    }
}

static void turn_f32_dequantise_panel__scalar(const int8_t *codes, const float *scales, size_t inputs,
                                              float *panel) {
    for (size_t i = 0; i < inputs; i++)
        for (size_t j = 0; j < W; j++)
            panel[W * i + j] = (float)codes[(i / G) * (W * G) + j * G + i % G] * scales[j];
}

static void turn_f32_layer_norm__scalar(const float *x, size_t rows, size_t width, const float *weight,
                                        const float *bias, float epsilon, float *y) {
    for (size_t r = 0; r < rows; r++) {
        const float *from = x + r * width;
        float *to = y + r * width;
        float sums[W] = {0}, squares[W] = {0};
        for (size_t i = 0; i < width; i++) sums[i % W] += from[i];
        float mean = total(sums) / (float)width;
        for (size_t i = 0; i < width; i++) squares[i % W] = fmaf(from[i] - mean, from[i] - mean, squares[i % W]);
        float inverse = 1 / sqrtf(total(squares) / (float)width + epsilon);
        for (size_t i = 0; i < width; i++) to[i] = fmaf((from[i] - mean) * inverse, weight[i], bias[i]);
    }
}

static void turn_f32_gelu__scalar(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = gelu(x[i]);
}

static void turn_f32_tanh__scalar(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = hyperbolic_tangent(x[i]);
}

static void turn_f32_sigmoid__scalar(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = 1 / (1 + expf(-x[i]));
}

static float greatest(const float *x, size_t count) {
    float max = x[0];
    for (size_t i = 1; i < count; i++) max = x[i] > max ? x[i] : max;
    return max;
}

static void turn_f32_softmax__scalar(float *x, size_t rows, size_t width, float scale) {
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * width;
        float max = greatest(row, width), sum = 0;
        for (size_t i = 0; i < width; i++) {
            row[i] = expf(scale * (row[i] - max));
            sum += row[i];
        }
        float inverse = 1 / sum;
        for (size_t i = 0; i < width; i++) row[i] *= inverse;
    }
}

/// x * scale as the nearest integer, rounded once, ties to even.
static int code_of(float x, float scale) { return (int)(fmaf(x, scale, ROUNDER) - ROUNDER); }

static void quantise(const float *x, size_t x_stride, size_t rows, size_t groups, size_t width, int narrow,
                     uint8_t *codes, size_t codes_stride, float *scales) {
    int centre = narrow ? TURN_NARROW_STEPS : TURN_CENTRE;
    float steps = narrow ? TURN_NARROW_STEPS : 127;
    for (size_t r = 0; r < rows; r++)
        for (size_t g = 0; g < groups; g++) {
            const float *row = x + r * x_stride + g * width;
            float most = fabsf(row[0]);
            for (size_t i = 1; i < width; i++) most = fabsf(row[i]) > most ? fabsf(row[i]) : most;
            float inverse = most > 0 ? steps / most : 0;
            for (size_t i = 0; i < width; i++)
                codes[r * codes_stride + g * width + i] = (uint8_t)(code_of(row[i], inverse) + centre);
            scales[g * rows + r] = most / steps;
        }
}

static void turn_u8_quantise__scalar(const float *x, size_t x_stride, size_t rows, size_t groups, size_t width,
                                     uint8_t *codes, size_t codes_stride, float *scales) {
    quantise(x, x_stride, rows, groups, width, 0, codes, codes_stride, scales);
}

static void turn_u8_quantise_gelu__scalar(const float *x, size_t x_stride, size_t rows, size_t groups, size_t width,
                                          int narrow, uint8_t *codes, size_t codes_stride, float *scales) {
    float steps = narrow ? 2 * TURN_NARROW_STEPS : 255;
    for (size_t r = 0; r < rows; r++)
        for (size_t g = 0; g < groups; g++) {
            const float *row = x + r * x_stride + g * width;
            float range = greatest(row, width) - TURN_GELU_LEAST, inverse = range > 0 ? steps / range : 0;
            for (size_t i = 0; i < width; i++)
                codes[r * codes_stride + g * width + i] = (uint8_t)code_of(row[i] - TURN_GELU_LEAST, inverse);
            scales[g * rows + r] = range / steps;
        }
}

static void turn_u8_layer_norm__scalar(const float *x, size_t rows, size_t groups, size_t width,
                                       const float *weight, const float *bias, float epsilon, int narrow,
                                       float *y, uint8_t *codes, float *scales) {
    turn_f32_layer_norm__scalar(x, rows, groups * width, weight, bias, epsilon, y);
    quantise(y, groups * width, rows, groups, width, narrow, codes, groups * width, scales);
}

static void turn_u8_softmax__scalar(const float *x, size_t rows, size_t width, float scale,
                                    const float *row_scales, uint8_t *codes, float *scales) {
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * width;
        float max = greatest(row, width), factor = scale * 1.44269504f * row_scales[r];
        float sums[W] = {0};
        for (size_t i = 0; i < width; i++) {
            float value = power(fmaf(row[i], factor, -max * factor));
            codes[r * width + i] = (uint8_t)rintf(value);
            sums[i % W] += value;
        }
        scales[r] = 1 / total(sums);
    }
}

static void turn_s8_pack_rows__scalar(const float *x, size_t x_stride, size_t outputs, size_t inputs,
                                      int8_t *packed, float *scales, int32_t *sums) {
    float mean[128];
    for (size_t k = 0; k < inputs; k++) {
        float sum = 0;
        for (size_t n = 0; n < outputs; n++) sum += x[n * x_stride + k];
        mean[k] = sum / (float)outputs;
    }
    for (size_t n = 0; n < outputs; n++) {
        const float *row = x + n * x_stride;
        float max = 0;
        for (size_t k = 0; k < inputs; k++) max = fmaxf(max, fabsf(row[k] - mean[k]));
        float inverse = max > 0 ? 127 / max : 0;
        int sum = 0;
        int8_t *to = packed + (n / W) * W * inputs + (n % W) * G;
        for (size_t k = 0; k < inputs; k++) {
            int code = code_of(row[k] - mean[k], inverse);
            to[(k / G) * (W * G) + k % G] = (int8_t)code;
            sum += code;
        }
        scales[n] = max / 127;
        sums[n] = sum;
    }
}

static void turn_s8_pack_columns__scalar(const float *x, size_t x_stride, size_t inputs, size_t outputs,
                                         int8_t *packed, float *scales, int32_t *sums, float *centre) {
    for (size_t n = 0; n < outputs; n++) {
        float min = x[n], max = x[n], sum_of_values = x[n];
        for (size_t k = 1; k < inputs; k++) {
            float value = x[k * x_stride + n];
            min = value < min ? value : min;
            max = value > max ? value : max;
            sum_of_values += value;
        }
        float middle = sum_of_values / (float)inputs;
        float reach = max - middle > middle - min ? max - middle : middle - min, inverse = reach > 0 ? 127 / reach : 0;
        int8_t *to = packed + (n / W) * W * inputs + (n % W) * G;
        int sum = 0;
        for (size_t k = 0; k < inputs; k++) {
            int code = code_of(x[k * x_stride + n] - middle, inverse);
            to[(k / G) * (W * G) + k % G] = (int8_t)code;
            sum += code;
        }
        scales[n] = reach / 127;
        sums[n] = sum;
        centre[n] = middle;
    }
}

static void turn_u8s8_gemm__scalar(const turn_u8s8_product *p) {
    for (size_t r = 0; r < p->rows; r++)
        for (size_t n = 0; n < p->panels * W; n++) {
            const int8_t *codes = p->weights + (n / W) * p->panel_stride + (n % W) * G;
            float total = 0;
            for (size_t g = 0; g < p->groups; g++, codes += p->depth * W) {
                const uint8_t *a = p->a + r * p->a_stride + g * p->a_group_stride;
                float scale = 1;
                if (p->a_scales) scale = p->a_scales[r * p->a_scales_stride + g * p->a_scales_group_stride];
                int32_t sum = 0, zero = !p->centred ? 0 : p->narrow ? TURN_NARROW_STEPS : TURN_CENTRE;
                for (size_t k = 0; k < p->depth; k++) sum += (a[k] - zero) * codes[(k / G) * (W * G) + k % G];
                total = fmaf((float)sum, scale, total);
            }
            float *to = p->c + r * p->c_stride + n;
            float value = fmaf(total, p->scales[n], p->bias[n]);
            if (p->accumulate) value += *to;
            *to = p->gelu ? coarse_gelu(value) : value;
        }
}

#define KERNEL(name) name##__scalar
#include "../simd/spectrum_body.h"

const turn_kernels turn_kernels__scalar = {
    .name = "scalar",
    .f32_gemm_panel = turn_f32_gemm_panel__scalar,
    .f32_dequantise_panel = turn_f32_dequantise_panel__scalar,
    .f32_layer_norm = turn_f32_layer_norm__scalar,
    .f32_gelu = turn_f32_gelu__scalar,
    .f32_tanh = turn_f32_tanh__scalar,
    .f32_sigmoid = turn_f32_sigmoid__scalar,
    .f32_softmax = turn_f32_softmax__scalar,
    .u8_quantise = turn_u8_quantise__scalar,
    .u8_quantise_gelu = turn_u8_quantise_gelu__scalar,
    .u8_layer_norm = turn_u8_layer_norm__scalar,
    .u8_softmax = turn_u8_softmax__scalar,
    .s8_pack_rows = turn_s8_pack_rows__scalar,
    .s8_pack_columns = turn_s8_pack_columns__scalar,
    .u8s8_gemm = turn_u8s8_gemm__scalar,
    SPECTRUM_KERNELS,
};
