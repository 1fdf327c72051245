/* SPDX-License-Identifier: Apache-2.0 */
/* The sea: the light that comes from a direction below the horizon. */
#ifndef SCENE_SEA_H
#define SCENE_SEA_H

#include "scene/vector.h"

/* A wave that runs in a direction. */
struct wave {
    double x, z;  /* radians a metre */
    double phase; /* radians */
    double length;
    double steep; /* its greatest slope */
};

enum { WAVES = 40 };

struct sea {
    struct wave waves[WAVES];
};

struct sea sea_of_waves(void);

/* height is the eye's above the water, in metres; direction is of unit length and points down;
 * spread is the angle that one pixel covers. */
struct vec sea_light(const struct sea *sea, double height, struct vec direction, double spread);

#endif
