// AVX-512 with VNNI: 32 registers of sixteen floats, and an exact 4-way product of 8-bit codes in one
// instruction.
#if defined(__x86_64__)
#include "../internal.h"
#include "target.h"

TURN_TARGET("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

#define LANES 16
#define GEMM_ROWS 12
#define KERNEL(name) name##__avx512vnni
#include "../simd/float_body.h"
#include "../simd/spectrum_body.h"

INLINE void tile(int rows, int panels, const turn_u8s8_product *p, size_t row, size_t panel) {
    const uint8_t *a = p->a + row * p->a_stride;
    const int8_t *w = p->weights + panel * p->panel_stride;
    __m512i s[8][3];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < panels; j++) s[r][j] = _mm512_setzero_si512();
    for (size_t k = 0; k < p->depth; k += G) {
        __m512i codes[3];
        UNROLL for (int j = 0; j < panels; j++)
            codes[j] = _mm512_loadu_si512((const void *)(w + (size_t)j * p->panel_stride + k * W));
        UNROLL for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, a + (size_t)r * p->a_stride + k, sizeof(four));
            __m512i x = _mm512_set1_epi32(four);
            UNROLL for (int j = 0; j < panels; j++) s[r][j] = _mm512_dpbusd_epi32(s[r][j], x, codes[j]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < panels; j++) {
            vi sums[PARTS] = {(vi)s[r][j]};
            finish(p, row + (size_t)r, panel + (size_t)j, sums);
        }
}

INLINE void columns(int panels, const turn_u8s8_product *p, size_t panel) {
    size_t row = 0;
    for (; row + 8 <= p->rows; row += 8) tile(8, panels, p, row, panel);
    for (; row + 4 <= p->rows; row += 4) tile(4, panels, p, row, panel);
    for (; row < p->rows; row++) tile(1, panels, p, row, panel);
}

// Three panels (18 KB at a depth of 384) stay in the first-level cache while the rows pass. One panel alone keeps the
// units waiting for its sums, so four are two and two.
static void KERNEL(turn_u8s8_gemm)(const turn_u8s8_product *p) {
    for (size_t panel = 0; panel < p->panels;) {
        size_t left = p->panels - panel;
        if (left == 4 || left == 2) {
            columns(2, p, panel);
            panel += 2;
        } else if (left >= 3) {
            columns(3, p, panel);
            panel += 3;
        } else {
            columns(1, p, panel);
            panel += 1;
        }
    }
}

DEFINE_KERNELS(turn_kernels__avx512vnni, "avx512vnni")

TURN_TARGET_END
#endif
