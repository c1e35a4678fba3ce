#include "checker.h"

static double exact_gelu(double x) { return 0.5 * x * erfc(-x * 0.70710678118654752440); }
static double exact_sigmoid(double x) { return 1 / (1 + exp(-x)); }

static void check_function(checker *t, const char *name, void (*function)(float *, size_t), double (*exact)(double),
                           double relative, double absolute) {
    enum { BLOCK = 1000 };
    for (double start = -100; start < 100; start += 1) {
        float x[BLOCK + 1], y[BLOCK + 1];
        double near = fabs(start + 0.5) < 12 ? 1 : 0.05;  // most care where the function bends
        for (int i = 0; i <= BLOCK; i++) x[i] = y[i] = (float)(start + near * i / BLOCK);
        function(y, BLOCK + 1);
        for (int i = 0; i <= BLOCK; i++) {
            double value = exact((double)x[i]);
            t->count++;
            if (!(fabs((double)y[i] - value) <= absolute + relative * fabs(value))) {
                fail(t, "%s %s(%.9g) is %.9g, not %.9g", t->set->name, name, (double)x[i], (double)y[i], value);
                return;
            }
        }
    }
}

/// GELU of a product, whose outputs are the bias alone: 1.1e-4, where it is x or 0 a rounding more, and never below what
/// its codes begin at.
static void check_coarse_gelu(checker *t) {
    uint8_t a[4] = {0};
    int8_t weights[4 * W] = {0};
    float row = 0, zeros[W] = {0};
    int32_t sums[W] = {0};
    for (double start = -100; start < 100; start += 0.01) {
        float x[W], y[W];
        for (int i = 0; i < W; i++) x[i] = (float)(start + 0.01 * i / W);
        turn_u8s8_product product = {
            .a = a, .a_stride = 4, .a_scales = &row, .rows = 1, .groups = 1, .depth = 4, .weights = weights,
            .panels = 1, .scales = zeros, .sums = sums, .bias = x, .c = y, .c_stride = W, .gelu = 1,
        };
        t->set->u8s8_gemm(&product);
        for (int i = 0; i < W; i++) {
            double value = exact_gelu((double)x[i]);
            t->count++;
            if (!(fabs((double)y[i] - value) <= 1.1e-4 + 1e-7 * fabs((double)x[i]) && y[i] >= TURN_GELU_LEAST)) {
                fail(t, "%s GELU of a product: %.9g gives %.9g, not %.9g", t->set->name, (double)x[i], (double)y[i],
                     value);
                return;
            }
        }
    }
}

/// Codes of exp over 1: at most 0.02 beside the rounding; the sum is that of values before rounding, 8e-5 of each.
static void check_softmax_codes(checker *t) {
    enum { WIDTH = 400 };
    float x[WIDTH] = {0};
    uint8_t codes[WIDTH];
    float row;
    for (double start = -40; start < -0.1; start += 0.05) {
        for (int i = 1; i < WIDTH; i++) x[i] = (float)(start + 0.05 * i / WIDTH);
        const float two = 2;
        t->set->u8_softmax(x, 1, WIDTH, 0.25f, &two, codes, &row);
        double sum = 0;
        for (int i = 0; i < WIDTH; i++) {
            double value = 255 * exp(0.5 * (double)x[i]);
            sum += value;
            t->count++;
            if (!(fabs(codes[i] - value) <= 0.52)) {
                fail(t, "%s u8_softmax: exp(%.9g / 2) is the code %d, not %.3f", t->set->name, (double)x[i],
                     codes[i], value);
                return;
            }
        }
        if (!(fabs(1 / (double)row - sum) < 1e-4 * sum)) fail(t, "%s u8_softmax: sum", t->set->name);
    }
}

size_t turn_check_functions(const turn_kernels *set, void (*report)(void *context, const char *line),
                            void *context) {
    checker t = {set, set, report, context, 0, 0};
    check_function(&t, "gelu", set->f32_gelu, exact_gelu, 3e-7, 2e-6);
    check_function(&t, "tanh", set->f32_tanh, tanh, 3e-7, 1e-12);
    check_function(&t, "sigmoid", set->f32_sigmoid, exact_sigmoid, 4e-7, 2e-38);
    // exp: a row of two values, of which the first is the greatest
    for (double x = -86; x <= 0; x += 1.0 / 512) {
        float row[2] = {0, (float)x};
        set->f32_softmax(row, 2 / 2, 2, 1);
        double e = exp((double)(float)x), value = e / (1 + e);
        t.count++;
        if (!(fabs((double)row[1] - value) <= 4e-7 * value)) {
            fail(&t, "%s exp(%.9g): %.9g, not %.9g", set->name, x, (double)row[1], value);
            break;
        }
    }
    check_coarse_gelu(&t);
    check_softmax_codes(&t);
    return t.count;
}
