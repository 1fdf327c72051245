/* SPDX-License-Identifier: Apache-2.0 */
/* The evening sky: the light that comes from a direction above the horizon. */
#ifndef SCENE_SKY_H
#define SCENE_SKY_H

#include "scene/vector.h"

/* Where the sun stands: unit length. */
struct vec sky_sun(void);

/* direction is of unit length. With clouds, of so many octaves of detail, and the sun's disc. */
struct vec sky_light(struct vec direction, int octaves);

/* Without them: what haze in a direction looks like, and what rough water mirrors. */
struct vec sky_haze(struct vec direction);

#endif
