// AVX2 with FMA: 16 registers of eight floats.
#if defined(__x86_64__)
#include "../internal.h"
#include "target.h"

TURN_TARGET("avx2,fma,f16c")

#define LANES 8
#define GEMM_ROWS 6
#define KERNEL(name) name##__avx2
#include "../simd/vector_body.h"
#include "../simd/rows_body.h"
#include "../simd/products_body.h"
#include "../simd/spectrum_body.h"

// Codes widened to 16 bits, so that the products of 255 x 127 and their pair sums are exact: the 8-bit pair
// instruction (vpmaddubsw) saturates at 32767. Widened weights lie as eight outputs x two inputs.
enum { ROWS = 4, WIDE_MAX = 12 * TURN_INPUTS_MAX };

/// Four inputs of sixteen outputs.
INLINE void widen(const int8_t *codes, int16_t *wide) {
    __m256 part[4];
    UNROLL for (int j = 0; j < 4; j++)
        part[j] = (__m256)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(codes + 16 * j)));
    UNROLL for (int j = 0; j < 2; j++) {
        __m256i first = (__m256i)_mm256_shuffle_ps(part[2 * j], part[2 * j + 1], 0x88);
        __m256i second = (__m256i)_mm256_shuffle_ps(part[2 * j], part[2 * j + 1], 0xdd);
        _mm256_storeu_si256((__m256i *)(wide + 16 * j), _mm256_permute4x64_epi64(first, 0xd8));
        _mm256_storeu_si256((__m256i *)(wide + 32 + 16 * j), _mm256_permute4x64_epi64(second, 0xd8));
    }
}

INLINE void tile(int rows, const turn_u8s8_product *p, const int16_t *a, const int16_t *w, size_t row, size_t panel) {
    size_t inputs = p->groups * p->depth;
    vf totals[ROWS][PARTS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < PARTS; j++) totals[r][j] = (vf){0};
    for (size_t g = 0; g < p->groups; g++) {
        __m256i s[ROWS][PARTS];
        UNROLL for (int j = 0; j < PARTS; j++) {
            vi start = start_of(p, g, panel * W + j * LANES);
            UNROLL for (int r = 0; r < rows; r++) s[r][j] = (__m256i)start;
        }
        REPEAT(2) for (size_t k = g * p->depth; k < (g + 1) * p->depth; k += 2) {
            __m256i codes[PARTS];
            UNROLL for (int j = 0; j < PARTS; j++)
                codes[j] = _mm256_loadu_si256((const __m256i *)(w + k * W + 16 * (size_t)j));
            UNROLL for (int r = 0; r < rows; r++) {
                int32_t two;
                memcpy(&two, a + (size_t)r * inputs + k, sizeof(two));
                __m256i x = _mm256_set1_epi32(two);
                UNROLL for (int j = 0; j < PARTS; j++)
                    s[r][j] = _mm256_add_epi32(s[r][j], _mm256_madd_epi16(codes[j], x));
            }
        }
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < PARTS; j++)
                totals[r][j] = gathered(totals[r][j], (vi)s[r][j], scale_of(p, g, row + (size_t)r));
    }
    UNROLL for (int r = 0; r < rows; r++) finish(p, row + (size_t)r, panel, totals[r]);
}

// As many rows at once as there is room for; the codes of a panel are widened for all of them.
static void KERNEL(turn_u8s8_gemm)(const turn_u8s8_product *p) {
    int16_t rows_wide[WIDE_MAX], panel_wide[W * TURN_INPUTS_MAX];
    size_t inputs = p->groups * p->depth, most = WIDE_MAX / inputs;
    for (size_t first = 0, count; first < p->rows; first += count) {
        count = p->rows - first < most ? p->rows - first : most;
        for (size_t r = 0; r < count; r++)
            for (size_t g = 0; g < p->groups; g++) {
                const uint8_t *from = p->a + (first + r) * p->a_stride + g * p->a_group_stride;
                int16_t *to = rows_wide + r * inputs + g * p->depth;
                size_t k = 0;
                for (; k + 16 <= p->depth; k += 16)
                    _mm256_storeu_si256((__m256i *)(to + k),
                                        _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(from + k))));
                for (; k < p->depth; k++) to[k] = from[k];
            }
        for (size_t panel = 0; panel < p->panels; panel++) {
            const int8_t *w = p->weights + panel * p->panel_stride;
            for (size_t k = 0; k < inputs * W; k += G * W) widen(w + k, panel_wide + k);
            size_t r = 0;
            for (; r + ROWS <= count; r += ROWS) tile(ROWS, p, rows_wide + r * inputs, panel_wide, first + r, panel);
            for (; r < count; r++) tile(1, p, rows_wide + r * inputs, panel_wide, first + r, panel);
        }
    }
}

DEFINE_KERNELS(turn_kernels__avx2, "avx2", 0, KERNEL(turn_u8s8_gemm))

TURN_TARGET_END
#endif
