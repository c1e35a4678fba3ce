#include <string.h>

#include "internal.h"

// Fastest first; scalar last and always there. Two entries of one name are two ways to the same results.
static const struct {
    const turn_kernels *kernels;
    unsigned needs;
} sets[] = {
#if defined(__x86_64__)
    {&turn_kernels__avx512vnni, TURN_CPU_AVX2 | TURN_CPU_AVX512_VNNI | TURN_CPU_FREE_ADDITIONS},
    {&turn_kernels__avx512vnni_unpaired, TURN_CPU_AVX2 | TURN_CPU_AVX512_VNNI},
    {&turn_kernels__avxvnni, TURN_CPU_AVX2 | TURN_CPU_AVX_VNNI},
    {&turn_kernels__avx2, TURN_CPU_AVX2},
#elif defined(__aarch64__)
    {&turn_kernels__neon_i8mm, TURN_CPU_NEON_I8MM | TURN_CPU_NEON_DOTPROD},
    {&turn_kernels__neon_dotprod, TURN_CPU_NEON_DOTPROD},
    {&turn_kernels__neon, 0},
#endif
    {&turn_kernels__scalar, 0},
};

enum { COUNT = sizeof(sets) / sizeof(sets[0]) };

const turn_kernels *turn_kernels_best(void) {
    unsigned features = turn_cpu_features();
    size_t index = 0;
    while (sets[index].needs & ~features) index++;
    return sets[index].kernels;
}

const turn_kernels *turn_kernels_named(const char *name) {
    unsigned features = turn_cpu_features();
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(name, sets[i].kernels->name) == 0 && !(sets[i].needs & ~features)) return sets[i].kernels;
    return NULL;
}

const char *turn_kernels_name(size_t index) {
    for (size_t i = 0; i < COUNT; i++) {
        int is_new = i == 0 || strcmp(sets[i - 1].kernels->name, sets[i].kernels->name) != 0;
        if (is_new && index-- == 0) return sets[i].kernels->name;
    }
    return NULL;
}
