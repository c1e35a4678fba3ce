#ifndef TURN_KERNELS_H
#define TURN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Kernels for the networks of this package, one set for each instruction set (ISA). The scalar set is the
// truth: every other one gives the same bits in all that the 8-bit path is made of, and floats that differ by
// rounding only in float32 products, softmax and the sigmoid. All functions may be called from many threads at
// once; none allocates. Outputs never overlap inputs unless "in place".

/// Outputs in one panel of packed weights.
#define TURN_PANEL_WIDTH 16

/// Inputs whose 8-bit weights lie side by side for one output.
#define TURN_DEPTH_GROUP 4

/// The most inputs of a group: no sum of products leaves the 32-bit range, and a sum is exact as float32 up to
/// rounding once.
#define TURN_DEPTH_MAX 512

/// The most inputs of all groups together.
#define TURN_INPUTS_MAX 2048

/// The code that stands for zero among centred codes: value = scale * (code - TURN_CENTRE).
#define TURN_CENTRE 128

/// Narrow codes leave room for additions in a byte: 0...2 x TURN_NARROW_STEPS, the centre at TURN_NARROW_STEPS, and
/// weights of at most TURN_NARROW_WEIGHT.
#define TURN_NARROW_STEPS 52
#define TURN_NARROW_WEIGHT 75

/// What `gelu` of a product never goes below, and what code 0 of its codes stands for: value = scale * code +
/// TURN_GELU_LEAST.
#define TURN_GELU_LEAST (-0.17f)

/// c[r][n] (+)= sum over k of value(a[r][k]) * weight[k][n] + bias[n], then GELU (to 1.1e-4) if `gelu`.
///
/// Inputs come in groups of `depth`, each with a scale of its own for each row: value(a[r][k]) = scale_gr * a[r][k], or
/// scale_gr * (a[r][k] - TURN_CENTRE) if `centred` (TURN_NARROW_STEPS is the centre if `narrow`). weight[k][n] =
/// scales[n] * code[k][n], codes -127...127. Codes are packed in panels of 16 outputs: panel p holds, for each 4 inputs
/// of the first group and then of the others, 16 outputs x 4 codes. Products and their sum over a group are exact
/// integers: no kernel may use an instruction that saturates on 255 x 127.
typedef struct {
    const uint8_t *a;
    /// Codes from one row of a to the next; rows may overlap.
    size_t a_stride;
    /// Codes from one group of a row to the next.
    size_t a_group_stride;
    /// Null for one group that is not narrow: all are one.
    const float *_Nullable a_scales;
    /// From one row's entry of a_scales to the next row's.
    size_t a_scales_stride;
    /// From one group's entry of a_scales to the next group's.
    size_t a_scales_group_stride;
    /// Whether codes of a count from their centre; else from 0.
    int centred;
    /// Whether codes and weights are narrow. Then `depth` is a multiple of 8.
    int narrow;
    size_t rows;
    size_t groups;
    /// Inputs of a group: a multiple of 4, at most TURN_DEPTH_MAX, and TURN_INPUTS_MAX in all groups.
    size_t depth;
    const int8_t *weights;
    /// Codes from one panel to the next.
    size_t panel_stride;
    size_t panels;
    /// 16 values a panel.
    const float *scales;
    /// For each group the sum over its inputs of code[k][n], 16 values a panel. Not read if narrow by a set that
    /// `pairs`.
    const int32_t *_Nullable sums;
    /// For each group the starts of turn_s8_sum_pairs, laid out like `sums`. Read only if narrow, by a set that
    /// `pairs`.
    const int32_t *_Nullable pairs;
    /// Values from one group's sums to the next.
    size_t sums_group_stride;
    const float *bias;
    float *c;
    size_t c_stride;
    int accumulate;
    int gelu;
    /// Many codes of a are 0, and not centred: it may pay to look for inputs that are 0 in neighbouring rows.
    int sparse;
} turn_u8s8_product;

/// A Fourier transform of real frames.
typedef struct {
    /// Samples of a frame: 400 or 256.
    size_t size;
    /// What each sample is multiplied by.
    const double *window;
    /// cos, sin of -2 pi k / size, k = 0 ..< size.
    const double *turns;
} turn_transform;

