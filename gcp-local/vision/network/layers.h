/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a small convolutional network. */
#ifndef GCP_LOCAL_VISION_NETWORK_LAYERS_H
#define GCP_LOCAL_VISION_NETWORK_LAYERS_H

#include "gcp-local/vision/picture/picture.h"

/* A map of features: points row after row, the channels of a point next to each other. The number
 * of channels must be a multiple of eight. */
struct feature_map {
    unsigned height, width, channels;
    float *values; /* owned by the user of the map */
};

static inline size_t feature_map_points(const struct feature_map *map)
{
    return (size_t)map->height * map->width;
}

/* Applied to each value of a layer's output. */
enum activation { LINEAR, RELU, HARD_SWISH };

/* The parameters of a layer, borrowed: a kernel of [row][column][in][out] (or of
 * [row][column][channel] for a depthwise layer) and one bias for each output channel. */
struct layer {
    const float *kernel, *bias;
};

/* Each writes to `out`, whose size the caller has set, and whose memory is not that of `in`.
 * Borders are padded like TensorFlow's "SAME": the output is as large as the input divided by the
 * stride, rounded up, and values outside of the input are zero. */

/* 3 × 3, stride 2; the input channels are the colours of a picture. */
void layers_convolve_picture(const struct picture *in, struct layer layer,
                             enum activation activation, const struct feature_map *out);

/* 1 × 1: each output point from all channels of one input point. */
void layers_convolve_pointwise(const struct feature_map *in, struct layer layer,
                               enum activation activation, const struct feature_map *out);

/* size × size: each channel separately. */
void layers_convolve_depthwise(const struct feature_map *in, unsigned size, unsigned stride,
                               struct layer layer, enum activation activation,
                               const struct feature_map *out);

/* Squeeze and excite: scales each channel by a number between 0 and 1 that two small layers compute
 * from the means of all channels; `inner` is the number of channels between the two. */
void layers_squeeze_excite(const struct feature_map *map, unsigned inner, struct layer squeeze,
                           struct layer excite);

/* Adds the values of other, which has the same size, to those of map. */
void layers_add(const struct feature_map *map, const struct feature_map *other);

#endif
