#include "checker.h"

// MARK: Products

static void check_f32_gemm(checker *t) {
    static const size_t rows[] = {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 25}, depths[] = {1, 3, 64, 383, 384, 385, 800};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (size_t j = 0; j < sizeof(depths) / sizeof(*depths); j++) {
            size_t m = rows[i], k = depths[j], outputs = 1 + next(t) % W, stride = 1 + next(t) % (k + 7);
            size_t c_stride = outputs + next(t) % 5, size = m * c_stride;
            int add = next(t) & 1;
            float *a = floats(t, m * stride + k, 1), *panel = floats(t, k * W, 1), *bias = floats(t, W, 100);
            float *x = poisoned(size * sizeof(float)), *y = poisoned(size * sizeof(float));
            t->set->f32_gemm_panel(a, stride, m, k, panel, bias, x, c_stride, outputs, add);
            t->truth->f32_gemm_panel(a, stride, m, k, panel, bias, y, c_stride, outputs, add);
            close_to(t, "f32_gemm_panel", m, k, x, y, size, 1e-6f, 3e-5f);
            free(a), free(panel), free(bias), free(x), free(y);
        }
}

static void check_u8s8_gemm(checker *t) {
    static const size_t rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 23, 41}, panels[] = {1, 2, 3, 4, 7};
    static const size_t depths[] = {4, 8, 12, 16, 20, 56, 64, 80, 96, 384, 400, TURN_DEPTH_MAX};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (size_t j = 0; j < sizeof(depths) / sizeof(*depths); j++) {
            size_t m = rows[i], depth = depths[j], groups = 1 + next(t) % 4, k = groups * depth;
            size_t p = panels[next(t) % 5], n = p * W, gap = 4 * (next(t) % 3);
            // rows and groups overlap or have gaps; rows before groups in the table of meanings, or behind
            size_t a_stride = 1 + next(t) % (depth + 9), a_group = next(t) % (depth + 9), step = 1 + next(t) % 2;
            size_t group_step = next(t) & 1 ? m * step : 1, meanings = m * step + groups * group_step;
            size_t codes = m * a_stride + groups * a_group + depth, c_stride = n + next(t) % 5, size = m * c_stride;
            size_t panel_stride = k * W + gap * W, sums_stride = n + next(t) % 5;
            // exact: scales of one leave the bare sums; extremes: 255 x 127 everywhere, -127 in turn
            int exact = next(t) & 1, extreme = next(t) % 4, narrow = depth % 8 == 0 && (next(t) & 1), centred = next(t) & 1;
            int most = narrow ? 2 * TURN_NARROW_STEPS : 255, heaviest = narrow ? TURN_NARROW_WEIGHT : 127;
            uint8_t *a = malloc(codes);
            int8_t *w = malloc(p * panel_stride);
            for (size_t x = 0; x < codes; x++) a[x] = (uint8_t)(extreme == 0 ? most : next(t) % (unsigned)(most + 1));
            int sparse = extreme == 3;  // runs of zeros that are the same in most rows
            if (sparse && a_stride)
                for (size_t x = 0; x < codes; x++)
                    if (next(t) % 64 && ((x % a_stride) / 12) % 3 != 1) a[x] = 0;
            for (size_t x = 0; x < p * panel_stride; x++)
                w[x] = (int8_t)(extreme == 0   ? heaviest
                                : extreme == 1 ? (x & 1 ? -heaviest : heaviest)
                                               : (int)(next(t) % (unsigned)(2 * heaviest + 1)) - heaviest);
            float *r = malloc(meanings * sizeof(float));
            for (size_t x = 0; x < meanings; x++) r[x] = exact ? 1 : uniform(t, 0, 0.1f);
            float *scales = floats(t, n, 0.01f), *bias = floats(t, n, 1);
            int32_t *sums = poisoned(groups * sums_stride * sizeof(int32_t));
            int32_t *pairs = poisoned(groups * sums_stride * sizeof(int32_t));
            centred &= !sparse;
            for (size_t g = 0; narrow && g < groups; g++)
                turn_s8_sum_pairs(w + g * depth * W, panel_stride, p, depth, centred, pairs + g * sums_stride);
            for (size_t x = 0; x < n; x++) {
                if (exact) scales[x] = 1, bias[x] = 0;
                for (size_t g = 0; g < groups; g++) {
                    int sum = 0;
                    for (size_t d = g * depth; d < (g + 1) * depth; d++)
                        sum += w[(x / W) * panel_stride + (d / 4) * 64 + (x % W) * 4 + d % 4];
                    sums[g * sums_stride + x] = sum;
                }
            }
            turn_u8s8_product product = {
                .a = a, .a_stride = a_stride, .a_group_stride = a_group, .a_scales = r, .a_scales_stride = step,
                .a_scales_group_stride = group_step, .centred = centred, .narrow = narrow, .rows = m,
                .groups = groups, .depth = depth, .weights = w,
                .panel_stride = panel_stride, .panels = p, .scales = scales, .sums = sums,
                .sums_group_stride = sums_stride, .pairs = pairs, .bias = bias, .c_stride = c_stride,
                .accumulate = !exact && (next(t) & 1), .gelu = !exact && (next(t) & 1),
                .sparse = sparse,
            };
            float *x = poisoned(size * sizeof(float)), *y = poisoned(size * sizeof(float));
            product.c = x;
            if (!narrow && groups == 1 && (sparse || next(t) & 1)) product.a_scales = NULL;
            if (narrow && t->set->pairs) product.sums = NULL;
            else product.pairs = NULL;
            t->set->u8s8_gemm(&product);
            product.c = y, product.sums = sums;
            t->truth->u8s8_gemm(&product);
            same(t, "u8s8_gemm", m, k, x, y, size * sizeof(float));
            free(a), free(w), free(r), free(scales), free(sums), free(pairs), free(bias), free(x), free(y);
        }
}

