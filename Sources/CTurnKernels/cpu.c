#include "internal.h"

#if defined(__x86_64__)
#include <cpuid.h>

// Reads the register that tells which vector registers the operating system saves.
static unsigned saved_states(void) {
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

unsigned turn_cpu_features(void) {
    unsigned a, b, c, d, features = 0;
    if (!__get_cpuid(0, &a, &b, &c, &d)) return 0;
    int is_amd = b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    int has_fma = (c >> 12) & 1, has_xsave = (c >> 27) & 1, has_avx = (c >> 28) & 1, has_f16c = (c >> 29) & 1;
    if (!has_xsave || !has_avx) return 0;
    unsigned states = saved_states();
    int saves_ymm = (states & 0x06) == 0x06, saves_zmm = (states & 0xe6) == 0xe6;
    if (!saves_ymm || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    unsigned leaves = a;
    int has_avx2 = (b >> 5) & 1;
    if (!has_avx2 || !has_fma || !has_f16c) return 0;
    features |= TURN_CPU_AVX2;
    int has_512 = ((b >> 16) & 1) && ((b >> 17) & 1) && ((b >> 30) & 1) && ((b >> 31) & 1);  // f, dq, bw, vl
    int has_512_vnni = (c >> 11) & 1;
    // Zen 4 multiplies on two of four vector pipes and adds on all four; Intel's do both on the same two
    if (is_amd) features |= TURN_CPU_FREE_ADDITIONS;
    if (saves_zmm && has_512 && has_512_vnni) features |= TURN_CPU_AVX512_VNNI;
    if (leaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && ((a >> 4) & 1)) features |= TURN_CPU_AVX_VNNI;
    return features;
}

#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>

static int has(const char *name) {
    int value = 0;
    size_t size = sizeof(value);
    return sysctlbyname(name, &value, &size, 0, 0) == 0 && value != 0;
}

unsigned turn_cpu_features(void) {
    return (has("hw.optional.arm.FEAT_DotProd") ? TURN_CPU_NEON_DOTPROD : 0u)
         | (has("hw.optional.arm.FEAT_I8MM") ? TURN_CPU_NEON_I8MM : 0u);
}

#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

unsigned turn_cpu_features(void) {
    unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
    return ((first >> 20) & 1 ? TURN_CPU_NEON_DOTPROD : 0u)   // HWCAP_ASIMDDP
         | ((second >> 13) & 1 ? TURN_CPU_NEON_I8MM : 0u);    // HWCAP2_I8MM
}

#else

unsigned turn_cpu_features(void) { return 0; }

#endif
