/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that describe a picture: the network's output and colours, each by thirds of the height.
 */
#ifndef GCP_LOCAL_VISION_LABELS_FEATURES_H
#define GCP_LOCAL_VISION_LABELS_FEATURES_H

#include "gcp-local/vision/network/network.h"

enum {
    BANDS = 3, /* upper, middle, lower third of a picture */
    HISTOGRAM = 23,
    BAND_STATISTICS = 10,
    PICTURE_STATISTICS = 7,
    COLOURS = (1 + BANDS) * HISTOGRAM + BANDS * BAND_STATISTICS + PICTURE_STATISTICS,
    FEATURES = BANDS * (FINE_CHANNELS + COARSE_CHANNELS) + COLOURS,
};

/* Writes the means of the fine channels in each band, those of the coarse ones, and the colours. */
void features_of_picture(const struct network *network, const struct picture *picture,
                         float features[FEATURES]);

/* Writes the last COLOURS features. */
void colours_of_picture(const struct picture *picture, float colours[COLOURS]);

#endif
