/* SPDX-License-Identifier: Apache-2.0 */
/* One head for each word: computes from a picture's features the probability that the word fits. */
#ifndef GCP_LOCAL_VISION_LABELS_HEADS_H
#define GCP_LOCAL_VISION_LABELS_HEADS_H

#include "gcp-local/vision/labels/features.h"

enum head {
    HEAD_SKY,
    HEAD_CLOUD,
    HEAD_WATER,
    HEAD_SEA,
    HEAD_SUNSET,
    HEAD_NIGHT,
    HEAD_VEGETATION,
    HEAD_GRASS,
    HEAD_MOUNTAIN,
    HEAD_SNOW,
    HEAD_SAND,
    HEAD_BUILDING,
    HEAD_CITY,
    HEAD_PERSON,
    HEAD_FACE,
    HEAD_INDOOR,
    HEAD_TEXT,
    HEAD_ANIMAL,
    HEAD_FOOD,
    HEAD_FLOWER,
    HEAD_ILLUSTRATION,
    HEADS,
};

/* Writes the probability (0…1) of each head. */
void heads_predict(const float features[FEATURES], double probability[HEADS]);

/* The trained numbers (heads_data.c). */
extern const float heads_data_mean[FEATURES], heads_data_inverse_deviation[FEATURES];
extern const float heads_data_bias[HEADS], heads_data_scale[HEADS];
extern const signed char heads_data_weights[HEADS][FEATURES];

#endif
