// Products of 8-bit codes, from their integer sums on, and of floats. The file that includes this has defined
// GEMM_ROWS, the rows of the float product's tile.

static void KERNEL(turn_f32_dequantise_panel)(const int8_t *codes, const float *scales, size_t inputs,
                                              float *panel) {
    vf scale[PARTS];
    UNROLL for (int j = 0; j < PARTS; j++) scale[j] = load(scales + j * LANES);
    for (size_t k = 0; k < inputs; k += G) {
        UNROLL for (int j = 0; j < PARTS; j++) {
            vi word = *(const vi_any *)(codes + k * W + j * LANES * G);
            UNROLL for (int i = 0; i < G; i++) {
                vi code = (word << (24 - 8 * i)) >> 24;
                store(panel + (k + (size_t)i) * W + j * LANES, __builtin_convertvector(code, vf) * scale[j]);
            }
        }
    }
}

/// What the sums of a group's products start at, so that centred codes count from their centre.
INLINE vi start_of(const turn_u8s8_product *p, size_t g, size_t n) {
    vi codes = *(const vi_any *)(p->sums + g * p->sums_group_stride + n);
    return -(codes * (p->narrow ? TURN_NARROW_STEPS : TURN_CENTRE)) & -(int32_t)(p->centred != 0);
}

/// One group's sums of products as floats, on top of what the groups before gave: see turn_u8s8_product.
INLINE vf gathered(vf before, vi sums, float scale) {
    return fma_(__builtin_convertvector(sums, vf), all(scale), before);
}

INLINE float scale_of(const turn_u8s8_product *p, size_t g, size_t r) {
    return !p->a_scales ? 1 : p->a_scales[g * p->a_scales_group_stride + r * p->a_scales_stride];
}

/// What all groups gave to a row and a panel, to outputs.
INLINE void finish(const turn_u8s8_product *p, size_t r, size_t panel, const vf totals[PARTS]) {
    float *c = p->c + r * p->c_stride + panel * W;
    UNROLL for (int j = 0; j < PARTS; j++) {
        size_t n = panel * W + j * LANES;
        vf value = fma_(totals[j], load(p->scales + n), load(p->bias + n));
        if (p->accumulate) value += load(c + j * LANES);
        store(c + j * LANES, p->gelu ? coarse_gelu(value) : value);
    }
}

// A slice of the panel (24 KB) stays in the first-level cache.
enum { SLICE = 384 };

// Rows of the product; `bias` is null for all but the last slice of the inputs: a sum that starts at a large
// bias loses the small products' last bits.
INLINE void f32_store(float *c, size_t outputs, const float *bias, int add, const vf s[PARTS]) {
    float sums[W] = {0};
    vf v[PARTS];
    UNROLL for (int j = 0; j < PARTS; j++) v[j] = bias ? s[j] + load(bias + j * LANES) : s[j];
    if (outputs == W) {
        UNROLL for (int j = 0; j < PARTS; j++) {
            if (add) v[j] += load(c + j * LANES);
            store(c + j * LANES, v[j]);
        }
        return;
    }
    memcpy(sums, v, sizeof(sums));
    for (size_t j = 0; j < outputs; j++) c[j] = add ? c[j] + sums[j] : sums[j];
}

