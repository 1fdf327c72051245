/* SPDX-License-Identifier: Apache-2.0 */
/* The layers that a small convolutional network is made of. */
#ifndef GCP_LOCAL_VISION_NETWORK_LAYERS_H
#define GCP_LOCAL_VISION_NETWORK_LAYERS_H

#include "gcp-local/vision/picture/picture.h"

/* A map of features: points row after row, the channels of a point next to each other. The layers
 * want the number of channels to be a multiple of eight. */
struct feature_map {
    unsigned height, width, channels;
    float *at; /* whose it is, the user of the map says */
};

static inline size_t feature_map_points(const struct feature_map *map)
{
    return (size_t)map->height * map->width;
}

/* What is done with each value of a layer's output. */
enum activation { LINEAR, RELU, HARD_SWISH };

/* The trained numbers of a layer, borrowed: a kernel of [row][column][in][out] (or of
 * [row][column][channel] when each channel has its own) and one bias for each channel that comes
 * out. */
struct layer {
    const float *kernel, *bias;
};

/* Each writes to `out`, whose size the caller has set, and whose memory is not that of `in`.
 * Borders are as TensorFlow's "SAME" has them: an output is as large as the input divided by the
 * stride, rounded up, and what lies outside counts as zero. */

/* 3 × 3, stride 2, from the three colours of a picture. */
void layers_convolve_picture(const struct picture *in, struct layer layer,
                             enum activation activation, const struct feature_map *out);

/* 1 × 1: every point by itself, all its channels into all those of out. */
void layers_convolve_pointwise(const struct feature_map *in, struct layer layer,
                               enum activation activation, const struct feature_map *out);

/* size × size: every channel by itself. */
void layers_convolve_depthwise(const struct feature_map *in, unsigned size, unsigned stride,
                               struct layer layer, enum activation activation,
                               const struct feature_map *out);

/* Scales each channel by a number between 0 and 1 that two small layers make of the means of all
 * channels; `inner` is how many channels lie between the two ("squeeze and excite"). */
void layers_squeeze_excite(const struct feature_map *map, unsigned inner, struct layer squeeze,
                           struct layer excite);

/* Adds to each value of map that of other, which is of the same size. */
void layers_add(const struct feature_map *map, const struct feature_map *other);

#endif
