/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures for tests, and files of them in every format. */
#ifndef TESTS_HELPERS_PICTURES_H
#define TESTS_HELPERS_PICTURES_H

#include "base/own.h"
#include "gcp-local/vision/picture/picture.h"

/* Of one colour; noise that is the same in every run; docs/beach.jpg, the sea at sunset; four
 * quarters, red and green above blue and white, which show the orientation. */
struct picture plain_picture(unsigned width, unsigned height, unsigned rgb);
struct picture noise_picture(unsigned width, unsigned height);
struct picture sea_picture(unsigned width, unsigned height);
struct picture quarters_picture(unsigned width, unsigned height);

/* Encode a picture; file must be empty. */
struct jpeg_options {
    bool progressive, grey, cmyk;
};
void make_jpeg(const struct picture *picture, struct jpeg_options options, struct buf *file);

struct png_options {
    bool interlaced, sixteen_bits;
    bool alpha; /* the left half is transparent */
};
void make_png(const struct picture *picture, struct png_options options, struct buf *file);

void make_webp(const struct picture *picture, bool lossless, struct buf *file);

/* Puts an EXIF block with an orientation into a JPEG, PNG or (simple) WebP file. */
void add_orientation(struct buf *file, unsigned orientation, bool big_endian);

/* Changes the size in a file's header, and in a PNG its checksum. */
void set_header_size(struct buf *file, unsigned width, unsigned height);

/* Reads a file. False when it does not exist. */
bool read_picture_file(const char *path, struct buf *file);

#endif
