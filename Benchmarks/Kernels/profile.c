// Where the time of one prediction's 8-bit network goes: the kernels in the order, on the sizes and in the blocks of
// SmartTurnFastEncoder, with random weights, one thread; the least time of each part over all runs. Beside it what the
// processor's product instruction reaches from registers.
//
//   scripts/kernels/check.sh profile [kernels] [runs]

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "turn_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    TOKENS = 400, WIDTH = 384, HIDDEN = 1536, HEADS = 6, HEAD = 64, MELS = 80, POOL = 256, LAYERS = 4, BLOCK = 40,
    // channels that share a scale: of a normalised token, of the hidden layer
    NORM_GROUP = 96, MIXED_GROUP = 64, HIDDEN_GROUP = 96,
};

typedef enum {
    OTHER, CONV1, CONV2, QKV, OUT, EXPAND, CONTRACT, POOLING, SCORES, MIXTURE, SOFTMAX, PACKING, QUANTISING, NORM, COUNT
} part;

static const struct {
    const char *name;
    double products;  // of a prediction
} parts[COUNT] = {
    {"other", 0},
    {"first convolution, GELU", 73.728e6},
    {"second convolution, GELU", 176.947e6},
    {"queries, keys, values", 4 * 176.947e6},
    {"attention's output", 4 * 58.982e6},
    {"hidden layer, GELU", 4 * 235.93e6},
    {"hidden to token", 4 * 235.93e6},
    {"pooling", 39.322e6},
    {"attention's scores", 4 * 61.44e6},
    {"attention's mixture", 4 * 61.44e6},
    {"softmax to codes", 0},
    {"keys and values to weights", 0},
    {"values to codes", 0},
    {"normalisation, to codes", 0},
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double spent[COUNT], since;
static part current;

static void enter(part next) {
    double t = now();
    spent[current] += t - since;
    since = t;
    current = next;
}

static void *zeros(size_t size) {
    void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!memory) exit(1);
    return memset(memory, 0, size);
}

static float *noise(size_t count) {
    float *x = zeros(count * sizeof(float));
    for (size_t i = 0; i < count; i++) x[i] = (float)(rand() % 2001 - 1000) / 1000;
    return x;
}

// MARK: Layers

typedef struct {
    size_t inputs, outputs, depth;
    int8_t *codes;
    float *scales, *bias;
    int32_t *sums, *pairs;
} layer;

static layer make(size_t inputs, size_t outputs, size_t depth) {
    layer l = {inputs, outputs, depth, zeros(inputs * outputs), zeros(outputs * 4), zeros(outputs * 4),
               zeros(inputs / depth * outputs * 4), NULL};
    for (size_t i = 0; i < inputs * outputs; i++) l.codes[i] = (int8_t)(rand() % 255 - 127);
    for (size_t i = 0; i < outputs; i++) l.scales[i] = 2e-4f;
    for (size_t g = 0; g < inputs / depth; g++)
        turn_s8_sum_weights(l.codes + g * depth * 16, inputs * 16, outputs / 16, depth, l.sums + g * outputs);
    return l;
}

typedef struct {
    const uint8_t *codes;
    size_t stride, group_stride;
    const float *scales;
    size_t scale_stride, group_scale_stride;
    int centred;
} rows;

static const turn_kernels *set;

static void apply(const layer *l, rows a, size_t first, size_t outputs, float *c, size_t c_stride, int add, int gelu) {
    turn_u8s8_product product = {
        .a = a.codes, .a_stride = a.stride, .a_group_stride = a.group_stride, .a_scales = a.scales,
        .a_scales_stride = a.scale_stride, .a_scales_group_stride = a.group_scale_stride, .centred = a.centred, .narrow = l->pairs != NULL, .pairs = l->pairs ? l->pairs + first : NULL,
        .rows = BLOCK,
        .groups = l->inputs / l->depth, .depth = l->depth, .weights = l->codes + first * l->inputs,
        .panel_stride = l->inputs * 16, .panels = outputs / 16, .scales = l->scales + first, .sums = l->sums + first,
        .sums_group_stride = l->outputs, .bias = l->bias + first, .c = c, .c_stride = c_stride, .accumulate = add,
        .gelu = gelu,
    };
    set->u8s8_gemm(&product);
}

