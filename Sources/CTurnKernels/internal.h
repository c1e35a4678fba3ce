#ifndef TURN_INTERNAL_H
#define TURN_INTERNAL_H

#include "turn_kernels.h"

/// What the processor and the operating system both support.
enum {
    TURN_CPU_AVX2 = 1,
    TURN_CPU_AVX_VNNI = 2,
    TURN_CPU_AVX512_VNNI = 4,
    /// Additions of vectors have pipes of their own beside those of products.
    TURN_CPU_FREE_ADDITIONS = 32,
    TURN_CPU_NEON_DOTPROD = 8,
    TURN_CPU_NEON_I8MM = 16,
};

unsigned turn_cpu_features(void);

extern const turn_kernels turn_kernels__scalar;
#if defined(__x86_64__)
extern const turn_kernels turn_kernels__avx2;
extern const turn_kernels turn_kernels__avxvnni;
extern const turn_kernels turn_kernels__avx512vnni;
extern const turn_kernels turn_kernels__avx512vnni_unpaired;
#elif defined(__aarch64__)
extern const turn_kernels turn_kernels__neon;
extern const turn_kernels turn_kernels__neon_dotprod;
extern const turn_kernels turn_kernels__neon_i8mm;
#endif

#endif
