// Weights into panels, when a model is read. Not on the path of a prediction, so one text for all processors.

#include "turn_kernels.h"

#define W TURN_PANEL_WIDTH
#define G TURN_DEPTH_GROUP

typedef int8_t s8x16 __attribute__((vector_size(16)));
typedef int8_t s8x16_any __attribute__((vector_size(16), aligned(1), may_alias));

/// Four inputs' rows of sixteen outputs to sixteen outputs' groups of four inputs.
static void interleave(const int8_t *rows, size_t step, int8_t *to) {
    s8x16 a = *(const s8x16_any *)rows, b = *(const s8x16_any *)(rows + step);
    s8x16 c = *(const s8x16_any *)(rows + 2 * step), d = *(const s8x16_any *)(rows + 3 * step);
#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define LOW2 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23
#define HIGH2 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31
    s8x16 ab = __builtin_shufflevector(a, b, LOW), ab2 = __builtin_shufflevector(a, b, HIGH);
    s8x16 cd = __builtin_shufflevector(c, d, LOW), cd2 = __builtin_shufflevector(c, d, HIGH);
    s8x16_any *out = (s8x16_any *)to;
    out[0] = __builtin_shufflevector(ab, cd, LOW2);
    out[1] = __builtin_shufflevector(ab, cd, HIGH2);
    out[2] = __builtin_shufflevector(ab2, cd2, LOW2);
    out[3] = __builtin_shufflevector(ab2, cd2, HIGH2);
}

void turn_s8_pack_weights(const int8_t *codes, size_t input_step, size_t output_step, size_t inputs,
                          size_t outputs, int8_t *packed, size_t panel_stride) {
    for (size_t first = 0; first < outputs; first += W) {
        size_t lanes = outputs - first < W ? outputs - first : W;
        const int8_t *from = codes + first * output_step;
        int8_t *to = packed + first / W * panel_stride;
        for (size_t k = 0; k < inputs; k += G, from += G * input_step, to += G * W) {
            if (output_step == 1 && lanes == W) {
                interleave(from, input_step, to);
                continue;
            }
            for (size_t n = 0; n < lanes; n++)
                for (size_t i = 0; i < G; i++) to[n * G + i] = from[n * output_step + i * input_step];
        }
    }
}

void turn_s8_narrow_weights(int8_t *codes, size_t panels, size_t inputs, float *scales) {
#pragma STDC FP_CONTRACT OFF
    for (size_t panel = 0; panel < panels; panel++, codes += inputs * W, scales += W) {
        int most[W] = {0};
        float ratio[W * G];
        for (size_t k = 0; k < inputs; k += G)
            for (size_t i = 0; i < W * G; i++) {
                int code = codes[k * W + i], size = code < 0 ? -code : code;
                if (size > most[i / G]) most[i / G] = size;
            }
        for (size_t i = 0; i < W * G; i++) {
            int above = most[i / G] > TURN_NARROW_WEIGHT;
            ratio[i] = above ? (float)TURN_NARROW_WEIGHT / (float)most[i / G] : 1;
        }
        for (size_t n = 0; n < W; n++) scales[n] /= ratio[n * G];
        for (size_t k = 0; k < inputs; k += G)
            for (size_t i = 0; i < W * G; i++) {
                float rounded = (float)codes[k * W + i] * ratio[i] + 12582912.0f;  // 1.5 x 2^23: ties to even
                codes[k * W + i] = (int8_t)(rounded - 12582912.0f);
            }
    }
}

void turn_s8_sum_pairs(const int8_t *packed, size_t panel_stride, size_t panels, size_t depth, int centred,
                       int32_t *starts) {
    int centre = centred ? TURN_NARROW_STEPS : 0;
    for (size_t panel = 0; panel < panels; panel++) {
        const int8_t *from = packed + panel * panel_stride;
        int32_t *to = starts + panel * W;
        for (size_t n = 0; n < W; n++) to[n] = 0;
        for (size_t k = 0; k < depth; k += 2 * G, from += 2 * G * W)
            for (size_t i = 0; i < W * G; i++) {
                int first = from[i], second = from[i + W * G];
                to[i / G] -= first * second + (TURN_NARROW_WEIGHT + centre) * first
                           + (centre - TURN_NARROW_STEPS) * second;
            }
    }
}

void turn_s8_sum_weights(const int8_t *packed, size_t panel_stride, size_t panels, size_t depth, int32_t *sums) {
    for (size_t panel = 0; panel < panels; panel++) {
        const int8_t *from = packed + panel * panel_stride;
        int32_t *totals = sums + panel * W;
        for (size_t n = 0; n < W; n++) totals[n] = 0;
        for (size_t k = 0; k < depth; k += G, from += G * W)
            for (size_t n = 0; n < W; n++)
                totals[n] += from[n * G] + from[n * G + 1] + from[n * G + 2] + from[n * G + 3];
    }
}