/// Filters over the bins of a spectrum.
typedef struct {
    size_t count;
    const size_t *first_bins;
    const size_t *bin_counts;
    /// Of all filters, one after the other.
    const double *weights;
} turn_mel_bank;

/// One instruction set's kernels.
typedef struct {
    /// As `turn_kernels_named` takes it.
    const char *name;

    /// Whether it makes narrow products in pairs, for which it needs `pairs` and no `sums`.
    int pairs;

    /// One panel of a float32 product: c[r][j] (+)= sum over i of a[r][i] * panel[i][j] + bias[j].
    ///
    /// a: `rows` rows of `inputs` values, `a_stride` values apart (rows may overlap, as for a convolution).
    /// panel: inputs x 16 values. bias: 16 values. c: `rows` rows, `c_stride` values apart, of which the first
    /// `outputs` (1...16) columns are written. With `accumulate` the product is added to what c holds.
    void (*f32_gemm_panel)(const float *a, size_t a_stride, size_t rows, size_t inputs, const float *panel,
                           const float *bias, float *c, size_t c_stride, size_t outputs, int accumulate);

    /// panel[i][j] = codes * scales[j]: a panel of `inputs` x 16 floats from a packed 8-bit one.
    void (*f32_dequantise_panel)(const int8_t *codes, const float *scales, size_t inputs, float *panel);

    /// y[r] = (x[r] - mean) / sqrt(variance + epsilon) * weight + bias over each of `rows` rows of `width`
    /// values, a multiple of 16; population variance.
    void (*f32_layer_norm)(const float *x, size_t rows, size_t width, const float *weight, const float *bias,
                           float epsilon, float *y);

    /// x = 0.5 x (1 + erf(x / sqrt 2)), in place.
    void (*f32_gelu)(float *x, size_t count);

    /// x = tanh(x), in place.
    void (*f32_tanh)(float *x, size_t count);

    /// x = 1 / (1 + exp(-x)), in place.
    void (*f32_sigmoid)(float *x, size_t count);

    /// x[r] = exp(scale * (x[r] - max)) / sum over each of `rows` rows of `width` values, in place; scale > 0.
    void (*f32_softmax)(float *x, size_t rows, size_t width, float scale);

    /// Centred codes 1...255 of each group of a row, the value farthest from zero 127 from the centre;
    /// scales[g * rows + r] is that of group g of row r.
    ///
    /// x: `rows` rows of `groups` x `width` values (a multiple of 16), `x_stride` apart. codes: rows `codes_stride`
    /// apart.
    void (*u8_quantise)(const float *x, size_t x_stride, size_t rows, size_t groups, size_t width, uint8_t *codes,
                        size_t codes_stride, float *scales);

    /// Codes 0...255, or 0...2 x TURN_NARROW_STEPS if `narrow`, from TURN_GELU_LEAST, which no value is below, to the
    /// greatest of each group; else as u8_quantise.
    void (*u8_quantise_gelu)(const float *x, size_t x_stride, size_t rows, size_t groups, size_t width, int narrow,
                             uint8_t *codes, size_t codes_stride, float *scales);

    /// f32_layer_norm of rows of `groups` x `width` values (a multiple of 16), and u8_quantise of what it gives; if
    /// `narrow` the value farthest from zero is TURN_NARROW_STEPS from the centre.
    ///
    /// y: the normalised rows.
    void (*u8_layer_norm)(const float *x, size_t rows, size_t groups, size_t width, const float *weight,
                          const float *bias, float epsilon, int narrow, float *y, uint8_t *codes, float *scales);

    /// f32_softmax as codes 0...255 of exp over 1, to 0.02 before rounding; scales[r] = 1 / sum of the row before
    /// rounding. What rounding loses is thus missing from a product with the codes, not spread over the others: it counts
    /// as zero, which is where the values' mean is (s8_pack_columns).
    ///
    /// row_scales: what the values of each row count times, beside `scale`; above zero.
    void (*u8_softmax)(const float *x, size_t rows, size_t width, float scale, const float *row_scales,
                       uint8_t *codes, float *scales);

    /// Rows as weights, for products of queries with keys: output n is row n, input k its value k less the mean of all
    /// rows there.
    ///
    /// x: `outputs` (a multiple of 16) rows of `inputs` (a multiple of 16, at most 128) values. One scale a row. sums
    /// are those of the codes.
    void (*s8_pack_rows)(const float *x, size_t x_stride, size_t outputs, size_t inputs, int8_t *packed,
                         float *scales, int32_t *sums);

    /// Columns as weights, for products of attention with values: input k is row k, output n its column n.
    ///
    /// x: `inputs` (a multiple of 4) rows of `outputs` (a multiple of 16) values. One scale a column, whose
    /// codes stand for the distance from centre[n], its mean.
    void (*s8_pack_columns)(const float *x, size_t x_stride, size_t inputs, size_t outputs, int8_t *packed,
                            float *scales, int32_t *sums, float *centre);

    void (*u8s8_gemm)(const turn_u8s8_product *product);

    /// x = (x - mean) / sqrt(variance + epsilon), in place; sums in numpy's order. count: a multiple of 8.
    void (*f32_normalise)(float *x, size_t count, float epsilon);

    /// power[4 k + f] = |X_k|^2 of frames f = 0...3, which start `hop` samples apart, for k = 0...size / 2.
    ///
    /// scratch: 8 x size values.
    void (*f64_power_spectra)(const turn_transform *transform, const float *samples, size_t hop,
                              double *scratch, double *power);

    /// log_mel[mel * stride + f] = log10(max(1e-10, the filter's sum over frame f of `power`)), f = 0...3;
    /// maximum[f] rises to the largest of them.
    void (*f64_log_mel)(const turn_mel_bank *bank, const double *power, double *log_mel, size_t stride,
                        double *maximum);

    /// features[mel * stride + f] = (max(log_mel[4 mel + f], floor) + 4) / 4, f = 0...3, for `count` mels.
    void (*f32_features)(const double *log_mel, size_t count, double floor, float *features, size_t stride);

    /// magnitudes[f * stride + k] = sqrt(power[4 k + f]), k = 0 ..< bins.
    void (*f32_magnitudes)(const double *power, size_t bins, float *magnitudes, size_t stride);
} turn_kernels;

