#ifndef TURN_KERNELS_H
#define TURN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/// y[n] = sum over k of a[k] * b[k], `count` elements.
float turn_f32_dot__scalar(const float *a, const float *b, size_t count);

#endif