static layer conv1, conv2, query[LAYERS], key[LAYERS], value[LAYERS], out[LAYERS], expand[LAYERS], contract[LAYERS];
static layer pool;
static float *features, *residual, *mixed, *projected, *floats, *hidden, *positions, *tokens;
static float *weight, *bias, *none;
static uint8_t *frame_codes, *codes, *hidden_codes, *query_codes;
static float *frame_scales, *scales, *hidden_scales, *query_scales, *key_scales, *value_scales, *centres;
static int32_t *key_sums, *value_sums;
static int8_t *keys, *values;

// MARK: The network

static rows normalise(const float *x, float *y, int narrow) {
    enter(NORM);
    set->u8_layer_norm(x, BLOCK, WIDTH / NORM_GROUP, NORM_GROUP, weight, bias, 1e-5f, narrow, y, codes, scales);
    return (rows){codes, WIDTH, NORM_GROUP, scales, 1, BLOCK, 1};
}

static void project(int index, size_t start) {
    rows normed = normalise(residual + start * WIDTH, floats, 0);
    enter(QKV);
    apply(&query[index], normed, 0, WIDTH, hidden, WIDTH, 0, 0);
    apply(&key[index], normed, 0, WIDTH, projected + start * 2 * WIDTH, 2 * WIDTH, 0, 0);
    apply(&value[index], normed, 0, WIDTH, projected + start * 2 * WIDTH + WIDTH, 2 * WIDTH, 0, 0);
    enter(QUANTISING);
    set->u8_quantise(hidden, WIDTH, BLOCK, HEADS, HEAD, query_codes + start * WIDTH, WIDTH,
                     query_scales + start * HEADS);
}

static void stem(void) {
    for (size_t start = 0; start < 2 * TOKENS; start += BLOCK) {
        enter(OTHER);
        size_t first = start ? start - 1 : 0, last = start + BLOCK < 2 * TOKENS ? start + BLOCK + 1 : 2 * TOKENS;
        for (size_t time = first; time < last; time++)
            for (size_t mel = 0; mel < MELS; mel++)
                floats[(time - first) * MELS + mel] = features[mel * 2 * TOKENS + time];
        enter(QUANTISING);
        set->u8_quantise(floats, MELS, last - first, 1, MELS, codes, MELS, scales);
        enter(CONV1);
        apply(&conv1, (rows){codes, MELS, MELS, scales, 1, 1, 1}, 0, WIDTH, hidden, WIDTH, 0, 1);
        enter(QUANTISING);
        set->u8_quantise_gelu(hidden, WIDTH, BLOCK, 1, WIDTH, 0, frame_codes + (start + 1) * WIDTH, WIDTH,
                              frame_scales + start + 1);
    }
    for (size_t start = 0; start < TOKENS; start += BLOCK) {
        enter(CONV2);
        rows taps = {frame_codes + 2 * start * WIDTH, 2 * WIDTH, WIDTH, frame_scales + 2 * start, 2, 1, 0};
        apply(&conv2, taps, 0, WIDTH, residual + start * WIDTH, WIDTH, 0, 1);
        enter(OTHER);
        for (size_t i = start * WIDTH; i < (start + BLOCK) * WIDTH; i++) residual[i] += positions[i];
        project(0, start);
    }
}

static void attend(size_t head) {
    const float *k = projected + head * HEAD, *v = k + WIDTH;
    enter(PACKING);
    set->s8_pack_rows(k, 2 * WIDTH, TOKENS, HEAD, keys, key_scales, key_sums);
    set->s8_pack_columns(v, 2 * WIDTH, TOKENS, HEAD, values, value_scales, value_sums, centres);
    for (size_t start = 0; start < TOKENS; start += BLOCK) {
        enter(SCORES);
        turn_u8s8_product scores = {
            .a = query_codes + start * WIDTH + head * HEAD, .a_stride = WIDTH,
            .centred = 1, .rows = BLOCK,
            .groups = 1, .depth = HEAD, .weights = keys, .panel_stride = HEAD * 16, .panels = TOKENS / 16,
            .scales = key_scales,
            .sums = key_sums, .bias = none, .c = hidden, .c_stride = TOKENS,
        };
        set->u8s8_gemm(&scores);
        enter(SOFTMAX);
        set->u8_softmax(hidden, BLOCK, TOKENS, 0.125f, query_scales + start * HEADS + head * BLOCK, codes, scales);
        enter(MIXTURE);
        turn_u8s8_product mixture = {
            .a = codes, .a_stride = TOKENS, .a_scales = scales, .a_scales_stride = 1, .rows = BLOCK, .groups = 1,
            .depth = TOKENS, .weights = values, .panel_stride = TOKENS * 16, .panels = HEAD / 16,
            .scales = value_scales, .sums = value_sums, .bias = centres,
            .c = mixed + start * WIDTH + head * HEAD, .c_stride = WIDTH, .sparse = 1,
        };
        set->u8s8_gemm(&mixture);
    }
}