static void check_dequantise(checker *t) {
    for (size_t k = 4; k <= 400; k += 36) {
        int8_t *codes = malloc(k * W);
        for (size_t i = 0; i < k * W; i++) codes[i] = (int8_t)next(t);
        float *scales = floats(t, W, 1), *x = poisoned(k * W * 4), *y = poisoned(k * W * 4);
        t->set->f32_dequantise_panel(codes, scales, k, x);
        t->truth->f32_dequantise_panel(codes, scales, k, y);
        same(t, "f32_dequantise_panel", k, 0, x, y, k * W * 4);
        free(codes), free(scales), free(x), free(y);
    }
}

/// Layers whose weights lie in the file input by input, output by output, or with other values between them.
static void check_weights(checker *t) {
    for (size_t k = 4; k <= 84; k += 16) {
        size_t n = 1 + next(t) % 50, panels = (n + W - 1) / W, gap = W * (next(t) % 9), stride = k * W + gap;
        size_t steps[3][2] = {{n, 1}, {1, k}, {3, 3 * k}};
        for (int order = 0; order < 3; order++) {
            size_t input_step = steps[order][0], output_step = steps[order][1];
            int8_t *codes = malloc(3 * k * n), *packed = poisoned(panels * stride);
            for (size_t i = 0; i < 3 * k * n; i++) codes[i] = (int8_t)next(t);
            int32_t *sums = poisoned(panels * W * 4);
            memset(packed, 0, panels * stride);
            turn_s8_pack_weights(codes, input_step, output_step, k, n, packed, stride);
            turn_s8_sum_weights(packed, stride, panels, k, sums);
            for (size_t j = 0; j < panels * W; j++) {
                int sum = 0, wrong = 0;
                for (size_t i = 0; i < k; i++) {
                    int code = j < n ? codes[i * input_step + j * output_step] : 0;
                    wrong |= code != packed[(j / W) * stride + (i / 4) * 64 + (j % W) * 4 + i % 4];
                    sum += code;
                }
                t->count++;
                if (wrong || sums[j] != sum) fail(t, "weights of output %zu of %zu", j, n);
            }
            free(codes), free(packed), free(sums);
        }
    }
}

