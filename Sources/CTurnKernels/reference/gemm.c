#include "turn_kernels.h"

#include <string.h>

// A panel row is two vectors of eight; on a machine with narrower registers the compiler splits them.
typedef float f32x8 __attribute__((vector_size(32), aligned(4)));

#define W TURN_PANEL_WIDTH

// Cuts the reduction so that a slice of the panel (24 KB) stays in the first-level cache.
enum { SLICE = 384 };

// `ROWS` rows at once: as many accumulators as the registers hold.
#define DEFINE_TILE(NAME, ROWS, ATTRIBUTES)                                                                   \
    ATTRIBUTES static void NAME(const float *a, size_t a_stride, size_t inputs, const float *panel,           \
                                f32x8 sums[][2]) {                                                            \
        f32x8 s[ROWS][2];                                                                                     \
        for (int r = 0; r < ROWS; r++) s[r][0] = sums[r][0], s[r][1] = sums[r][1];                            \
        for (size_t i = 0; i < inputs; i++) {                                                                 \
            f32x8 lo = *(const f32x8 *)(panel + W * i), hi = *(const f32x8 *)(panel + W * i + 8);             \
            _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++) {                               \
                float x = a[(size_t)r * a_stride + i];                                                        \
                s[r][0] += x * lo;                                                                            \
                s[r][1] += x * hi;                                                                            \
            }                                                                                                 \
        }                                                                                                     \
        for (int r = 0; r < ROWS; r++) sums[r][0] = s[r][0], sums[r][1] = s[r][1];                            \
    }

// The bias comes last: a sum that starts at a large bias loses the small products' last bits (in Silero VAD's
// convolutions that makes the error ten times as large).
#define DEFINE_PANEL(NAME, TILE, ROWS, TILE1, ATTRIBUTES)                                                     \
    ATTRIBUTES static void NAME(const float *a, size_t a_stride, size_t rows, size_t inputs,                  \
                                const float *panel, const float *bias, float *c, size_t c_stride,             \
                                size_t outputs, int accumulate) {                                             \
        for (size_t start = 0; start < inputs; start += SLICE) {                                              \
            size_t length = inputs - start < SLICE ? inputs - start : SLICE;                                  \
            for (size_t row = 0; row < rows;) {                                                               \
                size_t tile = rows - row >= ROWS ? ROWS : 1;                                                  \
                f32x8 sums[ROWS][2];                                                                          \
                for (size_t r = 0; r < tile; r++) {                                                           \
                    float *to = c + (row + r) * c_stride;                                                     \
                    float old[W] = {0};                                                                       \
                    if (accumulate || start) memcpy(old, to, outputs * sizeof(float));                        \
                    memcpy(sums[r], old, sizeof(old));                                                        \
                }                                                                                             \
                const float *from = a + row * a_stride + start;                                               \
                if (tile == ROWS)                                                                             \
                    TILE(from, a_stride, length, panel + W * start, sums);                                    \
                else                                                                                          \
                    TILE1(from, a_stride, length, panel + W * start, sums);                                   \
                for (size_t r = 0; r < tile; r++) {                                                           \
                    float sum[W];                                                                             \
                    memcpy(sum, sums[r], sizeof(sum));                                                        \
                    if (start + length == inputs)                                                             \
                        for (size_t j = 0; j < W; j++) sum[j] += bias[j];                                     \
                    memcpy(c + (row + r) * c_stride, sum, outputs * sizeof(float));                           \
                }                                                                                             \
                row += tile;                                                                                  \
            }                                                                                                 \
        }                                                                                                     \
    }

#define NO_ATTRIBUTES
DEFINE_TILE(tile2, 2, NO_ATTRIBUTES)
DEFINE_TILE(tile1, 1, NO_ATTRIBUTES)
DEFINE_PANEL(panel_portable, tile2, 2, tile1, NO_ATTRIBUTES)

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
DEFINE_TILE(tile6_avx2, 6, AVX2)
DEFINE_TILE(tile1_avx2, 1, AVX2)
DEFINE_PANEL(panel_avx2, tile6_avx2, 6, tile1_avx2, AVX2)
#endif

void turn_f32_gemm_panel(const float *a, size_t a_stride, size_t rows, size_t inputs, const float *panel,
                         const float *bias, float *c, size_t c_stride, size_t outputs, int accumulate) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        panel_avx2(a, a_stride, rows, inputs, panel, bias, c, c_stride, outputs, accumulate);
        return;
    }
#endif
    panel_portable(a, a_stride, rows, inputs, panel, bias, c, c_stride, outputs, accumulate);
}

void turn_f32_dequantise_panel(const int8_t *codes, const float *scales, size_t inputs, float *panel) {
    for (size_t i = 0; i < inputs; i++)
        for (size_t j = 0; j < W; j++) panel[W * i + j] = (float)codes[W * i + j] * scales[j];
}
