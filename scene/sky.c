/* SPDX-License-Identifier: Apache-2.0 */
/* The evening sky. */
#include "scene/sky.h"

#include "scene/noise.h"

static const struct vec zenith = {0.07, 0.13, 0.30};
static const struct vec middle = {0.26, 0.24, 0.36};
static const struct vec horizon = {0.85, 0.36, 0.15};
static const struct vec glow = {1.8, 0.68, 0.14};
static const struct vec disc = {30, 19, 8};
static const struct vec cloud_shade = {0.13, 0.11, 0.17};
static const struct vec cloud_lit = {1.15, 0.44, 0.22};

struct vec sky_sun(void)
{
    return vec_unit((struct vec){0.16, 0.062, 1});
}

struct vec sky_haze(struct vec direction)
{
    double up = clamp(direction.y, 0, 1);
    struct vec light = vec_mix(horizon, middle, smooth(0, 0.22, up));
    light = vec_mix(light, zenith, smooth(0.12, 0.75, up));

    double towards_sun = clamp(vec_dot(direction, sky_sun()), 0, 1);
    double low = exp(-4 * up);
    light = vec_add(light, vec_scale(glow, 0.35 * low * pow(towards_sun, 12)));
    return vec_add(light, vec_scale(glow, 0.9 * pow(towards_sun, 180)));
}

/* How thick the cloud is that a direction meets on a layer far above: 0…1. */
static double cloud(double x, double y, int octaves)
{
    double bend = noise_octaves(0.35 * x + 3.1, 0.35 * y, 3);
    double thick = noise_octaves(0.55 * x + bend, 1.05 * y + 0.6 * bend, octaves);
    return smooth(-0.02, 0.42, thick + 0.05);
}

static struct vec add_clouds(struct vec light, struct vec direction, int octaves)
{
    double far = 1.1 / (direction.y + 0.06);
    double x = direction.x * far, y = direction.z * far;
    double here = cloud(x, y, octaves);
    /* light comes in low from the sun's side: the less cloud there, the brighter this one */
    double sunward = cloud(x + 0.10, y + 0.35, octaves);
    double lit = clamp(0.55 + 1.3 * (here - sunward), 0, 1);
    double towards_sun = clamp(vec_dot(direction, sky_sun()), 0, 1);
    struct vec bright = vec_scale(cloud_lit, 0.55 + 0.75 * pow(towards_sun, 6));
    struct vec colour = vec_mix(cloud_shade, bright, lit);
    double cover = here * smooth(0.0, 0.10, direction.y) * 0.92;
    return vec_mix(light, colour, cover);
}

struct vec sky_light(struct vec direction, int octaves)
{
    struct vec light = sky_haze(direction);
    double towards_sun = vec_dot(direction, sky_sun());
    light = vec_add(light, vec_scale(disc, smooth(0.99984, 0.99992, towards_sun)));
    return add_clouds(light, direction, octaves);
}
