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

enum { ROWS = 8, PANELS = 3, STEPS = 4 };

/// Inputs of a row, four from each of these on.
typedef struct {
    size_t count;
    uint32_t first[TURN_DEPTH_MAX / G + LANES];
} inputs;

/// Where a tile reads: rows 0, 3 and 6 of a, its first panel, what to fetch. Three rows and three panels are in reach
/// of one address each, so that all addresses fit the registers.
typedef struct {
    const uint8_t *a[3];
    const int8_t *w, *ahead;
} places;

INLINE void move(places *at, size_t inputs) {
    UNROLL for (int i = 0; i < 3; i++) at->a[i] += inputs;
    at->w += inputs * W, at->ahead += inputs * W;
    __asm__("" : "+r"(at->a[0]), "+r"(at->a[1]), "+r"(at->a[2]), "+r"(at->w), "+r"(at->ahead));
}

// Four inputs of rows x panels, from `k` on. The compiler would mix neighbouring steps, and run out of registers.
INLINE void step(int rows, int panels, __m512i s[ROWS][PANELS], const places *at, size_t k, size_t a_stride,
                 size_t panel_stride) {
    __m512i codes[PANELS];
    UNROLL for (int j = 0; j < panels; j++)
        codes[j] = _mm512_loadu_si512((const void *)(at->w + (size_t)j * panel_stride + k * W));
    __builtin_prefetch(at->ahead + k * W, 0, 2);
    UNROLL for (int r = 0; r < rows; r++) {
        int32_t four;
        memcpy(&four, at->a[r / 3] + (size_t)(r % 3) * a_stride + k, sizeof(four));
        __m512i x = _mm512_set1_epi32(four);
        UNROLL for (int j = 0; j < panels; j++) s[r][j] = _mm512_dpbusd_epi32(s[r][j], x, codes[j]);
    }
    __asm__ volatile("" ::: "memory");
}

// Totals of rows x panels to outputs, with one choice for all.
#define FINISH(TOTALS, ...)                                                                                    \
    UNROLL for (int j = 0; j < panels; j++) {                                                                  \
        vf scales = load(p->scales + (panel + (size_t)j) * W), bias = load(p->bias + (panel + (size_t)j) * W); \
        UNROLL for (int r = 0; r < rows; r++) {                                                                \
            float *c = p->c + (row + (size_t)r) * p->c_stride + (panel + (size_t)j) * W;                       \
            vf value = fma_(*(const vf *)&TOTALS[r][j], scales, bias);                                         \
            store(c, __VA_ARGS__);                                                                             \
        }                                                                                                      \
    }
#define FINISH_TILE(TOTALS)                                                                \
    if (p->accumulate && p->gelu) FINISH(TOTALS, coarse_gelu(value + load(c)))             \
    else if (p->accumulate) FINISH(TOTALS, value + load(c))                                \
    else if (p->gelu) FINISH(TOTALS, coarse_gelu(value))                                   \
    else FINISH(TOTALS, value)

// Rows x panels of sums in registers: 24 of them, or twelve and as many floats if there are groups to add up. The
// weights of all layers do not fit the second-level cache: `ahead`, as many as one panel's, are fetched into it.
// If there is a list, only the inputs in it count.
INLINE void tile(int rows, int panels, size_t groups, const turn_u8s8_product *p, size_t row, size_t panel,
                 const int8_t *ahead, const inputs *list) {
    vf totals[ROWS][PANELS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < panels; j++) totals[r][j] = (vf){0};
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < panels; j++)
            __builtin_prefetch(p->c + (row + (size_t)r) * p->c_stride + (panel + (size_t)j) * W, 1);
    for (size_t g = 0; g < groups; g++) {
        __m512i s[ROWS][PANELS];
        UNROLL for (int j = 0; j < panels; j++) {
            vi start = start_of(p, g, (panel + (size_t)j) * W);
            UNROLL for (int r = 0; r < rows; r++) s[r][j] = (__m512i)start;
        }
        size_t a_stride = p->a_stride, panel_stride = p->panel_stride, k = 0;
        const uint8_t *a = p->a + row * a_stride + g * p->a_group_stride;
        places first = {{a, a + 3 * a_stride, a + 6 * a_stride},
                        p->weights + panel * panel_stride + g * p->depth * W,
                        ahead + g * p->depth * W};
        places at = first;
        if (list)
            for (size_t i = 0; i < list->count; i++, at = first) {
                move(&at, list->first[i]);
                step(rows, panels, s, &at, 0, a_stride, panel_stride);
            }
        else {
            for (; k + STEPS * G <= p->depth; k += STEPS * G, move(&at, STEPS * G))
                UNROLL for (size_t i = 0; i < STEPS; i++) step(rows, panels, s, &at, i * G, a_stride, panel_stride);
            for (; k < p->depth; k += G, move(&at, G)) step(rows, panels, s, &at, 0, a_stride, panel_stride);
        }
        if (groups == 1 && !p->a_scales) {
            UNROLL for (int r = 0; r < rows; r++)
                UNROLL for (int j = 0; j < panels; j++) totals[r][j] = __builtin_convertvector((vi)s[r][j], vf);
            break;
        }
        UNROLL for (int r = 0; r < rows; r++) {
            float scale = scale_of(p, g, row + (size_t)r);
            UNROLL for (int j = 0; j < panels; j++) totals[r][j] = gathered(totals[r][j], (vi)s[r][j], scale);
        }
    }
    FINISH_TILE(totals)
}

