#ifndef TURN_KERNEL_CHECKS_H
#define TURN_KERNEL_CHECKS_H

#include "turn_kernels.h"

#pragma clang assume_nonnull begin

/// Compares every kernel of `set` with `truth` on sizes around the tiles, odd strides, extremes and random values,
/// into memory that was filled with a pattern before, so that a store too many is seen.
///
/// Integers must be equal; floats may differ by rounding.
///
/// - Parameters:
///   - report: is handed one line for each kernel that differs.
///   - context: is handed on to `report`.
/// - Returns: how many comparisons were made.
size_t turn_check_kernels(const turn_kernels *set, const turn_kernels *truth,
                          void (*report)(void *_Nullable context, const char *line), void *_Nullable context);

/// Compares the functions of one number (exp by way of softmax, GELU, tanh, sigmoid) with the C library's in double
/// over all their range.
size_t turn_check_functions(const turn_kernels *set, void (*report)(void *_Nullable context, const char *line),
                            void *_Nullable context);

#pragma clang assume_nonnull end

#endif