/// packed: the panels of a layer's weights, in the layout of turn_u8s8_product, zeros where there is no output.
///
/// codes[k * input_step + n * output_step] is the weight of input k (a multiple of 4 of them) for output n. Panels
/// start `panel_stride` codes apart.
void turn_s8_pack_weights(const int8_t *codes, size_t input_step, size_t output_step, size_t inputs,
                          size_t outputs, int8_t *packed, size_t panel_stride);

/// sums[n] = sum over `depth` inputs of code[k][n], 16 values a panel.
void turn_s8_sum_weights(const int8_t *packed, size_t panel_stride, size_t panels, size_t depth, int32_t *sums);

/// Packed weights rounded to narrow ones: of each output whose largest code is above TURN_NARROW_WEIGHT that code
/// becomes TURN_NARROW_WEIGHT, the others follow, and its scale grows.
///
/// codes: panels of `inputs` x 16, one behind the other, changed in place; scales: 16 values a panel.
void turn_s8_narrow_weights(int8_t *codes, size_t panels, size_t inputs, float *scales);

/// What a group's sums of products start at where narrow products are made in pairs, 16 values a panel: less the sum
/// over k of code[k] code[k + 4] + TURN_NARROW_WEIGHT code[k] - TURN_NARROW_STEPS code[k + 4], k = 0...3 of each 8 of
/// `depth` inputs (a multiple of 8), and less TURN_NARROW_STEPS times all codes if `centred`.
void turn_s8_sum_pairs(const int8_t *packed, size_t panel_stride, size_t panels, size_t depth, int centred,
                       int32_t *starts);

/// The fastest set that this processor runs.
const turn_kernels *turn_kernels_best(void);

/// The set of that name; null if there is none or this processor cannot run it.
const turn_kernels *_Nullable turn_kernels_named(const char *name);

/// The name of the set at `index` among all that this build knows, fastest first; null past the end.
const char *_Nullable turn_kernels_name(size_t index);

#pragma clang assume_nonnull end

#endif
