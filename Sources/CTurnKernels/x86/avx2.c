// AVX2 with FMA: 16 registers of eight floats.
#if defined(__x86_64__)
#include "../internal.h"
#include "target.h"

TURN_TARGET("avx2,fma,f16c")

#define LANES 8
#define GEMM_ROWS 6
#define KERNEL(name) name##__avx2
#include "../simd/float_body.h"
#include "../simd/spectrum_body.h"

// Codes widened to 16 bits, so that the products of 255 x 127 and their pair sums are exact: the 8-bit pair
// instruction (vpmaddubsw) saturates at 32767. A sum has two halves in neighbouring lanes until the end.
INLINE void tile(int rows, const turn_u8s8_product *p, const int16_t *wide, size_t row, size_t panel) {
    const int8_t *w = p->weights + panel * p->panel_stride;
    __m256i s[2][4];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < 4; j++) s[r][j] = _mm256_setzero_si256();
    for (size_t k = 0; k < p->depth; k += G, w += W * G) {
        __m256i x[2];
        UNROLL for (int r = 0; r < rows; r++) {
            int64_t four;
            memcpy(&four, wide + (size_t)r * TURN_DEPTH_MAX + k, sizeof(four));
            x[r] = _mm256_set1_epi64x(four);
        }
        UNROLL for (int j = 0; j < 4; j++) {
            __m256i codes = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + 16 * j)));
            UNROLL for (int r = 0; r < rows; r++)
                s[r][j] = _mm256_add_epi32(s[r][j], _mm256_madd_epi16(codes, x[r]));
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        vi sums[PARTS];
        UNROLL for (int j = 0; j < 2; j++) {
            __m256i pairs = _mm256_hadd_epi32(s[r][2 * j], s[r][2 * j + 1]);
            sums[j] = (vi)_mm256_permute4x64_epi64(pairs, 0xd8);
        }
        finish(p, row + (size_t)r, panel, sums);
    }
}

static void KERNEL(turn_u8s8_gemm)(const turn_u8s8_product *p) {
    int16_t wide[2 * TURN_DEPTH_MAX];
    for (size_t row = 0; row < p->rows;) {
        size_t rows = p->rows - row >= 2 ? 2 : 1;
        for (size_t r = 0; r < rows; r++) {
            const uint8_t *from = p->a + (row + r) * p->a_stride;
            int16_t *to = wide + r * TURN_DEPTH_MAX;
            size_t k = 0;
            for (; k + 16 <= p->depth; k += 16)
                _mm256_storeu_si256((__m256i *)(to + k),
                                    _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(from + k))));
            for (; k < p->depth; k++) to[k] = from[k];
        }
        for (size_t panel = 0; panel < p->panels; panel++) {
            if (rows == 2)
                tile(2, p, wide, row, panel);
            else
                tile(1, p, wide, row, panel);
        }
        row += rows;
    }
}

DEFINE_KERNELS(turn_kernels__avx2, "avx2")

TURN_TARGET_END
#endif
