/* SPDX-License-Identifier: Apache-2.0 */
/* The coast: hills that stand out of the sea, dark against the light. */
#ifndef SCENE_COAST_H
#define SCENE_COAST_H

#include "scene/vector.h"

/* Puts what hides the sky in front of its light. direction is of unit length, above the horizon. */
struct vec coast_light(struct vec behind, struct vec direction);

#endif
