/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures: decodes JPEG, PNG and WebP to RGB pixels, reduced to a small size.
 *
 * The size is checked before anything is allocated. A decoder holds at most PICTURE_MEMORY bytes of
 * pixels, and far less where it reads row by row. */
#ifndef GCP_LOCAL_VISION_PICTURE_PICTURE_H
#define GCP_LOCAL_VISION_PICTURE_PICTURE_H

#include "base/buf.h"

enum {
    PICTURE_MEGAPIXELS = 75,    /* Google's limit */
    PICTURE_SIDE = 65535,       /* pixels; a JPEG's maximum */
    PICTURE_MEMORY = 160 << 20, /* bytes */
};

/* Pixels, row after row, three bytes each. All zero is empty. */
struct picture {
    unsigned width, height;
    unsigned char *rgb; /* owned */
};

void picture_done(struct picture *picture);

static inline void own_picture(struct picture *local)
{
    picture_done(local);
}

/* Decodes a file, and turns it as its EXIF orientation says. The format is detected from the first
 * bytes. A large picture is reduced while it is read; its shorter side keeps at least min_side
 * pixels. A truncated JPEG is decoded as far as possible; transparent pixels become white.
 * Errors have Google's texts: "Bad image data." (ERR_INPUT), "Image too large. …"
 * (ERR_TOO_LARGE). */
bool picture_decode(struct bytes file, unsigned min_side, struct picture *out, struct err *err);

/* Resizes by averaging areas; interpolates when it enlarges. */
void picture_resize(const struct picture *from, unsigned width, unsigned height,
                    struct picture *out);

/* Rotates and mirrors a picture according to an EXIF orientation (1…8). */
void picture_orient(struct picture *picture, unsigned orientation);

/* The EXIF orientation of a JPEG, PNG or WebP file; 1 (upright) when it has none. */
unsigned exif_orientation(struct bytes file);

bool picture_jpeg_decode(struct bytes file, unsigned min_side, struct picture *out,
                         struct err *err);
bool picture_png_decode(struct bytes file, unsigned min_side, struct picture *out, struct err *err);
bool picture_webp_decode(struct bytes file, unsigned min_side, struct picture *out,
                         struct err *err);

/* Checks a picture's size. bytes_a_pixel is what the decoder holds of the whole picture, 0 when it
 * reads row by row. */
bool picture_size_ok(size_t width, size_t height, unsigned bytes_a_pixel, struct err *err);
bool picture_bad_data(struct err *err); /* sets "Bad image data."; returns false */

#endif
