/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures for tests, and files of them in every format. */
#include "tests/helpers/pictures.h"

#include "base/str.h"

#include <assert.h>
#include <limits.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <webp/encode.h>
#include <zlib.h>

#include <jpeglib.h>

static struct picture blank(unsigned width, unsigned height)
{
    return (struct picture){width, height, alloc_zeroed((size_t)width * height * 3)};
}

struct picture plain_picture(unsigned width, unsigned height, unsigned rgb)
{
    struct picture picture = blank(width, height);
    for (size_t i = 0; i < (size_t)width * height * 3; i++)
        picture.rgb[i] = (unsigned char)(rgb >> (16 - i % 3 * 8));
    return picture;
}

struct picture noise_picture(unsigned width, unsigned height)
{
    struct picture picture = blank(width, height);
    uint32_t state = 1;
    for (size_t i = 0; i < (size_t)width * height * 3; i++) {
        state = state * 1664525 + 1013904223;
        picture.rgb[i] = (unsigned char)(state >> 24);
    }
    return picture;
}

struct picture sea_picture(unsigned width, unsigned height)
{
    OWN(buf) struct buf file = {0};
    OWN(picture) struct picture whole = {0};
    struct picture picture;
    struct err err = {0};
    bool read = read_picture_file("docs/beach.jpg", &file) &&
                picture_decode(buf_bytes(&file), UINT_MAX, &whole, &err);
    assert(read);
    picture_resize(&whole, width, height, &picture);
    return picture;
}

struct picture quarters_picture(unsigned width, unsigned height)
{
    static const unsigned char colours[2][2][3] = {{{230, 20, 20}, {20, 200, 20}},
                                                   {{20, 20, 230}, {250, 250, 250}}};
    struct picture picture = blank(width, height);
    unsigned char *to = picture.rgb;
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++, to += 3)
            memcpy(to, colours[y >= height / 2][x >= width / 2], 3);
    return picture;
}

/* A row for the codec: RGB, or inverted CMYK as Adobe writes it. */
static void fill_row(const unsigned char *rgb, unsigned width, bool cmyk, unsigned char *row)
{
    for (unsigned x = 0; x < width; x++, rgb += 3) {
        memcpy(row, rgb, 3);
        row += 3;
        if (cmyk)
            *row++ = 255; /* no black ink */
    }
}

void make_jpeg(const struct picture *picture, struct jpeg_options options, struct buf *file)
{
    struct jpeg_compress_struct codec;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long len = 0;
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &data, &len);
    codec.image_width = picture->width;
    codec.image_height = picture->height;
    codec.input_components = options.cmyk ? 4 : 3;
    codec.in_color_space = options.cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(&codec);
    if (options.grey)
        jpeg_set_colorspace(&codec, JCS_GRAYSCALE);
    jpeg_set_quality(&codec, 92, TRUE);
    if (options.progressive)
        jpeg_simple_progression(&codec);
    jpeg_start_compress(&codec, TRUE);
    OWN(free) unsigned char *row = alloc_zeroed((size_t)picture->width * 4);
    while (codec.next_scanline < picture->height) {
        fill_row(picture->rgb + (size_t)codec.next_scanline * picture->width * 3, picture->width,
                 options.cmyk, row);
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    buf_add(file, data, len);
    free(data);
}

static void write_bytes(png_structp codec, png_bytep data, size_t len)
{
    buf_add(png_get_io_ptr(codec), data, len);
}