/// Narrow weights: within half a step of what they were, or what they were if that was narrow.
static void check_narrow(checker *t) {
    for (size_t k = 4; k <= 84; k += 16) {
        size_t panels = 1 + next(t) % 3, n = panels * W;
        int8_t *codes = malloc(k * n), *narrow = poisoned(k * n);
        float *scales = floats(t, n, 1), *wider = poisoned(n * 4);
        for (size_t i = 0; i < n; i++) scales[i] = fabsf(scales[i]) + 0.01f;
        for (size_t i = 0; i < k * n; i++) {
            int range = (i % 64) / 4 % 3 == 0 ? TURN_NARROW_WEIGHT : 127;  // every third output is narrow already
            codes[i] = (int8_t)((int)(next(t) % (unsigned)(2 * range + 1)) - range);
        }
        memcpy(narrow, codes, k * n), memcpy(wider, scales, n * 4);
        turn_s8_narrow_weights(narrow, panels, k, wider);
        for (size_t j = 0; j < n; j++) {
            int most = 0, wrong = 0;
            for (size_t i = 0; i < k; i++) {
                int code = codes[(j / W) * k * W + (i / 4) * 64 + (j % W) * 4 + i % 4];
                most = abs(code) > most ? abs(code) : most;
            }
            for (size_t i = 0; i < k; i++) {
                size_t at = (j / W) * k * W + (i / 4) * 64 + (j % W) * 4 + i % 4;
                double value = (double)codes[at] * (double)scales[j], now = (double)narrow[at] * (double)wider[j];
                wrong |= abs(narrow[at]) > TURN_NARROW_WEIGHT;
                wrong |= !(fabs(value - now) <= 0.5001 * (double)wider[j]);
                wrong |= most <= TURN_NARROW_WEIGHT && (narrow[at] != codes[at] || wider[j] != scales[j]);
            }
            wrong |= most > TURN_NARROW_WEIGHT
                  && !(fabs((double)wider[j] * TURN_NARROW_WEIGHT - (double)scales[j] * most) < 1e-5 * most);
            t->count++;
            if (wrong) fail(t, "narrow weights of output %zu of %zu", j, n);
        }
        free(codes), free(narrow), free(scales), free(wider);
    }
}

// MARK: Rows

static const size_t widths[] = {1, 3, 4, 7, 8, 15, 16, 17, 31, 64, 127, 128, 384, 400, 401};
enum { WIDTHS = sizeof(widths) / sizeof(*widths) };

/// The first row of a layer normalisation against double.
static void check_norm(checker *t, const float *x, size_t width, const float *weight, const float *bias,
                       const float *y) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < width; i++) mean += (double)x[i] / (double)width;
    for (size_t i = 0; i < width; i++) variance += (x[i] - mean) * (x[i] - mean) / (double)width;
    t->count++;
    for (size_t i = 0; i < width; i++) {
        double value = (x[i] - mean) / sqrt(variance + 1e-5) * (double)weight[i] + (double)bias[i];
        if (!(fabs((double)y[i] - value) < 2e-6)) {
            fail(t, "%s f32_layer_norm: value %zu of %zu is %.9g, not %.9g", t->set->name, i, width, (double)y[i],
                 value);
            return;
        }
    }
}

