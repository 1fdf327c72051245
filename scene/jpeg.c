/* SPDX-License-Identifier: Apache-2.0 */
/* Writes pictures as JPEG files. */
#include "base/str.h"
#include "scene/scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

enum { QUALITY = 90 };

static unsigned char *encode(const unsigned char *rgb, unsigned width, unsigned height,
                             unsigned long *len)
{
    struct jpeg_compress_struct codec;
    struct jpeg_error_mgr errors;
    unsigned char *file = NULL;
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &file, len);
    codec.image_width = width;
    codec.image_height = height;
    codec.input_components = 3;
    codec.in_color_space = JCS_RGB;
    jpeg_set_defaults(&codec);
    jpeg_set_quality(&codec, QUALITY, TRUE);
    codec.optimize_coding = TRUE;
    jpeg_start_compress(&codec, TRUE);
    while (codec.next_scanline < height) {
        JSAMPROW row = (JSAMPROW)rgb + (size_t)codec.next_scanline * width * 3;
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    return file;
}

bool scene_write_jpeg(const char *path, const unsigned char *rgb, unsigned width, unsigned height)
{
    unsigned long len = 0;
    OWN(free) unsigned char *data = encode(rgb, width, height, &len);
    FILE *file = fopen(path, "wbe");
    if (!file)
        return false;
    bool written = fwrite(data, 1, len, file) == len;
    return (fclose(file) == 0) && written;
}
