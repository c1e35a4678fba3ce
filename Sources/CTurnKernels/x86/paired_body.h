// Products of narrow codes, two for one: the inner product of Winograd (1968).
//
//   x1 w1 + x2 w2 = (x1 + w2)(x2 + w1) - x1 x2 - w1 w2
//
// The two last terms are sums of a row alone and of an output alone, so that one multiplication and two additions of
// bytes do for two multiplications, exactly. It pays where additions have pipes of their own beside `vpdpbusd`, as on
// AMD's Zen 4 and 5: 4/3 of that instruction's peak. x1 and w1 are four inputs, x2 and w2 the four behind them. Both
// sums must fit a byte: x1 is moved up by the largest weight, x2 down by the centre of the codes, and
// TURN_NARROW_STEPS + TURN_NARROW_WEIGHT = 127.

enum { PAIR = 2 * G, PAIRED_ROWS = 4, PAIRED_BYTES = 64 * 1024 };

_Static_assert(TURN_NARROW_STEPS + TURN_NARROW_WEIGHT <= 127, "sums of a code and a weight are bytes");

/// Rows of a product, moved so that weights can be added, with their scales and the terms of the rows alone.
typedef struct {
    uint8_t codes[PAIRED_BYTES];
    // [group][row]
    int32_t terms[PAIRED_BYTES / PAIR];
    float scales[PAIRED_BYTES / PAIR];
    size_t count;
} moved_rows;

/// A group of a row, moved; in the lower half of each 64 bits its term's parts.
INLINE __m512i move_group(const uint8_t *from, size_t depth, uint8_t *to) {
    __m512i by = _mm512_set1_epi64((int64_t)((uint64_t)(uint8_t)-TURN_NARROW_STEPS * 0x0101010100000000u |
                                             (uint64_t)TURN_NARROW_WEIGHT * 0x01010101u));
    __m512i term = _mm512_setzero_si512();
    __m256i half = _mm256_setzero_si256();
    __m128i rest = _mm_setzero_si128();
    size_t k = 0;
    for (; k + 64 <= depth; k += 64) {
        __m512i codes = _mm512_add_epi8(_mm512_loadu_si512((const void *)(from + k)), by);
        _mm512_storeu_si512((void *)(to + k), codes);
        term = _mm512_dpbusd_epi32(term, codes, _mm512_srli_epi64(codes, 32));
    }
    if (k + 32 <= depth) {
        __m256i codes = _mm256_add_epi8(_mm256_loadu_si256((const __m256i *)(from + k)), _mm512_castsi512_si256(by));
        _mm256_storeu_si256((__m256i *)(to + k), codes);
        half = _mm256_dpbusd_epi32(half, codes, _mm256_srli_epi64(codes, 32));
        k += 32;
    }
    for (; k < depth; k += PAIR) {
        __m128i codes = _mm_add_epi8(_mm_loadl_epi64((const __m128i *)(from + k)), _mm512_castsi512_si128(by));
        _mm_storel_epi64((__m128i *)(to + k), codes);
        rest = _mm_dpbusd_epi32(rest, _mm_move_epi64(codes), _mm_srli_epi64(codes, 32));
    }
    half = _mm256_add_epi32(half, _mm256_inserti128_si256(_mm256_setzero_si256(), rest, 0));
    return _mm512_add_epi32(term, _mm512_inserti64x4(_mm512_setzero_si512(), half, 0));
}

INLINE void move_rows(const turn_u8s8_product *p, size_t first, size_t count, moved_rows *moved) {
    size_t inputs = p->groups * p->depth;
    moved->count = count;
    for (size_t g = 0; g < p->groups; g++) {
        const uint8_t *from = p->a + first * p->a_stride + g * p->a_group_stride;
        uint8_t *to = moved->codes + g * p->depth;
        for (size_t r = 0; r < count; r += 4) {
            size_t left = count - r < 4 ? count - r : 4;
            __m512i part[4];
            UNROLL for (size_t i = 0; i < 4; i++) {
                size_t row = r + (i < left ? i : left - 1);
                part[i] = move_group(from + row * p->a_stride, p->depth, to + row * inputs);
            }
            __m512i two = _mm512_or_si512(part[0], _mm512_slli_epi64(part[1], 32));
            __m512i more = _mm512_or_si512(part[2], _mm512_slli_epi64(part[3], 32));
            __m512i four = _mm512_add_epi32(_mm512_unpacklo_epi64(two, more), _mm512_unpackhi_epi64(two, more));
            __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64(four, 1));
            __m128i terms = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
            memcpy(moved->terms + g * count + r, &terms, left * sizeof(int32_t));
        }
        const float *scales = p->a_scales + g * p->a_scales_group_stride + first * p->a_scales_stride;
        if (p->a_scales_stride == 1) memcpy(moved->scales + g * count, scales, count * sizeof(float));
        else
            for (size_t r = 0; r < count; r++) moved->scales[g * count + r] = scales[r * p->a_scales_stride];
    }
}

