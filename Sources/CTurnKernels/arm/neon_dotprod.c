// NEON with the dot product of signed codes (ARMv8.2, FEAT_DotProd): a row's codes less 128.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "../internal.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define LANES 4
#define GEMM_ROWS 6
#define KERNEL(name) name##__neon_dotprod
#include "../simd/vector_body.h"
#include "../simd/rows_body.h"
#include "../simd/products_body.h"
#include "../simd/spectrum_body.h"

#define CODES int8x16_t
#define LOAD(pointer) vreinterpretq_s8_u8(veorq_u8(vld1q_u8(pointer), vdupq_n_u8(128)))
#define DOT(sums, codes, x, lane) vdotq_laneq_s32(sums, codes, x, lane)
#define CODE_SHIFT 128
#include "dot_body.h"

DEFINE_KERNELS(turn_kernels__neon_dotprod, "neon_dotprod", 0, KERNEL(turn_u8s8_gemm))

#pragma clang attribute pop
#endif
