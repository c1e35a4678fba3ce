// NEON with the dot product of signed by unsigned codes (ARMv8.6, FEAT_I8MM).
#if defined(__aarch64__)
#include <arm_neon.h>

#include "../internal.h"

#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)

#define LANES 4
#define GEMM_ROWS 6
#define KERNEL(name) name##__neon_i8mm
#include "../simd/vector_body.h"
#include "../simd/rows_body.h"
#include "../simd/products_body.h"
#include "../simd/spectrum_body.h"

#define CODES uint8x16_t
#define LOAD(pointer) vld1q_u8(pointer)
#define DOT(sums, codes, x, lane) vsudotq_laneq_s32(sums, codes, x, lane)
#define CODE_SHIFT 0
#include "dot_body.h"

DEFINE_KERNELS(turn_kernels__neon_i8mm, "neon_i8mm", 0, KERNEL(turn_u8s8_gemm))

#pragma clang attribute pop
#endif
