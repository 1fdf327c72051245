/* SPDX-License-Identifier: Apache-2.0 */
/* Noise that is the same in every run. */
#include "scene/noise.h"

#include <math.h>

double noise_hash(int32_t x, int32_t y, int32_t salt)
{
    uint32_t bits =
        (uint32_t)x * 0x8DA6B343U ^ (uint32_t)y * 0xD8163841U ^ (uint32_t)salt * 0xCB1AB31FU;
    bits = (bits ^ bits >> 15) * 0x2C1B3C6DU;
    bits = (bits ^ bits >> 12) * 0x297A2D39U;
    bits ^= bits >> 15;
    return bits * (1.0 / 4294967296.0);
}

/* What the slope at a corner of the grid adds at a distance from it. The slopes look one of sixteen
 * ways. */
static double slope(int32_t x, int32_t y, double dx, double dy)
{
    static const double cosines[16] = {1,  0.924,  0.707,  0.383,  0, -0.383, -0.707, -0.924,
                                       -1, -0.924, -0.707, -0.383, 0, 0.383,  0.707,  0.924};
    unsigned way = (unsigned)(16 * noise_hash(x, y, 0));
    return cosines[way] * dx + cosines[(way + 12) % 16] * dy;
}

static double fade(double t)
{
    return t * t * t * (t * (t * 6 - 15) + 10);
}

double noise(double x, double y)
{
    double left = floor(x), top = floor(y);
    double dx = x - left, dy = y - top;
    int32_t column = (int32_t)left, row = (int32_t)top;
    double above = slope(column, row, dx, dy);
    above += fade(dx) * (slope(column + 1, row, dx - 1, dy) - above);
    double below = slope(column, row + 1, dx, dy - 1);
    below += fade(dx) * (slope(column + 1, row + 1, dx - 1, dy - 1) - below);
    return 1.5 * (above + fade(dy) * (below - above));
}

double noise_octaves(double x, double y, int octaves)
{
    double sum = 0, height = 0.5;
    for (int i = 0; i < octaves; i++, height /= 2) {
        sum += height * noise(x, y);
        double turned = 1.6 * x - 1.2 * y + 17.3; /* turned, so that no grid shows */
        y = 1.2 * x + 1.6 * y - 5.1;
        x = turned;
    }
    return sum;
}
