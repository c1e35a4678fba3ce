// NEON without a dot product: codes widened to 16 bits.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "../internal.h"

#define LANES 4
#define GEMM_ROWS 6
#define KERNEL(name) name##__neon
#include "../simd/vector_body.h"
#include "../simd/rows_body.h"
#include "../simd/products_body.h"
#include "../simd/spectrum_body.h"

// One row: sixteen sums of four partial sums each.
INLINE void tile(const turn_u8s8_product *p, size_t row, size_t panel) {
    vf totals[PARTS];
    UNROLL for (int j = 0; j < PARTS; j++) totals[j] = (vf){0};
    for (size_t g = 0; g < p->groups; g++) {
        const uint8_t *a = p->a + row * p->a_stride + g * p->a_group_stride;
        const int8_t *w = p->weights + panel * p->panel_stride + g * p->depth * W;
        int32x4_t s[W];
        UNROLL for (int n = 0; n < W; n++) s[n] = vdupq_n_s32(0);
        for (size_t k = 0; k < p->depth; k += G, w += W * G) {
            uint32_t four;
            memcpy(&four, a + k, sizeof(four));
            int16x4_t x = vreinterpret_s16_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)))));
            UNROLL for (int n = 0; n < W; n += 2) {
                int16x8_t codes = vmovl_s8(vld1_s8(w + n * G));
                s[n] = vmlal_s16(s[n], vget_low_s16(codes), x);
                s[n + 1] = vmlal_s16(s[n + 1], vget_high_s16(codes), x);
            }
        }
        UNROLL for (int j = 0; j < PARTS; j++) {
            int32x4_t *part = s + 4 * j;
            vi sums = (vi)vpaddq_s32(vpaddq_s32(part[0], part[1]), vpaddq_s32(part[2], part[3]));
            sums += start_of(p, g, panel * W + (size_t)j * LANES);
            totals[j] = gathered(totals[j], sums, scale_of(p, g, row));
        }
    }
    finish(p, row, panel, totals);
}

static void KERNEL(turn_u8s8_gemm)(const turn_u8s8_product *p) {
    for (size_t panel = 0; panel < p->panels; panel++)
        for (size_t row = 0; row < p->rows; row++) tile(p, row, panel);
}

DEFINE_KERNELS(turn_kernels__neon, "neon", 0, KERNEL(turn_u8s8_gemm))

#endif
