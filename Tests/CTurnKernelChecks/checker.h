#ifndef CHECKER_H
#define CHECKER_H

// What the checks share: random values, poisoned memory, comparisons.

#include "turn_kernel_checks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define W TURN_PANEL_WIDTH

typedef struct {
    const turn_kernels *set;
    const turn_kernels *truth;
    void (*report)(void *context, const char *line);
    void *context;
    size_t count;
    uint64_t state;
} checker;

static inline uint32_t next(checker *t) {
    t->state = t->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(t->state >> 33);
}

static inline float uniform(checker *t, float low, float high) {
    return low + (high - low) * ((float)(next(t) & 0xffffff) / 16777216.0f);
}

static inline float *floats(checker *t, size_t count, float reach) {
    float *x = malloc(count * sizeof(float) + 64);
    for (size_t i = 0; i < count; i++) x[i] = uniform(t, -reach, reach);
    return x;
}

enum { POISON = 0x7b };

static inline void *poisoned(size_t size) {
    void *memory = malloc(size + 64);
    memset(memory, POISON, size + 64);
    return memory;
}

static inline void fail(checker *t, const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    t->report(t->context, line);
}

/// Memory of both sets, poison included, to the last bit.
static inline void same(checker *t, const char *what, size_t a, size_t b, const void *x, const void *y, size_t size) {
    t->count++;
    for (size_t i = 0; i < size + 64; i++)
        if (((const uint8_t *)x)[i] != ((const uint8_t *)y)[i]) {
            fail(t, "%s %s: byte %zu of %zu differs (sizes %zu, %zu)", t->set->name, what, i, size, a, b);
            return;
        }
}

/// Floats within `relative` of each other or `absolute`; poison behind them to the last bit.
static inline void close_to(checker *t, const char *what, size_t a, size_t b, const float *x, const float *y,
                     size_t count, float relative, float absolute) {
    t->count++;
    for (size_t i = 0; i < count; i++) {
        float d = fabsf(x[i] - y[i]);
        if (!(d <= absolute + relative * fabsf(y[i]))) {
            fail(t, "%s %s: value %zu is %.9g, not %.9g (sizes %zu, %zu)", t->set->name, what, i, (double)x[i],
                 (double)y[i], a, b);
            return;
        }
    }
    if (memcmp(x + count, y + count, 64)) fail(t, "%s %s: wrote too much (sizes %zu, %zu)", t->set->name, what, a, b);
}

#endif
