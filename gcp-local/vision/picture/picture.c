/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures: detects formats, checks limits, applies orientations. */
#include "gcp-local/vision/picture/picture.h"

#include "base/str.h"

#include <string.h>

void picture_done(struct picture *picture)
{
    free(picture->rgb);
    *picture = (struct picture){0};
}

bool picture_bad_data(struct err *err)
{
    return err_set(err, ERR_INPUT, "Bad image data.");
}

bool picture_size_ok(size_t width, size_t height, unsigned bytes_a_pixel, struct err *err)
{
    if (width == 0 || height == 0)
        return picture_bad_data(err);
    if (width > PICTURE_SIDE || height > PICTURE_SIDE)
        return err_set(err, ERR_TOO_LARGE, "Image too large. Please limit its sides to %d pixels.",
                       PICTURE_SIDE);
    size_t max = (size_t)PICTURE_MEGAPIXELS * 1000 * 1000;
    bool within_google_limit = width <= max / height;
    if (within_google_limit && (!bytes_a_pixel || width * height <= PICTURE_MEMORY / bytes_a_pixel))
        return true;
    if (!within_google_limit)
        return err_set(err, ERR_TOO_LARGE, "Image too large. Please limit to %d megapixels.",
                       PICTURE_MEGAPIXELS);
    return err_set(err, ERR_TOO_LARGE,
                   "Image too large. Please limit pictures of this kind to %u megapixels.",
                   PICTURE_MEMORY / bytes_a_pixel / 1000 / 1000);
}

static bool has_magic(struct bytes file, size_t offset, const char *magic, size_t len)
{
    return file.len >= offset + len && memcmp(file.data + offset, magic, len) == 0;
}

static bool decode(struct bytes file, unsigned min_side, struct picture *out, struct err *err)
{
    if (has_magic(file, 0, "\xFF\xD8\xFF", 3))
        return picture_jpeg_decode(file, min_side, out, err);
    if (has_magic(file, 0, "\x89PNG\r\n\x1A\n", 8))
        return picture_png_decode(file, min_side, out, err);
    if (has_magic(file, 0, "RIFF", 4) && has_magic(file, 8, "WEBP", 4))
        return picture_webp_decode(file, min_side, out, err);
    return picture_bad_data(err);
}

bool picture_decode(struct bytes file, unsigned min_side, struct picture *out, struct err *err)
{
    *out = (struct picture){0};
    if (!decode(file, min_side, out, err)) {
        picture_done(out);
        return false;
    }
    picture_orient(out, exif_orientation(file));
    return true;
}

/* The pixel of the stored picture that is shown at x, y: an orientation swaps the axes, or reverses
 * one or both. */
static const unsigned char *source(const struct picture *from, unsigned orientation, unsigned x,
                                   unsigned y)
{
    bool swapped = orientation >= 5;
    bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
    bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    unsigned column = swapped ? y : x;
    unsigned row = swapped ? x : y;
    if (from_right)
        column = from->width - 1 - column;
    if (from_below)
        row = from->height - 1 - row;
    return from->rgb + ((size_t)row * from->width + column) * 3;
}

void picture_orient(struct picture *picture, unsigned orientation)
{
    if (orientation < 2 || orientation > 8)
        return;
    OWN(picture) struct picture old = *picture;
    bool swapped = orientation >= 5;
    picture->width = swapped ? old.height : old.width;
    picture->height = swapped ? old.width : old.height;
    picture->rgb = alloc_zeroed((size_t)old.width * old.height * 3);

    unsigned char *to = picture->rgb;
    for (unsigned y = 0; y < picture->height; y++)
        for (unsigned x = 0; x < picture->width; x++, to += 3)
            memcpy(to, source(&old, orientation, x, y), 3);
}
