/* SPDX-License-Identifier: Apache-2.0 */
/* Colours, contrast and edges of a picture, by thirds of its height. */
#include "base/str.h"
#include "gcp-local/vision/labels/features.h"

#include <math.h>

/* The picture averaged over squares of 4 × 4 pixels. */
struct cell {
    float r, g, b;   /* 0…255 */
    float y, cb, cr; /* luminance, blue and red difference */
    float max, min;  /* of r, g, b */
};

struct cells {
    unsigned height, width;
    struct cell *list; /* owned */
};

static void own_cells(const struct cells *local)
{
    free(local->list);
}

enum { SQUARE = 4 };

static struct cell cell_of(const struct picture *picture, unsigned column, unsigned row)
{
    float sum[3] = {0};
    for (unsigned i = 0; i < SQUARE * SQUARE; i++) {
        size_t y = (size_t)row * SQUARE + i / SQUARE, x = (size_t)column * SQUARE + i % SQUARE;
        const unsigned char *rgb = picture->rgb + (y * picture->width + x) * 3;
        for (int c = 0; c < 3; c++)
            sum[c] += rgb[c];
    }
    float r = sum[0] / 16, g = sum[1] / 16, b = sum[2] / 16;
    float y = 0.299F * r + 0.587F * g + 0.114F * b;
    return (struct cell){.r = r,
                         .g = g,
                         .b = b,
                         .y = y,
                         .cb = 0.564F * (b - y),
                         .cr = 0.713F * (r - y),
                         .max = fmaxf(r, fmaxf(g, b)),
                         .min = fminf(r, fminf(g, b))};
}

static struct cells cells_of_picture(const struct picture *picture)
{
    struct cells cells = {picture->height / SQUARE, picture->width / SQUARE, NULL};
    cells.list = alloc_zeroed((size_t)cells.height * cells.width * sizeof(*cells.list));
    for (unsigned y = 0; y < cells.height; y++)
        for (unsigned x = 0; x < cells.width; x++)
            cells.list[(size_t)y * cells.width + x] = cell_of(picture, x, y);
    return cells;
}

/* The first row of a band; that of the next band is its end. */
static unsigned first_row(const struct cells *cells, unsigned band)
{
    return (cells->height * band + BANDS - 1) / BANDS;
}

static float saturation(const struct cell *cell)
{
    return cell->max > 0 ? (cell->max - cell->min) / cell->max : 0;
}

/* In degrees, from 0 up to 360. */
static float hue(const struct cell *cell)
{
    float range = cell->max - cell->min;
    if (range <= 0)
        return 0;
    if (cell->max == cell->r)
        return 60 * fmodf((cell->g - cell->b) / range + 6, 6);
    if (cell->max == cell->g)
        return 60 * ((cell->b - cell->r) / range + 2);
    return 60 * ((cell->r - cell->g) / range + 4);
}

/* Twelve hues, six hues of strong colours, five greys. Returns the end of what was written. */
static float *histogram(const struct cells *cells, unsigned from, unsigned end, float *to)
{
    enum { STRONG = 12, GREY = 18, GREYS = 5 };
    unsigned counts[HISTOGRAM] = {0};
    for (size_t i = (size_t)from * cells->width; i < (size_t)end * cells->width; i++) {
        const struct cell *cell = &cells->list[i];
        float bright = cell->max / 255, strong = saturation(cell);
        if (strong > 0.2F && bright > 0.15F) {
            counts[(int)((hue(cell) + 15) / 30) % 12]++;
            if (strong > 0.55F)
                counts[STRONG + (int)((hue(cell) + 30) / 60) % 6]++;
        } else {
            int grey = (int)(bright * GREYS);
            counts[GREY + (grey < GREYS ? grey : GREYS - 1)]++;
        }
    }
    unsigned all = (end - from) * cells->width;
    for (int i = 0; i < HISTOGRAM; i++)
        *to++ = sqrtf((float)counts[i] / (float)(all ? all : 1));
    return to;
}

