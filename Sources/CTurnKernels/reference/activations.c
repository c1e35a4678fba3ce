#include "turn_kernels.h"

#include <math.h>

void turn_f32_layer_norm(const float *x, size_t rows, size_t width, const float *weight, const float *bias,
                         float epsilon, float *y) {
    for (size_t r = 0; r < rows; r++) {
        const float *from = x + r * width;
        float *to = y + r * width;
        double sum = 0, squares = 0;
        for (size_t i = 0; i < width; i++) sum += from[i];
        double mean = sum / (double)width;
        for (size_t i = 0; i < width; i++) {
            double d = from[i] - mean;
            squares += d * d;
        }
        double inverse = 1 / sqrt(squares / (double)width + epsilon);
        for (size_t i = 0; i < width; i++)
            to[i] = (float)((from[i] - mean) * inverse) * weight[i] + bias[i];
    }
}

void turn_f32_gelu(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = 0.5f * x[i] * (1 + erff(x[i] * 0.70710678f));
}

void turn_f32_softmax(float *x, size_t rows, size_t width, float scale) {
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * width;
        float max = row[0];
        for (size_t i = 1; i < width; i++) max = row[i] > max ? row[i] : max;
        float sum = 0;
        for (size_t i = 0; i < width; i++) {
            row[i] = expf(scale * (row[i] - max));
            sum += row[i];
        }
        float inverse = 1 / sum;
        for (size_t i = 0; i < width; i++) row[i] *= inverse;
    }
}
