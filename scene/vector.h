/* SPDX-License-Identifier: Apache-2.0 */
/* Three numbers: a direction, a place, or a colour as amounts of light. */
#ifndef SCENE_VECTOR_H
#define SCENE_VECTOR_H

#include <math.h>

struct vec {
    double x, y, z; /* right, up, away from the camera; or red, green, blue */
};

static inline struct vec vec_add(struct vec a, struct vec b)
{
    return (struct vec){a.x + b.x, a.y + b.y, a.z + b.z};
}

static inline struct vec vec_scale(struct vec a, double factor)
{
    return (struct vec){a.x * factor, a.y * factor, a.z * factor};
}

static inline double vec_dot(struct vec a, struct vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline struct vec vec_unit(struct vec a)
{
    return vec_scale(a, 1 / sqrt(vec_dot(a, a)));
}

/* From a (share 0) to b (share 1). */
static inline struct vec vec_mix(struct vec a, struct vec b, double share)
{
    return vec_add(vec_scale(a, 1 - share), vec_scale(b, share));
}

static inline double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* From 0 at `from` to 1 at `to`, without a corner at either. */
static inline double smooth(double from, double to, double value)
{
    double t = clamp((value - from) / (to - from), 0, 1);
    return t * t * (3 - 2 * t);
}

#endif
