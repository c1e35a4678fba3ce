// AVX-512 with VNNI: 32 registers of sixteen floats, and an exact 4-way product of 8-bit codes in one
// instruction.
#if defined(__x86_64__)
#include "../internal.h"
#include "target.h"

TURN_TARGET("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

#define LANES 16
#define GEMM_ROWS 12
#define KERNEL(name) name##__avx512vnni
#include "../simd/vector_body.h"
#include "../simd/rows_body.h"
#include "../simd/products_body.h"
#include "../simd/spectrum_body.h"

enum { ROWS = 8, PANELS = 3 };

// Rows x panels of sums in registers: 24 of them, or twelve and as many floats if there are groups to add up. The
// weights of all layers do not fit the second-level cache: `ahead`, as many as one panel's, are fetched into it.
INLINE void tile(int rows, int panels, size_t groups, const turn_u8s8_product *p, size_t row, size_t panel,
                 const int8_t *ahead) {
    vf totals[ROWS][PANELS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < panels; j++)
            __builtin_prefetch(p->c + (row + (size_t)r) * p->c_stride + (panel + (size_t)j) * W, 1);
    for (size_t g = 0; g < groups; g++) {
        const uint8_t *a = p->a + row * p->a_stride + g * p->a_group_stride;
        const int8_t *w = p->weights + panel * p->panel_stride + g * p->depth * W;
        __m512i s[ROWS][PANELS];
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < panels; j++) s[r][j] = _mm512_setzero_si512();
        for (size_t k = 0; k < p->depth; k += G) {
            __m512i codes[PANELS];
            UNROLL for (int j = 0; j < panels; j++)
                codes[j] = _mm512_loadu_si512((const void *)(w + (size_t)j * p->panel_stride + k * W));
            __builtin_prefetch(ahead + g * p->depth * W + k * W, 0, 2);
            UNROLL for (int r = 0; r < rows; r++) {
                int32_t four;
                memcpy(&four, a + (size_t)r * p->a_stride + k, sizeof(four));
                __m512i x = _mm512_set1_epi32(four);
                UNROLL for (int j = 0; j < panels; j++) s[r][j] = _mm512_dpbusd_epi32(s[r][j], x, codes[j]);
            }
        }
        UNROLL for (int j = 0; j < panels; j++) {
            vf columns = load(columns_of(p, g, panel + (size_t)j));
            UNROLL for (int r = 0; r < rows; r++)
                totals[r][j] = gathered(totals[r][j], (vi)s[r][j], row_of(p, g, row + (size_t)r), columns, g == 0);
        }
    }
    vf scales[PANELS], bias[PANELS];
    UNROLL for (int j = 0; j < panels; j++) {
        scales[j] = load(p->scales + (panel + (size_t)j) * W);
        bias[j] = load(p->bias + (panel + (size_t)j) * W);
    }
    UNROLL for (int r = 0; r < rows; r++) {
        float *c = p->c + (row + (size_t)r) * p->c_stride + panel * W;
        UNROLL for (int j = 0; j < panels; j++) {
            vf value = fma_(totals[r][j], scales[j], bias[j]);
            if (p->accumulate) value += load(c + j * LANES);
            store(c + j * LANES, p->gelu ? coarse_gelu(value) : value);
        }
    }
}

/// Weights behind those of the panels before `panel`, for the tile at `turn` to fetch while it computes.
INLINE const int8_t *coming(const turn_u8s8_product *p, size_t panel, size_t turn) {
    size_t next = panel + turn;
    return p->weights + (turn < PANELS && next < p->panels ? next : panel - 1) * p->panel_stride;
}

INLINE void columns(int panels, const turn_u8s8_product *p, size_t panel) {
    size_t row = 0, turn = 0, next = panel + (size_t)panels;
    if (p->groups == 1)
        for (; row + 8 <= p->rows; row += 8) tile(8, panels, 1, p, row, panel, coming(p, next, turn++));
    for (; row + 4 <= p->rows; row += 4) tile(4, panels, p->groups, p, row, panel, coming(p, next, turn++));
    for (; row < p->rows; row++) tile(1, panels, p->groups, p, row, panel, coming(p, next, turn++));
}

// Three panels (18 KB at 384 inputs) stay in the first-level cache while the rows pass. One panel alone keeps the
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