static void feed_forward(int index, size_t start) {
    float *x = residual + start * WIDTH;
    enter(QUANTISING);
    set->u8_quantise(mixed + start * WIDTH, WIDTH, BLOCK, WIDTH / MIXED_GROUP, MIXED_GROUP, codes, WIDTH,
                     scales);
    enter(OUT);
    apply(&out[index], (rows){codes, WIDTH, MIXED_GROUP, scales, 1, BLOCK, 1}, 0, WIDTH, x, WIDTH, 1, 0);
    rows normed = normalise(x, floats, 1);
    for (size_t from = 0; from < HIDDEN; from += WIDTH) {
        enter(EXPAND);
        apply(&expand[index], normed, from, WIDTH, hidden, WIDTH, 0, 1);
        enter(QUANTISING);
        set->u8_quantise_gelu(hidden, WIDTH, BLOCK, WIDTH / HIDDEN_GROUP, HIDDEN_GROUP, 1, hidden_codes + from, HIDDEN,
                              hidden_scales + from / HIDDEN_GROUP * BLOCK);
    }
    enter(CONTRACT);
    rows inside = {hidden_codes, HIDDEN, HIDDEN_GROUP, hidden_scales, 1, BLOCK, 0};
    apply(&contract[index], inside, 0, WIDTH, x, WIDTH, 1, 0);
}

static void network(void) {
    stem();
    for (int index = 0; index < LAYERS; index++) {
        for (size_t head = 0; head < HEADS; head++) attend(head);
        for (size_t start = 0; start < TOKENS; start += BLOCK) {
            feed_forward(index, start);
            if (index + 1 < LAYERS) {
                project(index + 1, start);
                continue;
            }
            rows normed = normalise(residual + start * WIDTH, mixed + start * WIDTH, 0);
            enter(POOLING);
            apply(&pool, normed, 0, POOL, tokens + start * POOL, POOL, 0, 0);
            set->f32_tanh(tokens + start * POOL, BLOCK * POOL);
        }
    }
    enter(OTHER);
}

static void prepare(void) {
    conv1 = make(3 * MELS, WIDTH, MELS), conv2 = make(3 * WIDTH, WIDTH, WIDTH), pool = make(WIDTH, POOL, NORM_GROUP);
    for (int i = 0; i < LAYERS; i++) {
        query[i] = make(WIDTH, WIDTH, NORM_GROUP), key[i] = make(WIDTH, WIDTH, NORM_GROUP);
        value[i] = make(WIDTH, WIDTH, NORM_GROUP), out[i] = make(WIDTH, WIDTH, MIXED_GROUP);
        expand[i] = make(WIDTH, HIDDEN, NORM_GROUP), contract[i] = make(HIDDEN, WIDTH, HIDDEN_GROUP);
        expand[i].pairs = zeros(HIDDEN * WIDTH / NORM_GROUP * 4);
        contract[i].pairs = zeros(WIDTH * HIDDEN / HIDDEN_GROUP * 4);
    }
    features = noise(MELS * 2 * TOKENS), positions = noise(TOKENS * WIDTH), weight = noise(WIDTH), bias = noise(WIDTH);
    residual = noise(TOKENS * WIDTH), mixed = noise(TOKENS * WIDTH), projected = noise(TOKENS * 2 * WIDTH);
    floats = noise((BLOCK + 2) * WIDTH), hidden = noise(BLOCK * TOKENS), tokens = noise(TOKENS * POOL);
    key_scales = zeros(TOKENS * 4), key_sums = zeros(TOKENS * 4), none = zeros(TOKENS * 4);
    value_scales = zeros(HEAD * 4), value_sums = zeros(HEAD * 4), centres = zeros(HEAD * 4);
    frame_codes = zeros((2 * TOKENS + 2) * WIDTH), codes = zeros((BLOCK + 2) * TOKENS);
    hidden_codes = zeros(BLOCK * HIDDEN), query_codes = zeros(TOKENS * WIDTH), keys = zeros(TOKENS * HEAD);
    values = zeros(TOKENS * HEAD);
    frame_scales = zeros((2 * TOKENS + 2) * 4), scales = zeros(WIDTH / NORM_GROUP * (BLOCK + 2) * 4);
    hidden_scales = zeros(HIDDEN / HIDDEN_GROUP * BLOCK * 4), query_scales = zeros(TOKENS * HEADS * 4);
}

