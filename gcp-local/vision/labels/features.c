/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that describe a picture: the network's output, averaged over thirds of the height. */
#include "gcp-local/vision/labels/features.h"

#include "base/own.h"

#include <string.h>

/* Writes the means of each channel, band after band; returns the end of what was written. */
static float *band_means(const struct feature_map *map, float *to)
{
    size_t row_len = (size_t)map->width * map->channels;
    memset(to, 0, (size_t)BANDS * map->channels * sizeof(*to));
    unsigned rows[BANDS] = {0};
    for (unsigned y = 0; y < map->height; y++) {
        unsigned band = y * BANDS / map->height;
        rows[band]++;
        const float *row = map->values + y * row_len;
        for (size_t i = 0; i < row_len; i++)
            to[band * map->channels + i % map->channels] += row[i];
    }
    for (unsigned band = 0; band < BANDS; band++)
        for (unsigned c = 0; c < map->channels; c++, to++)
            *to /= (float)(rows[band] ? rows[band] * map->width : 1);
    return to;
}

void features_of_picture(const struct network *network, const struct picture *picture,
                         float features[FEATURES])
{
    OWN(network_output) struct network_output output = {0};
    network_run(network, picture, &output);
    float *to = band_means(&output.fine, features);
    to = band_means(&output.coarse, to);
    colours_of_picture(picture, to);
}