static void check_rows(checker *t) {
    for (size_t i = 0; i < WIDTHS; i++) {
        size_t n = widths[i], m = 1 + next(t) % 5, size = m * n;
        float *in = floats(t, size, 8), *weight = floats(t, n, 1), *bias = floats(t, n, 1);
        float *x = poisoned(size * 4), *y = poisoned(size * 4);
        if (n % W == 0) {
            t->set->f32_layer_norm(in, m, n, weight, bias, 1e-5f, x);
            t->truth->f32_layer_norm(in, m, n, weight, bias, 1e-5f, y);
            same(t, "f32_layer_norm", m, n, x, y, size * 4);
            check_norm(t, in, n, weight, bias, y);
        }
        memcpy(x, in, size * 4), memcpy(y, in, size * 4);
        t->set->f32_gelu(x, size);
        t->truth->f32_gelu(y, size);
        same(t, "f32_gelu", m, n, x, y, size * 4);
        memcpy(x, in, size * 4), memcpy(y, in, size * 4);
        t->set->f32_tanh(x, size);
        t->truth->f32_tanh(y, size);
        same(t, "f32_tanh", m, n, x, y, size * 4);

        memcpy(x, in, size * 4), memcpy(y, in, size * 4);
        t->set->f32_softmax(x, m, n, 0.125f);
        t->truth->f32_softmax(y, m, n, 0.125f);
        close_to(t, "f32_softmax", m, n, x, y, size, 2e-6f, 1e-9f);

        free(in), free(weight), free(bias), free(x), free(y);
    }
}

/// Rows that become codes; their widths are whole vectors.
static void check_codes(checker *t) {
    static const size_t code_widths[] = {16, 32, 48, 64, 80, 96, 192, 384, 400};
    for (size_t i = 0; i < sizeof(code_widths) / sizeof(*code_widths); i++) {
        size_t n = code_widths[i], m = 1 + next(t) % 19, groups = 1 + next(t) % 4, all = groups * n;
        int narrow = next(t) & 1;
        size_t x_stride = all + next(t) % 5, c_stride = all + next(t) % 5;
        float *in = floats(t, m * x_stride, 8), *weight = floats(t, all, 1), *bias = floats(t, all, 1);
        if (next(t) % 4 == 0)
            for (size_t j = 0; j < n; j++) in[j] = 1.25f;  // a row without range
        float *rx = poisoned(m * groups * 4), *ry = poisoned(m * groups * 4);
        uint8_t *cx = poisoned(m * c_stride), *cy = poisoned(m * c_stride);
        float *x = poisoned(m * all * 4), *y = poisoned(m * all * 4);
        t->set->u8_quantise(in, x_stride, m, groups, n, cx, c_stride, rx);
        t->truth->u8_quantise(in, x_stride, m, groups, n, cy, c_stride, ry);
        same(t, "u8_quantise codes", m, n, cx, cy, m * c_stride);
        same(t, "u8_quantise scales", m, n, rx, ry, m * groups * 4);

        for (size_t j = 0; j < m * x_stride; j++) in[j] = in[j] > TURN_GELU_LEAST ? in[j] : TURN_GELU_LEAST;
        memset(cx, POISON, m * c_stride), memset(cy, POISON, m * c_stride);
        t->set->u8_quantise_gelu(in, x_stride, m, groups, n, narrow, cx, c_stride, rx);
        t->truth->u8_quantise_gelu(in, x_stride, m, groups, n, narrow, cy, c_stride, ry);
        same(t, "u8_quantise_gelu codes", m, n, cx, cy, m * c_stride);
        same(t, "u8_quantise_gelu scales", m, n, rx, ry, m * groups * 4);

        memset(cx, POISON, m * c_stride), memset(cy, POISON, m * c_stride);
        t->set->u8_layer_norm(in, m, groups, n, weight, bias, 1e-5f, narrow, x, cx, rx);
        t->truth->u8_layer_norm(in, m, groups, n, weight, bias, 1e-5f, narrow, y, cy, ry);
        same(t, "u8_layer_norm values", m, n, x, y, m * all * 4);
        same(t, "u8_layer_norm codes", m, n, cx, cy, m * c_stride);
        same(t, "u8_layer_norm scales", m, n, rx, ry, m * groups * 4);

        memset(cx, POISON, m * c_stride), memset(cy, POISON, m * c_stride);
        float *by = floats(t, m, 1);
        for (size_t j = 0; j < m; j++) by[j] = (fabsf(by[j]) + 0.1f) * (j % 3 ? 1 : 40);  // 2^t far below any code
        t->set->u8_softmax(in, m, n, 0.5f, by, cx, rx);
        t->truth->u8_softmax(in, m, n, 0.5f, by, cy, ry);
        free(by);
        same(t, "u8_softmax codes", m, n, cx, cy, m * c_stride);
        same(t, "u8_softmax scales", m, n, rx, ry, m * 4);
        free(in), free(weight), free(bias), free(x), free(y), free(rx), free(ry), free(cx), free(cy);
    }
}

