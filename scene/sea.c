/* SPDX-License-Identifier: Apache-2.0 */
/* The sea: waves that mirror the sky. */
#include "scene/sea.h"

#include "scene/noise.h"
#include "scene/sky.h"

static const struct vec deep = {0.012, 0.056, 0.098};

struct sea sea_of_waves(void)
{
    struct sea sea;
    double length = 12; /* metres */
    for (int i = 0; i < WAVES; i++, length *= 0.86) {
        struct wave *wave = &sea.waves[i];
        double angle = 1.25 + 1.9 * (noise_hash(i, 2, 7) - 0.5);
        wave->length = length * (0.8 + 0.4 * noise_hash(i, 1, 7));
        wave->x = cos(angle) * 2 * M_PI / wave->length;
        wave->z = sin(angle) * 2 * M_PI / wave->length;
        wave->phase = 2 * M_PI * noise_hash(i, 3, 7);
        wave->steep = 0.052 * (1 - 0.4 * i / WAVES);
    }
    return sea;
}

/* The slope of the water at a place. Waves shorter than `smallest` cannot be seen one by one; what
 * they would add is added to rough (a variance). */
static struct vec slope_at(const struct sea *sea, double x, double z, double smallest,
                           double *rough)
{
    struct vec slope = {0};
    double bend = 0.6 * noise(0.05 * x, 0.05 * z); /* crests are not straight for long */
    for (int i = 0; i < WAVES; i++) {
        const struct wave *wave = &sea->waves[i];
        double seen = smooth(0.5 * smallest, 2 * smallest, wave->length);
        *rough += wave->steep * wave->steep * (1 - seen) / 2;
        if (seen <= 0)
            continue;
        double at = wave->x * x + wave->z * z + wave->phase + 2 * bend;
        double tilt = wave->steep * cos(at) * seen * wave->length / (2 * M_PI);
        slope.x += tilt * wave->x;
        slope.z += tilt * wave->z;
    }
    return slope;
}

/* The share of light that water mirrors (Schlick's approximation). */
static double mirrored(double cosine)
{
    return 0.02 + 0.98 * pow(1 - clamp(cosine, 0, 1), 5);
}

/* The glitter of waves too small to be seen: how many of them mirror the sun just here. */
static double glitter(struct vec direction, struct vec normal, double rough)
{
    struct vec half = vec_unit(vec_add(sky_sun(), vec_scale(direction, -1)));
    double off_x = half.x / half.y - normal.x / normal.y;
    double off_z = half.z / half.y - normal.z / normal.y;
    double wide = rough + 0.0012;
    return exp(-(off_x * off_x + off_z * off_z) / (2 * wide)) / (wide * 400);
}

struct vec sea_light(const struct sea *sea, double height, struct vec direction, double spread)
{
    double distance = height / -direction.y;
    double x = direction.x * distance, z = direction.z * distance;
    double footprint = distance * spread / sqrt(-direction.y + 0.002);
    double rough = 0;
    struct vec slope = slope_at(sea, x, z, footprint, &rough);
    struct vec normal = vec_unit((struct vec){-slope.x, 1, -slope.z});

    double facing = -vec_dot(direction, normal);
    struct vec mirror = vec_add(direction, vec_scale(normal, 2 * facing));
    mirror.y = fabs(mirror.y) + 0.6 * sqrt(rough); /* rough water mirrors what is higher up */
    mirror = vec_unit(mirror);
    double share = mirrored(facing + 0.5 * sqrt(rough));
    struct vec light = vec_add(vec_scale(sky_light(mirror, 3), share), vec_scale(deep, 1 - share));
    struct vec sun = vec_scale((struct vec){9, 5, 1.9}, glitter(direction, normal, rough));
    return vec_add(light, vec_scale(sun, share));
}
