// The product by 4-way dot products of 8-bit codes. The file that includes this has set the target, included the
// float body and defined
//   DOT(sums, codes, x, lane)   sums + the products of codes with lane `lane` of x
//   LOAD(pointer)               16 codes of a row
//   CODE_SHIFT                  what LOAD takes from each code, an integer

INLINE void tile(int rows, const turn_u8s8_product *p, size_t row, size_t panel) {
    const uint8_t *a = p->a + row * p->a_stride;
    const int8_t *w = p->weights + panel * p->panel_stride;
    int32x4_t s[4][4];
    UNROLL for (int j = 0; j < 4; j++) {
        // CODE_SHIFT x the column's codes: sums are scales x codes, so that the quotient rounds to the integer
        size_t n = panel * W + 4 * (size_t)j;
        float32x4_t codes = vdivq_f32(vld1q_f32(p->sums + n), vld1q_f32(p->scales + n));
        int32x4_t start = CODE_SHIFT ? vmulq_n_s32(vcvtnq_s32_f32(codes), CODE_SHIFT) : vdupq_n_s32(0);
        UNROLL for (int r = 0; r < rows; r++) s[r][j] = start;
    }
    size_t k = 0;
    for (; k + 16 <= p->depth; k += 16) {
        CODES x[4];
        UNROLL for (int r = 0; r < rows; r++) x[r] = LOAD(a + (size_t)r * p->a_stride + k);
#define STEP(lane)                                                                                             \
    UNROLL for (int j = 0; j < 4; j++) {                                                                       \
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
        UNROLL for (int j = 0; j < 4; j++) {
            int8x16_t codes = vld1q_s8(w + k * W + 16 * (size_t)j);
            UNROLL for (int r = 0; r < rows; r++) {
                uint8_t four[16] = {0};
                memcpy(four, a + (size_t)r * p->a_stride + k, G);
                s[r][j] = DOT(s[r][j], codes, LOAD(four), 0);
            }
        }
    UNROLL for (int r = 0; r < rows; r++) {
        vi sums[PARTS];
        UNROLL for (int j = 0; j < PARTS; j++) sums[j] = (vi)s[r][j];
        finish(p, row + (size_t)r, panel, sums);
    }
}

static void KERNEL(turn_u8s8_gemm)(const turn_u8s8_product *p) {
    for (size_t panel = 0; panel < p->panels; panel++) {
        size_t row = 0;
        for (; row + 4 <= p->rows; row += 4) tile(4, p, row, panel);
        for (; row < p->rows; row++) tile(1, p, row, panel);
    }
}
