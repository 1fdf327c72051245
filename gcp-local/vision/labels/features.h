/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that describe a picture: what the network saw, and colours, each by thirds of height. */
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

/* In this order: the means of the fine channels in each band, of the coarse ones, the colours. */
void features_of_picture(const struct network *network, const struct picture *picture,
                         float features[FEATURES]);

/* The last COLOURS of them. */
void colours_of_picture(const struct picture *picture, float colours[COLOURS]);

#endif