static void check_packing(checker *t) {
    for (size_t k = 4; k <= 128; k += 4) {
        size_t n = W * (1 + next(t) % 3), stride = k + next(t) % 9;
        float *in = floats(t, n * stride, 3);
        int8_t *px = poisoned(n * k), *py = poisoned(n * k);
        float *sx = poisoned(n * 4), *sy = poisoned(n * 4);
        int32_t *tx = poisoned(n * 4), *ty = poisoned(n * 4);
        if (k % W == 0) {
            t->set->s8_pack_rows(in, stride, n, k, px, sx, tx);
            t->truth->s8_pack_rows(in, stride, n, k, py, sy, ty);
            same(t, "s8_pack_rows codes", n, k, px, py, n * k);
            same(t, "s8_pack_rows scales", n, k, sx, sy, n * 4);
            same(t, "s8_pack_rows sums", n, k, tx, ty, n * 4);
        }
        free(in), free(px), free(py), free(sx), free(sy), free(tx), free(ty);

        stride = n + next(t) % 9;
        in = floats(t, k * stride, 3);
        for (size_t j = 0; j < k; j++) in[j * stride] = 0.5f;  // a column without range
        px = poisoned(n * k), py = poisoned(n * k);
        sx = poisoned(n * 4), sy = poisoned(n * 4), tx = poisoned(n * 4), ty = poisoned(n * 4);
        float *ux = poisoned(n * 4), *uy = poisoned(n * 4);
        t->set->s8_pack_columns(in, stride, k, n, px, sx, tx, ux);
        t->truth->s8_pack_columns(in, stride, k, n, py, sy, ty, uy);
        same(t, "s8_pack_columns codes", n, k, px, py, n * k);
        same(t, "s8_pack_columns scales", n, k, sx, sy, n * 4);
        same(t, "s8_pack_columns sums", n, k, tx, ty, n * 4);
        same(t, "s8_pack_columns centre", n, k, ux, uy, n * 4);
        free(in), free(px), free(py), free(sx), free(sy), free(tx), free(ty), free(ux), free(uy);
    }
}

// MARK: Spectra