INLINE void f32_tile(int rows, const float *a, size_t a_stride, size_t inputs, const float *panel,
                     const float *bias, float *c, size_t c_stride, size_t outputs, int add) {
    vf s[GEMM_ROWS][PARTS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < PARTS; j++) s[r][j] = (vf){0};
    for (size_t i = 0; i < inputs; i++) {
        vf w[PARTS];
        UNROLL for (int j = 0; j < PARTS; j++) w[j] = load(panel + W * i + j * LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            vf x = all(a[(size_t)r * a_stride + i]);
            UNROLL for (int j = 0; j < PARTS; j++) s[r][j] = fma_(x, w[j], s[r][j]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) f32_store(c + (size_t)r * c_stride, outputs, bias, add, s[r]);
}

// One row alone would wait for each sum: four inputs have sums of their own.
INLINE void f32_single(const float *a, size_t inputs, const float *panel, const float *bias, float *c,
                       size_t outputs, int add) {
    vf s[4][PARTS];
    UNROLL for (int k = 0; k < 4; k++)
        UNROLL for (int j = 0; j < PARTS; j++) s[k][j] = (vf){0};
    size_t i = 0;
    for (; i + 4 <= inputs; i += 4)
        UNROLL for (size_t k = 0; k < 4; k++)
            UNROLL for (int j = 0; j < PARTS; j++)
                s[k][j] = fma_(all(a[i + k]), load(panel + W * (i + k) + j * LANES), s[k][j]);
    for (; i < inputs; i++)
        UNROLL for (int j = 0; j < PARTS; j++)
            s[0][j] = fma_(all(a[i]), load(panel + W * i + j * LANES), s[0][j]);
    UNROLL for (int j = 0; j < PARTS; j++) s[0][j] = (s[0][j] + s[1][j]) + (s[2][j] + s[3][j]);
    f32_store(c, outputs, bias, add, s[0]);
}

static void KERNEL(turn_f32_gemm_panel)(const float *a, size_t a_stride, size_t rows, size_t inputs,
                                        const float *panel, const float *bias, float *c, size_t c_stride,
                                        size_t outputs, int accumulate) {
    size_t start = 0;
    do {
        size_t length = inputs - start < SLICE ? inputs - start : SLICE, row = 0;
        const float *w = panel + W * start, *from = a + start;
        const float *b = start + length < inputs ? NULL : bias;
        int add = accumulate || start;
        for (; row + GEMM_ROWS <= rows; row += GEMM_ROWS)
            f32_tile(GEMM_ROWS, from + row * a_stride, a_stride, length, w, b, c + row * c_stride, c_stride,
                     outputs, add);
        for (; row + 4 <= rows; row += 4)
            f32_tile(4, from + row * a_stride, a_stride, length, w, b, c + row * c_stride, c_stride, outputs, add);
        for (; row + 2 <= rows; row += 2)
            f32_tile(2, from + row * a_stride, a_stride, length, w, b, c + row * c_stride, c_stride, outputs, add);
        if (row < rows) f32_single(from + row * a_stride, length, w, b, c + row * c_stride, outputs, add);
        start += length;
    } while (start < inputs);
}

#define DEFINE_KERNELS(SET, NAME, PAIRS, PRODUCT)                                                              \
    const turn_kernels SET = {                                                                                 \
        .name = NAME,                                                                                          \
        .pairs = PAIRS,                                                                                        \
        .f32_gemm_panel = KERNEL(turn_f32_gemm_panel),                                                         \
        .f32_dequantise_panel = KERNEL(turn_f32_dequantise_panel),                                             \
        .f32_layer_norm = KERNEL(turn_f32_layer_norm),                                                         \
        .f32_gelu = KERNEL(turn_f32_gelu),                                                                     \
        .f32_tanh = KERNEL(turn_f32_tanh),                                                                     \
        .f32_sigmoid = KERNEL(turn_f32_sigmoid),                                                               \
        .f32_softmax = KERNEL(turn_f32_softmax),                                                               \
        .u8_quantise = KERNEL(turn_u8_quantise),                                                               \
        .u8_quantise_gelu = KERNEL(turn_u8_quantise_gelu),                                                     \
        .u8_layer_norm = KERNEL(turn_u8_layer_norm),                                                           \
        .u8_softmax = KERNEL(turn_u8_softmax),                                                                 \
        .s8_pack_rows = KERNEL(turn_s8_pack_rows),                                                             \
        .s8_pack_columns = KERNEL(turn_s8_pack_columns),                                                       \
        .u8s8_gemm = PRODUCT,                                                                                  \
        SPECTRUM_KERNELS,                                                                                      \
    };
