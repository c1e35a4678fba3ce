// AVX-VNNI: AVX2 with an exact 4-way product of 8-bit codes, for processors without AVX-512.
#if defined(__x86_64__)
#include "../internal.h"
#include "target.h"

TURN_TARGET("avx2,fma,f16c,avxvnni")

#define LANES 8
#define GEMM_ROWS 6
#define KERNEL(name) name##__avxvnni
#include "../simd/vector_body.h"
#include "../simd/rows_body.h"
#include "../simd/products_body.h"
#include "../simd/spectrum_body.h"

#if defined(TURN_EMULATED)
#define DOT _mm256_dpbusd_epi32
#else
#define DOT _mm256_dpbusd_avx_epi32
#endif

enum { ROWS = 6 };

INLINE void tile(int rows, const turn_u8s8_product *p, size_t row, size_t panel) {
    vf totals[ROWS][PARTS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < PARTS; j++) totals[r][j] = (vf){0};
    for (size_t g = 0; g < p->groups; g++) {
        const uint8_t *a = p->a + row * p->a_stride + g * p->a_group_stride;
        const int8_t *w = p->weights + panel * p->panel_stride + g * p->depth * W;
        __m256i s[ROWS][PARTS];
        UNROLL for (int j = 0; j < PARTS; j++) {
            vi start = start_of(p, g, panel * W + j * LANES);
            UNROLL for (int r = 0; r < rows; r++) s[r][j] = (__m256i)start;
        }
        for (size_t k = 0; k < p->depth; k += G) {
            __m256i low = _mm256_loadu_si256((const __m256i *)(w + k * W));
            __m256i high = _mm256_loadu_si256((const __m256i *)(w + k * W + 32));
            UNROLL for (int r = 0; r < rows; r++) {
                int32_t four;
                memcpy(&four, a + (size_t)r * p->a_stride + k, sizeof(four));
                __m256i x = _mm256_set1_epi32(four);
                s[r][0] = DOT(s[r][0], x, low);
                s[r][1] = DOT(s[r][1], x, high);
            }
        }
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < PARTS; j++)
                totals[r][j] = gathered(totals[r][j], (vi)s[r][j], scale_of(p, g, row + (size_t)r));
    }
    UNROLL for (int r = 0; r < rows; r++) finish(p, row + (size_t)r, panel, totals[r]);
}

static void KERNEL(turn_u8s8_gemm)(const turn_u8s8_product *p) {
    for (size_t panel = 0; panel < p->panels; panel++) {
        size_t row = 0;
        for (; row + 6 <= p->rows; row += 6) tile(6, p, row, panel);
        for (; row + 2 <= p->rows; row += 2) tile(2, p, row, panel);
        for (; row < p->rows; row++) tile(1, p, row, panel);
    }
}

DEFINE_KERNELS(turn_kernels__avxvnni, "avxvnni", 0, KERNEL(turn_u8s8_gemm))

TURN_TARGET_END
#endif