static void check_spectra(checker *t) {
    for (size_t size = 256; size <= 400; size += 144) {
        size_t bins = size / 2 + 1;
        double *window = malloc(size * 8), *turns = malloc(size * 16), *scratch = malloc(size * 64);
        for (size_t i = 0; i < size; i++) {
            double angle = 2 * 3.14159265358979323846 * (double)i / (double)size;
            window[i] = 0.5 - 0.5 * cos(angle);
            turns[2 * i] = cos(angle), turns[2 * i + 1] = -sin(angle);
        }
        turn_transform plan = {size, window, turns};
        float *samples = floats(t, size + 3 * 100 + 8, 1);
        double *power = poisoned(4 * bins * 8);
        t->set->f64_power_spectra(&plan, samples, 100, scratch, power);
        for (size_t f = 0; f < 4; f++)
            for (size_t k = 0; k < bins; k += 7) {
                double re = 0, im = 0;
                for (size_t i = 0; i < size; i++) {
                    double x = window[i] * (double)samples[100 * f + i];
                    re += x * turns[2 * (i * k % size)], im += x * turns[2 * (i * k % size) + 1];
                }
                t->count++;
                if (!(fabs(power[4 * k + f] - (re * re + im * im)) < 1e-9))
                    fail(t, "%s f64_power_spectra: bin %zu of %zu", t->set->name, k, size);
            }
        if (((uint8_t *)power)[4 * bins * 8] != POISON) fail(t, "%s f64_power_spectra: wrote too much", t->set->name);

        float *mx = poisoned(4 * (bins + 2) * 4), *my = poisoned(4 * (bins + 2) * 4);
        t->set->f32_magnitudes(power, bins, mx, bins + 2);
        t->truth->f32_magnitudes(power, bins, my, bins + 2);
        same(t, "f32_magnitudes", bins, 0, mx, my, 4 * (bins + 2) * 4);

        for (size_t i = 0; i < 4 * bins; i++) power[i] = pow(10, (double)uniform(t, -14, 12));
        size_t firsts[5], counts[5];
        double weights[100], lx[5 * 12], sums = 0;
        size_t used = 0;
        for (size_t j = 0; j < 5; j++) {
            firsts[j] = 11 * j, counts[j] = 1 + next(t) % 14;
            for (size_t i = 0; i < counts[j]; i++) weights[used++] = (double)uniform(t, 0, 1);
        }
        turn_mel_bank bank = {5, firsts, counts, weights};
        double maximum[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY}, most[4];
        memcpy(most, maximum, sizeof(most));
        t->set->f64_log_mel(&bank, power, lx, 12, maximum);
        used = 0;
        for (size_t j = 0; j < 5; used += counts[j], j++)
            for (size_t f = 0; f < 4; f++) {
                sums = 0;
                for (size_t i = 0; i < counts[j]; i++) sums += weights[used + i] * power[4 * (firsts[j] + i) + f];
                double value = log10(fmax(1e-10, sums));
                most[f] = fmax(most[f], value);
                t->count++;
                if (!(fabs(lx[12 * j + f] - value) < 1e-11)) fail(t, "%s f64_log_mel: filter %zu", t->set->name, j);
            }
        for (size_t f = 0; f < 4; f++)
            if (!(fabs(most[f] - maximum[f]) < 1e-11)) fail(t, "%s f64_log_mel: maximum", t->set->name);

        size_t mels = bins / 4, stride = 4 + size % 3;
        float *fx = poisoned(mels * stride * 4), *fy = poisoned(mels * stride * 4);
        t->set->f32_features(power, mels, 0.5, fx, stride);
        t->truth->f32_features(power, mels, 0.5, fy, stride);
        same(t, "f32_features", mels, stride, fx, fy, mels * stride * 4);
        for (size_t i = 0; i < 4 * mels; i++) {
            double value = (fmax(power[i], 0.5) + 4) / 4;
            t->count++;
            if (fx[i / 4 * stride + i % 4] != (float)value) fail(t, "%s f32_features: %zu", t->set->name, i);
        }

        size_t count = size * 8;
        float *nx = poisoned(count * 4), *ny = poisoned(count * 4);
        for (size_t i = 0; i < count; i++) nx[i] = ny[i] = uniform(t, -1, 1);
        t->set->f32_normalise(nx, count, 1e-7f);
        t->truth->f32_normalise(ny, count, 1e-7f);
        same(t, "f32_normalise", count, 0, nx, ny, count * 4);
        free(window), free(turns), free(scratch), free(samples), free(power), free(mx), free(my), free(fx), free(fy);
        free(nx), free(ny);
    }
}

size_t turn_check_kernels(const turn_kernels *set, const turn_kernels *truth,
                          void (*report)(void *context, const char *line), void *context) {
    checker t = {set, truth, report, context, 0, 2026};
    for (int round = 0; round < 3; round++) {
        check_f32_gemm(&t);
        check_u8s8_gemm(&t);
        check_dequantise(&t);
        check_weights(&t);
        check_narrow(&t);
        check_rows(&t);
        check_codes(&t);
        check_packing(&t);
        check_spectra(&t);
    }
    return t.count;
}
