/* One head a word: how likely it is that the word fits a picture, judged from its features. */
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
void heads_judge(const float features[FEATURES], double probability[HEADS]);

/* The trained numbers (heads_data.c). */
extern const float head_mean[FEATURES], head_inverse_deviation[FEATURES];
extern const float head_bias[HEADS], head_scale[HEADS];
extern const signed char head_weights[HEADS][FEATURES];

#endif