// Eight inputs of rows x panels.
INLINE void paired_step(int rows, int panels, __m512i s[PAIRED_ROWS][PANELS], const places *at, size_t k,
                        size_t a_stride, size_t panel_stride) {
    __m512i first[PANELS], second[PANELS];
    UNROLL for (int j = 0; j < panels; j++) {
        const int8_t *w = at->w + (size_t)j * panel_stride + k * W;
        first[j] = _mm512_loadu_si512((const void *)w);
        second[j] = _mm512_loadu_si512((const void *)(w + G * W));
    }
    __builtin_prefetch(at->ahead + k * W, 0, 2);
    __builtin_prefetch(at->ahead + k * W + G * W, 0, 2);
    UNROLL for (int r = 0; r < rows; r++) {
        const uint8_t *a = at->a[r / 3] + (size_t)(r % 3) * a_stride + k;
        int32_t four[2];
        memcpy(four, a, sizeof(four));
        __m512i x1 = _mm512_set1_epi32(four[0]), x2 = _mm512_set1_epi32(four[1]);
        UNROLL for (int j = 0; j < panels; j++)
            s[r][j] = _mm512_dpbusd_epi32(s[r][j], _mm512_add_epi8(x1, second[j]), _mm512_add_epi8(x2, first[j]));
        __asm__ volatile("" ::: "memory");
    }
}

INLINE void paired_tile(int rows, int panels, const turn_u8s8_product *p, const moved_rows *moved, size_t from,
                        size_t row, size_t panel, const int8_t *ahead) {
    vf totals[PAIRED_ROWS][PANELS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < panels; j++) totals[r][j] = (vf){0};
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < panels; j++)
            __builtin_prefetch(p->c + (row + (size_t)r) * p->c_stride + (panel + (size_t)j) * W, 1);
    size_t a_stride = p->groups * p->depth, panel_stride = p->panel_stride;
    const uint8_t *a = moved->codes + from * a_stride;
    places at = {{a, a + 3 * a_stride, a + 6 * a_stride}, p->weights + panel * panel_stride, ahead};
    const int32_t *terms = moved->terms + from, *starts = p->pairs + panel * W;
    const float *scales = moved->scales + from;
    size_t count = moved->count, starts_stride = p->sums_group_stride, depth = p->depth;
    for (size_t g = 0; g < p->groups; g++, terms += count, scales += count, starts += starts_stride) {
        __m512i s[PAIRED_ROWS][PANELS];
        UNROLL for (int j = 0; j < panels; j++) {
            vi start = *(const vi_any *)(starts + j * W);
            UNROLL for (int r = 0; r < rows; r++) s[r][j] = (__m512i)(start - terms[r]);
        }
        size_t k = 0;
        for (; k + 4 * PAIR <= depth; k += 4 * PAIR, move(&at, 4 * PAIR))
            UNROLL for (size_t i = 0; i < 4; i++) paired_step(rows, panels, s, &at, i * PAIR, a_stride, panel_stride);
        for (; k < depth; k += PAIR, move(&at, PAIR)) paired_step(rows, panels, s, &at, 0, a_stride, panel_stride);
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < panels; j++)
                totals[r][j] = gathered(totals[r][j], (vi)s[r][j], scales[r]);
    }
    FINISH_TILE(totals)
}

INLINE void paired_columns(int panels, const turn_u8s8_product *p, const moved_rows *moved, size_t first, size_t count,
                           size_t panel) {
    size_t row = 0, turn = 0, next = panel + (size_t)panels;
    for (; row + PAIRED_ROWS <= count; row += PAIRED_ROWS)
        paired_tile(PAIRED_ROWS, panels, p, moved, row, first + row, panel, coming(p, next, turn++));
    for (; row < count; row++) paired_tile(1, panels, p, moved, row, first + row, panel, coming(p, next, turn++));
}

static void paired(const turn_u8s8_product *p) {
    moved_rows moved;
    size_t most = PAIRED_BYTES / (p->groups * p->depth);
    for (size_t first = 0, count; first < p->rows; first += count) {
        count = p->rows - first < most ? p->rows - first : most;
        move_rows(p, first, count, &moved);
        for (size_t panel = 0, wide; panel < p->panels; panel += wide) {
            wide = panels_at_once(p->panels - panel);
            if (wide == 3) paired_columns(3, p, &moved, first, count, panel);
            else if (wide == 2) paired_columns(2, p, &moved, first, count, panel);
            else paired_columns(1, p, &moved, first, count, panel);
        }
    }
}
