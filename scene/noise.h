/* SPDX-License-Identifier: Apache-2.0 */
/* Noise that is the same in every run: the stuff of clouds, waves and hills. */
#ifndef SCENE_NOISE_H
#define SCENE_NOISE_H

#include <stdint.h>

/* A number from 0 up to 1 that belongs to three whole numbers. */
double noise_hash(int32_t x, int32_t y, int32_t salt);

/* Smooth noise around -1…1, with hills about one unit wide (Perlin's gradient noise). */
double noise(double x, double y);

/* Octaves of noise, each half as wide and half as high as the last: about -1…1. */
double noise_octaves(double x, double y, int octaves);

#endif
