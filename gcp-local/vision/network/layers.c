/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a small convolutional network. */
#include "gcp-local/vision/network/layers.h"

#include <assert.h>
#include <string.h>

/* Four floats in one register. */
typedef float four __attribute__((vector_size(16)));

enum {
    LANES = 4,
    PAIR = 2 * LANES, /* channels computed at once */
    POINTS = 6,       /* points computed at once: with a pair each they fill x86-64's registers */
    MAX_CHANNELS = 720,
};

static inline four load(const float *values)
{
    four value;
    memcpy(&value, values, sizeof(value));
    return value;
}

static inline void store(float *values, four value)
{
    memcpy(values, &value, sizeof(value));
}

static inline four all(float value)
{
    return (four){value, value, value, value};
}

static inline float clamp(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

static inline float hard_sigmoid(float value)
{
    return clamp(value + 3, 0, 6) * (1.0F / 6);
}

static void activate(float *values, size_t count, enum activation activation)
{
    if (activation == RELU)
        for (size_t i = 0; i < count; i++)
            values[i] = values[i] > 0 ? values[i] : 0;
    if (activation == HARD_SWISH)
        for (size_t i = 0; i < count; i++)
            values[i] *= hard_sigmoid(values[i]);
}

/* The number of padding points before the first point. */
static unsigned padding(unsigned in, unsigned out, unsigned size, unsigned stride)
{
    unsigned reach = (out - 1) * stride + size;
    return reach > in ? (reach - in) / 2 : 0;
}

/* to += factor * kernel, over the channels of a point. */
static inline void add_scaled(float *to, const float *kernel, float factor, size_t channels)
{
    for (size_t i = 0; i < channels; i += LANES)
        store(to + i, load(to + i) + all(factor) * load(kernel + i));
}

void layers_convolve_picture(const struct picture *in, struct layer layer,
                             enum activation activation, const struct feature_map *out)
{
    enum { SIZE = 3, STRIDE = 2, COLOURS = 3 };
    unsigned above = padding(in->height, out->height, SIZE, STRIDE);
    unsigned left = padding(in->width, out->width, SIZE, STRIDE);
    size_t channels = out->channels;
    float *to = out->values;
    for (unsigned y = 0; y < out->height; y++)
        for (unsigned x = 0; x < out->width; x++, to += channels) {
            memcpy(to, layer.bias, channels * sizeof(*to));
            for (unsigned i = 0; i < SIZE * SIZE; i++) {
                unsigned row = y * STRIDE + i / SIZE - above;
                unsigned column = x * STRIDE + i % SIZE - left;
                if (row >= in->height || column >= in->width) /* or negative: they are unsigned */
                    continue;
                const unsigned char *rgb = in->rgb + ((size_t)row * in->width + column) * COLOURS;
                const float *kernel = layer.kernel + i * COLOURS * channels;
                for (unsigned c = 0; c < COLOURS; c++, kernel += channels)
                    add_scaled(to, kernel, rgb[c], channels);
            }
            activate(to, channels, activation);
        }
}

/* Computes a pair of channels of `points` points; nine tenths of the time are spent here. `points`
 * is a constant wherever this is inlined, and the loops over it are unrolled, so that the sums stay
 * in registers. */
static inline void convolve_tile(const float *in, size_t in_channels, const float *kernel,
                                 const float *bias, size_t channels, float *out, size_t points)
{
    four low[POINTS], high[POINTS];
#pragma GCC unroll 8
    for (size_t p = 0; p < points; p++) {
        low[p] = load(bias);
        high[p] = load(bias + LANES);
    }
    for (size_t i = 0; i < in_channels; i++, kernel += channels) {
        four kernel_low = load(kernel), kernel_high = load(kernel + LANES);
#pragma GCC unroll 8
        for (size_t p = 0; p < points; p++) {
            four value = all(in[p * in_channels + i]);
            low[p] += value * kernel_low;
            high[p] += value * kernel_high;
        }
    }
#pragma GCC unroll 8
    for (size_t p = 0; p < points; p++) {
        store(out + p * channels, low[p]);
        store(out + p * channels + LANES, high[p]);
    }
}

void layers_convolve_pointwise(const struct feature_map *in, struct layer layer,
                               enum activation activation, const struct feature_map *out)
{
    size_t points = feature_map_points(out), channels = out->channels, in_channels = in->channels;
    assert(channels % PAIR == 0);
    for (size_t p = 0; p < points; p += POINTS) {
        const float *from = in->values + p * in_channels;
        float *to = out->values + p * channels;
        size_t count = points - p < POINTS ? points - p : POINTS;
        for (size_t c = 0; c < channels; c += PAIR) {
            const float *kernel = layer.kernel + c, *bias = layer.bias + c;
            if (count == POINTS)
                convolve_tile(from, in_channels, kernel, bias, channels, to + c, POINTS);
            else
                for (size_t i = 0; i < count; i++)
                    convolve_tile(from + i * in_channels, in_channels, kernel, bias, channels,
                                  to + i * channels + c, 1);
        }
        activate(to, count * channels, activation);
    }
}

/* The part of a filter's window that lies within the map, in rows or columns of the filter. `start`
 * is the window's first row or column in the map; negative when it begins outside. */
struct span {
    unsigned from, to;
};

static struct span within(int start, unsigned size, unsigned count)
{
    int left = (int)count - start;
    return (struct span){start < 0 ? (unsigned)-start : 0,
                         left < (int)size ? (unsigned)left : size};
}

/* Computes one point. The sums of a pair of channels stay in registers over the whole window. */
static void filter_point(const struct feature_map *in, int top, int left, unsigned size,
                         struct layer layer, float *to)
{
    size_t channels = in->channels;
    struct span rows = within(top, size, in->height), columns = within(left, size, in->width);
    for (size_t c = 0; c < channels; c += PAIR) {
        four low = load(layer.bias + c), high = load(layer.bias + c + LANES);
        for (unsigned i = rows.from; i < rows.to; i++) {
            size_t row = (size_t)(top + (int)i) * in->width;
            for (unsigned j = columns.from; j < columns.to; j++) {
                const float *from = in->values + (row + (size_t)(left + (int)j)) * channels + c;
                const float *kernel = layer.kernel + (i * size + j) * channels + c;
                low += load(from) * load(kernel);
                high += load(from + LANES) * load(kernel + LANES);
            }
        }
        store(to + c, low);
        store(to + c + LANES, high);
    }
}

void layers_convolve_depthwise(const struct feature_map *in, unsigned size, unsigned stride,
                               struct layer layer, enum activation activation,
                               const struct feature_map *out)
{
    int above = (int)padding(in->height, out->height, size, stride);
    int before = (int)padding(in->width, out->width, size, stride);
    size_t channels = out->channels;
    assert(channels % PAIR == 0 && channels == in->channels);
    float *to = out->values;
    for (unsigned y = 0; y < out->height; y++)
        for (unsigned x = 0; x < out->width; x++, to += channels) {
            filter_point(in, (int)(y * stride) - above, (int)(x * stride) - before, size, layer,
                         to);
            activate(to, channels, activation);
        }
}

void layers_squeeze_excite(const struct feature_map *map, unsigned inner, struct layer squeeze,
                           struct layer excite)
{
    size_t channels = map->channels, points = feature_map_points(map);
    assert(channels <= MAX_CHANNELS && inner <= MAX_CHANNELS);
    float means[MAX_CHANNELS] = {0}, squeezed[MAX_CHANNELS];
    for (size_t p = 0; p < points; p++)
        add_scaled(means, map->values + p * channels, 1.0F / (float)points, channels);

    struct feature_map whole = {1, 1, map->channels, means}, between = {1, 1, inner, squeezed};
    layers_convolve_pointwise(&whole, squeeze, RELU, &between);
    layers_convolve_pointwise(&between, excite, LINEAR, &whole);
    for (size_t c = 0; c < channels; c++)
        means[c] = hard_sigmoid(means[c]);

    for (size_t p = 0; p < points; p++)
        for (size_t c = 0; c < channels; c += LANES) {
            float *values = map->values + p * channels + c;
            store(values, load(values) * load(means + c));
        }
}

void layers_add(const struct feature_map *map, const struct feature_map *other)
{
    size_t count = feature_map_points(map) * map->channels;
    for (size_t i = 0; i < count; i += LANES)
        store(map->values + i, load(map->values + i) + load(other->values + i));
}