void make_png(const struct picture *picture, struct png_options options, struct buf *file)
{
    png_structp codec = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(codec);
    assert(info && !(options.alpha && options.sixteen_bits));
    png_set_write_fn(codec, file, write_bytes, NULL);
    png_set_IHDR(codec, info, picture->width, picture->height, options.sixteen_bits ? 16 : 8,
                 options.alpha ? PNG_COLOR_TYPE_RGBA : PNG_COLOR_TYPE_RGB,
                 options.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
    png_write_info(codec, info);
    int passes = png_set_interlace_handling(codec);
    OWN(free) unsigned char *row = alloc_zeroed((size_t)picture->width * 6);
    for (int pass = 0; pass < passes; pass++)
        for (unsigned y = 0; y < picture->height; y++) {
            const unsigned char *from = picture->rgb + (size_t)y * picture->width * 3;
            unsigned char *to = row;
            for (unsigned x = 0; x < picture->width * 3; x++) {
                *to++ = *from++;
                if (options.sixteen_bits)
                    *to++ = 0;
                if (options.alpha && x % 3 == 2)
                    *to++ = x / 3 < picture->width / 2 ? 0 : 255;
            }
            png_write_row(codec, row);
        }
    png_write_end(codec, info);
    png_destroy_write_struct(&codec, &info);
}

void make_webp(const struct picture *picture, bool lossless, struct buf *file)
{
    uint8_t *data = NULL;
    int width = (int)picture->width, height = (int)picture->height;
    size_t len = lossless ? WebPEncodeLosslessRGB(picture->rgb, width, height, width * 3, &data)
                          : WebPEncodeRGB(picture->rgb, width, height, width * 3, 92, &data);
    buf_add(file, data, len);
    WebPFree(data);
}

static void put_number(unsigned char *to, size_t size, bool big_endian, uint32_t value)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (unsigned char)(value >> 8 * (big_endian ? size - 1 - i : i));
}

/* A TIFF block with two entries, the second of which is the orientation. */
static void make_tiff(unsigned char tiff[34], unsigned orientation, bool big_endian)
{
    memset(tiff, 0, 34);
    memcpy(tiff, big_endian ? "MM" : "II", 2);
    put_number(tiff + 2, 2, big_endian, 42);
    put_number(tiff + 4, 4, big_endian, 8);
    put_number(tiff + 8, 2, big_endian, 2);
    put_number(tiff + 10, 2, big_endian, 0x0100);
    put_number(tiff + 22, 2, big_endian, 0x0112);
    put_number(tiff + 24, 2, big_endian, 3);
    put_number(tiff + 26, 4, big_endian, 1);
    put_number(tiff + 30, 2, big_endian, orientation);
}

static void insert(struct buf *file, size_t at, const void *data, size_t len)
{
    OWN(buf) struct buf old = *file;
    *file = (struct buf){0};
    buf_add(file, old.data, at);
    buf_add(file, data, len);
    buf_add(file, old.data + at, old.len - at);
}

static void seal_chunk(unsigned char *chunk, size_t len)
{
    put_number(chunk + 8 + len, 4, true, (uint32_t)crc32(0, chunk + 4, (uInt)len + 4));
}

void add_orientation(struct buf *file, unsigned orientation, bool big_endian)
{
    unsigned char block[64] = {0};
    if (file->data[0] == '\xFF') {
        memcpy(block,
               "\xFF\xE1\0\x2A"
               "Exif\0\0",
               10);
        make_tiff(block + 10, orientation, big_endian);
        insert(file, 2, block, 44);
    } else if (file->data[0] == '\x89') {
        memcpy(block,
               "\0\0\0\x22"
               "eXIf",
               8);
        make_tiff(block + 8, orientation, big_endian);
        seal_chunk(block, 34);
        insert(file, 33, block, 46);
    } else {
        memcpy(block, "EXIF\x22\0\0\0", 8);
        make_tiff(block + 8, orientation, big_endian);
        insert(file, file->len, block, 42);
        put_number((unsigned char *)file->data + 4, 4, false, (uint32_t)file->len - 8);
    }
}

void set_header_size(struct buf *file, unsigned width, unsigned height)
{
    unsigned char *data = (unsigned char *)file->data;
    if (data[0] == 0x89) {
        put_number(data + 16, 4, true, width);
        put_number(data + 20, 4, true, height);
        seal_chunk(data + 8, 13);
        return;
    }
    for (size_t at = 2; at + 9 < file->len; at += 2 + (size_t)(data[at + 2] << 8 | data[at + 3]))
        if (data[at + 1] == 0xC0 || data[at + 1] == 0xC2) { /* start of frame */
            put_number(data + at + 5, 2, true, height);
            put_number(data + at + 7, 2, true, width);
            return;
        }
    abort();
}

bool read_picture_file(const char *path, struct buf *file)
{
    OWN(file) FILE *from = fopen(path, "rbe");
    if (!from)
        return false;
    char piece[65536];
    for (size_t len; (len = fread(piece, 1, sizeof(piece), from)) > 0;)
        buf_add(file, piece, len);
    return true;
}