/* Sums for a mean and a standard deviation. */
struct spread {
    double sum, squares, count;
};

static void add(struct spread *spread, float value)
{
    spread->sum += (double)value;
    spread->squares += (double)(value * value);
    spread->count++;
}

static double mean(const struct spread *spread)
{
    return spread->count > 0 ? spread->sum / spread->count : 0;
}

static double deviation(const struct spread *spread)
{
    double variance =
        spread->count > 0 ? spread->squares / spread->count - mean(spread) * mean(spread) : 0;
    return sqrt(variance > 0 ? variance : 0);
}

/* Differences of luminance between neighbouring cells of a band. */
struct edges {
    double across, down, flat, sharp, count;
};

static struct edges edges_of(const struct cells *cells, unsigned from, unsigned end)
{
    struct edges edges = {0};
    for (unsigned y = from; y < end && y + 1 < cells->height; y++)
        for (unsigned x = 0; x + 1 < cells->width; x++) {
            const struct cell *cell = &cells->list[(size_t)y * cells->width + x];
            float across = fabsf(cell[1].y - cell->y);
            float down = fabsf(cell[cells->width].y - cell->y);
            edges.across += (double)across;
            edges.down += (double)down;
            edges.flat += across + down < 3;
            edges.sharp += across + down > 24;
            edges.count++;
        }
    if (edges.count == 0)
        edges.count = 1;
    return edges;
}

/* Means and deviations of luminance, blue and red; edges. Adds the deviations of blue and red to
 * `variety`. Returns the end of what was written. */
static float *band_statistics(const struct cells *cells, unsigned from, unsigned end,
                              float variety[2], float *to)
{
    struct spread y = {0}, cb = {0}, cr = {0};
    for (size_t i = (size_t)from * cells->width; i < (size_t)end * cells->width; i++) {
        add(&y, cells->list[i].y);
        add(&cb, cells->list[i].cb);
        add(&cr, cells->list[i].cr);
    }
    const struct spread *spreads[] = {&y, &cb, &cr};
    for (int i = 0; i < 3; i++) {
        to[i] = (float)(mean(spreads[i]) / 64);
        to[3 + i] = (float)(deviation(spreads[i]) / 32);
    }
    variety[0] += to[4];
    variety[1] += to[5];

    struct edges edges = edges_of(cells, from, end);
    to[6] = (float)log1p(edges.across / edges.count);
    to[7] = (float)log1p(edges.down / edges.count);
    to[8] = (float)(edges.flat / edges.count);
    to[9] = (float)(edges.sharp / edges.count);
    return to + BAND_STATISTICS;
}

/* Shares of white and black, saturation, variety of colour, ratio of the sides. */
static void picture_statistics(const struct cells *cells, const float variety[2], float *to)
{
    size_t count = (size_t)cells->width * cells->height;
    double white = 0, black = 0;
    struct spread strong = {0};
    for (size_t i = 0; i < count; i++) {
        const struct cell *cell = &cells->list[i];
        white += cell->max > 247 && cell->min > 235;
        black += cell->max < 16;
        add(&strong, saturation(cell));
    }
    to[0] = (float)(white / (double)count);
    to[1] = (float)(black / (double)count);
    to[2] = (float)mean(&strong);
    to[3] = (float)deviation(&strong);
    to[4] = variety[0];
    to[5] = variety[1];
    to[6] = (float)cells->width / (float)cells->height;
}

void colours_of_picture(const struct picture *picture, float colours[COLOURS])
{
    OWN(cells) struct cells cells = cells_of_picture(picture);
    float variety[2] = {0};
    float *to = histogram(&cells, 0, cells.height, colours);
    for (unsigned band = 0; band < BANDS; band++)
        to = histogram(&cells, first_row(&cells, band), first_row(&cells, band + 1), to);
    for (unsigned band = 0; band < BANDS; band++)
        to = band_statistics(&cells, first_row(&cells, band), first_row(&cells, band + 1), variety,
                             to);
    picture_statistics(&cells, variety, to);
}
