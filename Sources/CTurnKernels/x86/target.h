// Intrinsics of a set that the compiler is not told to use everywhere; or, to prove a set on a processor without
// it, SIMDe's emulation of the same intrinsics.

#if defined(TURN_EMULATED)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#define TURN_TARGET(list)
#define TURN_TARGET_END
#else
#include <immintrin.h>
#define TURN_DO(text) _Pragma(#text)
#define TURN_TARGET(list) TURN_DO(clang attribute push(__attribute__((target(list))), apply_to = function))
#define TURN_TARGET_END TURN_DO(clang attribute pop)
#endif
