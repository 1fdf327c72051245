/* SPDX-License-Identifier: Apache-2.0 */
/* The coast: three headlands, one behind the other. */
#include "scene/coast.h"

#include "scene/noise.h"
#include "scene/sky.h"

#include <stddef.h>

/* A headland as it is seen: from where to where, how high, how much haze lies before it. */
static const struct headland {
    double from, to; /* tangents to the right of straight ahead; the first is its high end */
    double high;     /* tangent above the horizon */
    double haze;
    int salt;
} headlands[] = {
    {1.10, 0.30, 0.040, 0.55, 1},
    {-1.20, -0.02, 0.065, 0.36, 2},
    {-0.90, -0.30, 0.130, 0.10, 3},
};

static const struct vec rock = {0.022, 0.018, 0.026};

/* How high the headland stands at a place. */
static double skyline(const struct headland *headland, double right)
{
    double along = (right - headland->to) / (headland->from - headland->to);
    if (along <= 0)
        return 0;
    double rise = smooth(0, 0.75, along);
    double hills = noise_octaves(right * 5 + 40.0 * headland->salt, 3.7 * headland->salt, 6);
    return headland->high * rise * (0.8 + 0.55 * hills) + 0.0015 * smooth(0, 0.02, along);
}

struct vec coast_light(struct vec behind, struct vec direction)
{
    double right = direction.x / direction.z, up = direction.y / direction.z;
    for (size_t i = 0; i < sizeof(headlands) / sizeof(headlands[0]); i++) {
        const struct headland *headland = &headlands[i];
        if (up >= skyline(headland, right))
            continue;
        struct vec haze = sky_haze(vec_unit((struct vec){right, 0.03, 1}));
        double lit = 0.7 + 0.6 * noise_octaves(right * 60, up * 90, 4);
        behind = vec_mix(vec_scale(rock, lit), vec_scale(haze, 0.5), headland->haze);
    }
    return behind;
}