/// Weights behind those of the panels before `panel`, for the tile at `turn` to fetch while it computes.
INLINE const int8_t *coming(const turn_u8s8_product *p, size_t panel, size_t turn) {
    size_t next = panel + turn;
    return p->weights + (turn < PANELS && next < p->panels ? next : panel - 1) * p->panel_stride;
}

INLINE void columns(int panels, const turn_u8s8_product *p, size_t panel) {
    size_t row = 0, turn = 0, next = panel + (size_t)panels;
    if (p->groups == 1)
        for (; row + 8 <= p->rows; row += 8) tile(8, panels, 1, p, row, panel, coming(p, next, turn++), NULL);
    for (; row + 4 <= p->rows; row += 4) tile(4, panels, p->groups, p, row, panel, coming(p, next, turn++), NULL);
    for (; row < p->rows; row++) tile(1, panels, p->groups, p, row, panel, coming(p, next, turn++), NULL);
}

/// Three panels (18 KB at 384 inputs) stay in the first-level cache while the rows pass. One panel alone keeps the units
/// waiting for its sums, so four are two and two.
INLINE size_t panels_at_once(size_t left) { return left == 4 || left == 2 ? 2 : left >= 3 ? 3 : 1; }

/// The inputs that are not zero in all of eight rows; at least 64 inputs.
INLINE void find_inputs(const uint8_t *a, size_t a_stride, size_t depth, inputs *found) {
    vi offsets = (vi){0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60};
    uint32_t fresh = 0xffff;  // of the last 64, those that were not seen before
    found->count = 0;
    for (size_t k = 0; k < depth;) {
        __m512i any = _mm512_loadu_si512((const void *)(a + k));
        UNROLL for (size_t r = 1; r < ROWS; r++)
            any = _mm512_or_si512(any, _mm512_loadu_si512((const void *)(a + r * a_stride + k)));
        __mmask16 used = (__mmask16)(_mm512_test_epi32_mask(any, any) & fresh);
        _mm512_storeu_si512((void *)(found->first + found->count),
                            _mm512_maskz_compress_epi32(used, (__m512i)(offsets + (int32_t)k)));
        found->count += (size_t)__builtin_popcount(used);
        k += 64;
        if (k < depth && k + 64 > depth) {
            fresh = 0xffffu << (k + 64 - depth) / G;
            k = depth - 64;
        }
    }
}

/// Eight rows at a time; the number of rows that are done.
INLINE size_t sparse_rows(const turn_u8s8_product *p) {
    size_t row = 0;
    for (; row + ROWS <= p->rows; row += ROWS) {
        inputs list;
        find_inputs(p->a + row * p->a_stride, p->a_stride, p->depth, &list);
        for (size_t panel = 0, count; panel < p->panels; panel += count) {
            count = panels_at_once(p->panels - panel);
            if (count == 3) tile(ROWS, 3, 1, p, row, panel, p->weights, &list);
            else if (count == 2) tile(ROWS, 2, 1, p, row, panel, p->weights, &list);
            else tile(ROWS, 1, 1, p, row, panel, p->weights, &list);
        }
    }
    return row;
}

INLINE void dense_rows(const turn_u8s8_product *p) {
    for (size_t panel = 0, count; panel < p->panels; panel += count) {
        count = panels_at_once(p->panels - panel);
        if (count == 3) columns(3, p, panel);
        else if (count == 2) columns(2, p, panel);
        else columns(1, p, panel);
    }
}

#include "paired_body.h"

INLINE void unpaired(const turn_u8s8_product *p) {
    if (!p->sparse || p->groups > 1 || p->depth < 64) {
        dense_rows(p);
        return;
    }
    turn_u8s8_product rest = *p;
    size_t done = sparse_rows(p);
    rest.a += done * p->a_stride;
    if (rest.a_scales) rest.a_scales += done * p->a_scales_stride;
    rest.c += done * p->c_stride, rest.rows -= done;
    if (rest.rows > 0) dense_rows(&rest);
}

static void KERNEL(turn_u8s8_gemm_unpaired)(const turn_u8s8_product *p) { unpaired(p); }

static void KERNEL(turn_u8s8_gemm)(const turn_u8s8_product *p) {
    if (p->narrow) paired(p);
    else unpaired(p);
}

DEFINE_KERNELS(turn_kernels__avx512vnni, "avx512vnni", 1, KERNEL(turn_u8s8_gemm))
DEFINE_KERNELS(turn_kernels__avx512vnni_unpaired, "avx512vnni", 0, KERNEL(turn_u8s8_gemm_unpaired))

TURN_TARGET_END
#endif
