/* SPDX-License-Identifier: Apache-2.0 */
/* A picture of our own: the camera that looks at sky, sea and coast. */
#include "scene/scene.h"

#include "base/str.h"
#include "scene/coast.h"
#include "scene/noise.h"
#include "scene/sea.h"
#include "scene/sky.h"

enum {
    SAMPLES = 2, /* a side: SAMPLES × SAMPLES rays a pixel */
    CLOUD_OCTAVES = 7,
};

static const double eye_height = 5; /* metres above the water */
static const double horizon = 0.52; /* the share of the picture above it */
static const double view = 0.66;    /* tangent of half the angle across */

/* The light that comes from a place in the picture: x to the right of its middle, y above the
 * horizon, both in half widths. */
static struct vec light_at(const struct sea *sea, double x, double y, double spread)
{
    struct vec direction = vec_unit((struct vec){x * view, y * view, 1});
    if (direction.y < -1e-6)
        return sea_light(sea, eye_height, direction, spread);
    direction.y = clamp(direction.y, 1e-6, 1);
    return coast_light(sky_light(direction, CLOUD_OCTAVES), direction);
}

/* Averages rays that are strewn over the pixel. */
static struct vec pixel_light(const struct sea *sea, unsigned column, unsigned row, unsigned width,
                              unsigned height)
{
    double unit = 2.0 / width;
    struct vec sum = {0};
    for (int i = 0; i < SAMPLES * SAMPLES; i++) {
        double right = (i % SAMPLES + noise_hash((int)column, (int)row, 2 * i)) / SAMPLES;
        double down = (i / SAMPLES + noise_hash((int)column, (int)row, 2 * i + 1)) / SAMPLES;
        double x = (column + right) * unit - 1;
        double y = (height * horizon - row - down) * unit;
        struct vec light = light_at(sea, x, y, unit * view);
        light.x = fmin(light.x, 6); /* so that a single spark does not outshine its neighbours */
        light.y = fmin(light.y, 6);
        light.z = fmin(light.z, 6);
        sum = vec_add(sum, light);
    }
    return vec_scale(sum, 1.0 / (SAMPLES * SAMPLES));
}

/* From an amount of light to a byte: what is bright is compressed as film does, then sRGB's curve.
 */
static unsigned char expose(double light)
{
    double film = 1 - exp(-1.15 * light);
    double curve = film <= 0.0031308 ? 12.92 * film : 1.055 * pow(film, 1 / 2.4) - 0.055;
    return (unsigned char)(255 * clamp(curve, 0, 1) + 0.5);
}

unsigned char *scene_render(unsigned width, unsigned height)
{
    struct sea sea = sea_of_waves();
    unsigned char *rgb = alloc_zeroed((size_t)width * height * 3);
    unsigned char *to = rgb;
    for (unsigned row = 0; row < height; row++)
        for (unsigned column = 0; column < width; column++) {
            struct vec light = pixel_light(&sea, column, row, width, height);
            *to++ = expose(light.x);
            *to++ = expose(light.y);
            *to++ = expose(light.z);
        }
    return rgb;
}