// MARK: The peak

#if defined(__x86_64__)
enum { SUMS = 24 };

__attribute__((target("avx512f,avx512vnni"), noinline)) static double peak_avx512vnni(long steps) {
    __m512i s[SUMS], a = _mm512_set1_epi32((int)steps), b = _mm512_set1_epi32((int)steps + 1);
    for (int i = 0; i < SUMS; i++) s[i] = _mm512_set1_epi32(i);
    for (long k = 0; k < steps; k++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; i++) __asm__ volatile("vpdpbusd %1, %2, %0" : "+v"(s[i]) : "v"(a), "v"(b));
    }
    return (double)steps * SUMS * 64;
}

__attribute__((target("avx2"), noinline)) static double peak_avx2(long steps) {
    __m256i s[SUMS / 2], a = _mm256_set1_epi32((int)steps), b = _mm256_set1_epi32((int)steps + 1), product;
    for (int i = 0; i < SUMS / 2; i++) s[i] = _mm256_set1_epi32(i);
    for (long k = 0; k < steps; k++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS / 2; i++)
            __asm__ volatile("vpmaddwd %2, %3, %1\n\tvpaddd %1, %0, %0" : "+x"(s[i]), "=&x"(product) : "x"(a), "x"(b));
    }
    return (double)steps * SUMS / 2 * 16;
}
#endif

/// Multiply-adds a second of the set's product instruction, operands in registers; 0 where it is not measured.
static double peak(void) {
    double best = 0;
#if defined(__x86_64__)
    double (*run)(long) = NULL;
    if (strcmp(set->name, "avx512vnni") == 0) run = peak_avx512vnni;
    if (strcmp(set->name, "avx2") == 0) run = peak_avx2;
    for (int i = 0; run && i < 300; i++) {  // short, so that some are undisturbed
        double start = now(), products = run(30000), rate = products / (now() - start);
        best = rate > best ? rate : best;
    }
#endif
    return best;
}

int main(int count, char **arguments) {
    set = count > 1 ? turn_kernels_named(arguments[1]) : turn_kernels_best();
    int runs = count > 2 ? atoi(arguments[2]) : 40;
    if (!set || runs < 1) {
        fprintf(stderr, "profile: no such kernels on this processor, or no runs; profile [kernels] [runs]\n");
        return 1;
    }
    prepare();
    double least[COUNT], whole = 1e9, sum = 0, products = 0, limit = peak();
    for (int i = 0; i < COUNT; i++) least[i] = 1e9;
    for (int run = 0; run < runs; run++) {
        memset(spent, 0, sizeof(spent));
        double start = since = now();
        network();
        whole = now() - start < whole ? now() - start : whole;
        for (int i = 0; i < COUNT; i++) least[i] = spent[i] < least[i] ? spent[i] : least[i];
    }
    for (int i = 0; i < COUNT; i++) sum += least[i], products += parts[i].products;
    printf("%s, one thread, least of %d runs\n", set->name, runs);
    for (int i = COUNT - 1; i >= 0; i--) {
        printf("%-28s%7.2f ms %5.1f %%", parts[i].name, least[i] * 1e3, 100 * least[i] / sum);
        if (parts[i].products > 0) printf("  %6.1f G/s", parts[i].products / least[i] * 1e-9);
        if (parts[i].products > 0 && limit > 0)
            printf(" %4.0f %% of the peak", 100 * parts[i].products / least[i] / limit);
        printf("\n");
    }
    printf("all parts %.2f ms, a whole run %.2f ms", sum * 1e3, whole * 1e3);
    if (limit > 0)
        printf("; the peak is %.1f G/s: products alone would take %.2f ms, %.0f %% of the parts", limit * 1e-9,
               products / limit * 1e3, 100 * products / limit / sum);
    printf("\n");
    return 0;
}
