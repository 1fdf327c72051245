/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures: JPEG, PNG and WebP bytes to RGB pixels, small enough to look at.
 *
 * Nothing is allocated before the size was read and found within limits. A decoder never holds more
 * than PICTURE_MEMORY bytes of pixels; those that can read row by row hold far less. */
#ifndef GCP_LOCAL_VISION_PICTURE_PICTURE_H
#define GCP_LOCAL_VISION_PICTURE_PICTURE_H

#include "base/buf.h"

enum {
    PICTURE_MEGAPIXELS = 75,    /* Google's limit */
    PICTURE_SIDE = 65535,       /* as many pixels as a JPEG can have */
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

/* Decodes a file, whose format its first bytes tell, upright as its EXIF orientation says. A large
 * picture is made smaller while it is read, yet its shorter side keeps at least `least` pixels. A
 * JPEG that was cut is decoded as far as it goes; transparent pixels become white.
 * The errors are in Google's words: "Bad image data." (ERR_INPUT), "Image too large. …"
 * (ERR_TOO_LARGE). */
bool picture_decode(struct bytes file, unsigned least, struct picture *out, struct err *err);

/* Resizes by averaging areas; what is enlarged is interpolated. */
void picture_resize(const struct picture *from, unsigned width, unsigned height,
                    struct picture *out);

/* Turns and mirrors a picture as an EXIF orientation (1…8) says. */
void picture_orient(struct picture *picture, unsigned orientation);

/* The EXIF orientation of a file of any of the three formats, 1 (upright) when it has none. */
unsigned exif_orientation(struct bytes file);

bool picture_jpeg_decode(struct bytes file, unsigned least, struct picture *out, struct err *err);
bool picture_png_decode(struct bytes file, unsigned least, struct picture *out, struct err *err);
bool picture_webp_decode(struct bytes file, unsigned least, struct picture *out, struct err *err);

/* Checks a size before anything is allocated for it; bytes_a_pixel is what the decoder must hold of
 * the whole picture, 0 when it reads row by row. */
bool picture_size_ok(size_t width, size_t height, unsigned bytes_a_pixel, struct err *err);
bool picture_bad_data(struct err *err); /* writes "Bad image data."; false */

#endif
