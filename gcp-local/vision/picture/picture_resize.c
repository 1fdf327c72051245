/* SPDX-License-Identifier: Apache-2.0 */
/* Resizes pictures by averaging areas. */
#include "base/str.h"
#include "gcp-local/vision/picture/picture.h"

#include <string.h>

/* The range of old rows or columns that a new one covers. */
struct range {
    double from, to;
};

/* A range narrower than a pixel is widened to one around its centre, which interpolates. */
static struct range cover(unsigned i, unsigned new_count, unsigned old_count)
{
    double step = (double)old_count / new_count;
    struct range range = {i * step, (i + 1) * step};
    if (range.to - range.from >= 1)
        return range;
    double from = (range.from + range.to) / 2 - 0.5;
    if (from < 0)
        from = 0;
    if (from > old_count - 1)
        from = old_count - 1;
    return (struct range){from, from + 1};
}

/* The fraction of an old pixel within the range. */
static float share(struct range range, unsigned pixel)
{
    double from = pixel > range.from ? pixel : range.from;
    double to = pixel + 1 < range.to ? pixel + 1 : range.to;
    return to > from ? (float)(to - from) : 0;
}

/* Sums the old rows that one new row covers. */
static void add_rows(const struct picture *from, struct range rows, float *sum)
{
    size_t values = (size_t)from->width * 3;
    memset(sum, 0, values * sizeof(sum[0]));
    for (unsigned y = (unsigned)rows.from; y < rows.to && y < from->height; y++) {
        const unsigned char *row = from->rgb + y * values;
        float weight = share(rows, y);
        for (size_t i = 0; i < values; i++)
            sum[i] += weight * row[i];
    }
}

/* The mean of the columns that one new pixel covers. */
static void mean_of_columns(const float *sum, unsigned width, struct range columns, double area,
                            unsigned char *rgb)
{
    double total[3] = {0};
    for (unsigned x = (unsigned)columns.from; x < columns.to && x < width; x++)
        for (int c = 0; c < 3; c++)
            total[c] += (double)share(columns, x) * (double)sum[(size_t)x * 3 + (size_t)c];
    for (int c = 0; c < 3; c++) {
        double mean = total[c] / area + 0.5;
        rgb[c] = mean > 255 ? 255 : (unsigned char)mean;
    }
}

void picture_resize(const struct picture *from, unsigned width, unsigned height,
                    struct picture *out)
{
    OWN(free) float *sum = alloc_zeroed((size_t)from->width * 3 * sizeof(*sum));
    *out = (struct picture){width, height, alloc_zeroed((size_t)width * height * 3)};
    unsigned char *to = out->rgb;
    for (unsigned y = 0; y < height; y++) {
        struct range rows = cover(y, height, from->height);
        add_rows(from, rows, sum);
        for (unsigned x = 0; x < width; x++, to += 3) {
            struct range columns = cover(x, width, from->width);
            double area = (rows.to - rows.from) * (columns.to - columns.from);
            mean_of_columns(sum, from->width, columns, area, to);
        }
    }
}
