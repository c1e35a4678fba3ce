#ifndef TURN_KERNELS_H
#define TURN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Outputs in one panel of packed weights.
#define TURN_PANEL_WIDTH 16

/// One panel of a matrix product: c[r][j] (+)= sum over i of a[r][i] * panel[i][j] + bias[j].
///
/// a: `rows` rows of `inputs` values, `a_stride` values apart (rows may overlap, as for a convolution).
/// panel: inputs x 16 values. bias: 16 values. c: `rows` rows, `c_stride` values apart, of which the first
/// `outputs` (1...16) columns are written. With `accumulate` the product is added to what c holds.
/// c may not overlap a or panel.
void turn_f32_gemm_panel(const float *a, size_t a_stride, size_t rows, size_t inputs, const float *panel,
                         const float *bias, float *c, size_t c_stride, size_t outputs, int accumulate);

/// panel[i][j] = codes[i][j] * scales[j], for a panel of inputs x 16.
void turn_f32_dequantise_panel(const int8_t *codes, const float *scales, size_t inputs, float *panel);

/// y[r] = (x[r] - mean) / sqrt(variance + epsilon) * weight + bias over each of `rows` rows of `width` values;
/// population variance, sums in double.
void turn_f32_layer_norm(const float *x, size_t rows, size_t width, const float *weight, const float *bias,
                         float epsilon, float *y);

/// x = 0.5 x (1 + erf(x / sqrt 2)), in place.
void turn_f32_gelu(float *x, size_t count);

/// x[r] = exp(scale * (x[r] - max)) / sum over each of `rows` rows of `width` values, in place.
void turn_f32_softmax(float *x, size_t rows, size_t width, float scale);

#endif
