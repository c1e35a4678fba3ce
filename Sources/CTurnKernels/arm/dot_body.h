// The product by 4-way dot products of 8-bit codes. The file that includes this has set the target, included the
// float body and defined
//   DOT(sums, codes, x, lane)   sums + the products of codes with lane `lane` of x
//   LOAD(pointer)               16 codes of a row
//   CODE_SHIFT                  what LOAD takes from each code, an integer

enum { ROWS = 4 };

INLINE void tile(int rows, const turn_u8s8_product *p, size_t row, size_t panel) {
    vf totals[ROWS][PARTS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < PARTS; j++) totals[r][j] = (vf){0};
    for (size_t g = 0; g < p->groups; g++) {
        const uint8_t *a = p->a + row * p->a_stride + g * p->a_group_stride;
        const int8_t *w = p->weights + panel * p->panel_stride + g * p->depth * W;
        int32x4_t s[ROWS][PARTS];
        UNROLL for (int j = 0; j < PARTS; j++) {
            size_t n = panel * W + (size_t)j * LANES;
            vi start = start_of(p, g, n) + CODE_SHIFT * *(const vi_any *)(p->sums + g * p->sums_group_stride + n);
            UNROLL for (int r = 0; r < rows; r++) s[r][j] = (int32x4_t)start;
        }
        size_t k = 0;
        for (; k + 16 <= p->depth; k += 16) {
            CODES x[ROWS];
            UNROLL for (int r = 0; r < rows; r++) x[r] = LOAD(a + (size_t)r * p->a_stride + k);
#define STEP(lane)                                                                                             \
    UNROLL for (int j = 0; j < PARTS; j++) {                                                                   \
        int8x16_t codes = vld1q_s8(w + (k + 4 * lane) * W + 16 * (size_t)j);                                   \
        UNROLL for (int r = 0; r < rows; r++) s[r][j] = DOT(s[r][j], codes, x[r], lane);                       \
    }
            STEP(0)
            STEP(1)
            STEP(2)
            STEP(3)
#undef STEP
        }
        for (; k < p->depth; k += G)
            UNROLL for (int j = 0; j < PARTS; j++) {
                int8x16_t codes = vld1q_s8(w + k * W + 16 * (size_t)j);
                UNROLL for (int r = 0; r < rows; r++) {
                    uint8_t four[16] = {0};
                    memcpy(four, a + (size_t)r * p->a_stride + k, G);
                    s[r][j] = DOT(s[r][j], codes, LOAD(four), 0);
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
        for (; row + 4 <= p->rows; row += 4) tile(4, p, row, panel);
        for (; row < p->rows; row++) tile(1, p, row, panel);
    }
}
