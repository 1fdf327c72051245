/* SPDX-License-Identifier: Apache-2.0 */
/* PNG pictures, by libpng: reduced row by row. */
#include "base/str.h"
#include "gcp-local/vision/picture/picture.h"

#include <png.h>
#include <string.h>

enum {
    CHANNELS = 4,
    MAX_CHUNK_BYTES = 4 << 20, /* of chunks other than pixels */
};

/* The decoder and the state of its callbacks; errors leave by longjmp. */
struct png {
    png_structp codec;
    png_infop info;
    struct bytes rest; /* of the file */
    struct picture *out;
    struct err *err;
    unsigned shrink;    /* shrink × shrink pixels become one */
    size_t row_len;     /* bytes */
    unsigned char *row; /* owned; one, or all of an interlaced picture */
    unsigned *sum;      /* owned; of `shrink` rows of the small picture */
    bool limited;       /* allocations are limited: until the header is read */
};

static void leave(png_structp codec, png_const_charp text)
{
    (void)text;
    png_longjmp(codec, 1);
}

static void ignore(png_structp codec, png_const_charp text)
{
    (void)codec;
    (void)text;
}

static void read_bytes(png_structp codec, png_bytep to, size_t len)
{
    struct png *png = png_get_io_ptr(codec);
    if (len > png->rest.len)
        png_error(codec, "end of file");
    memcpy(to, png->rest.data, len);
    png->rest = (struct bytes){png->rest.data + len, png->rest.len - len};
}

/* Output is 8 bits each of red, green, blue, alpha, in sRGB. */
static void set_output(struct png *png)
{
    png_set_gamma(png->codec, PNG_DEFAULT_sRGB, PNG_DEFAULT_sRGB);
    png_set_expand(png->codec);
    png_set_scale_16(png->codec);
    png_set_gray_to_rgb(png->codec);
    png_set_add_alpha(png->codec, 255, PNG_FILLER_AFTER);
}

/* Adds a row to the sums, on a white background. */
static void add_row(struct png *png, const unsigned char *row)
{
    size_t pixels = (size_t)png->out->width * png->shrink;
    for (size_t i = 0; i < pixels; i++, row += CHANNELS) {
        unsigned *sum = png->sum + i / png->shrink * 3;
        unsigned alpha = row[3];
        for (int c = 0; c < 3; c++)
            sum[c] += (row[c] * alpha + 255 * (255 - alpha) + 127) / 255;
    }
}

static void write_mean(struct png *png, unsigned y)
{
    size_t values = (size_t)png->out->width * 3;
    unsigned char *to = png->out->rgb + y * values;
    unsigned count = png->shrink * png->shrink;
    for (size_t i = 0; i < values; i++)
        to[i] = (unsigned char)((png->sum[i] + count / 2) / count);
    memset(png->sum, 0, values * sizeof(png->sum[0]));
}

static void read_rows(struct png *png, bool interlaced, unsigned height)
{
    int passes = interlaced ? png_set_interlace_handling(png->codec) : 1;
    for (int pass = 1; pass < passes; pass++)
        for (unsigned y = 0; y < height; y++)
            png_read_row(png->codec, png->row + y * png->row_len, NULL);

    for (unsigned y = 0; y < png->out->height * png->shrink; y++) {
        unsigned char *row = png->row + (interlaced ? y * png->row_len : 0);
        png_read_row(png->codec, row, NULL);
        add_row(png, row);
        if ((y + 1) % png->shrink == 0)
            write_mean(png, y / png->shrink);
    }
}

/* A chunk gives its length before its data: libpng skips one for which memory is refused. */
static png_voidp allocate(png_structp codec, png_alloc_size_t size)
{
    const struct png *png = png_get_mem_ptr(codec);
    return png->limited && size > MAX_CHUNK_BYTES ? NULL : malloc(size);
}

static void release(png_structp codec, png_voidp block)
{
    (void)codec;
    free(block);
}

static bool read_picture(struct png *png, unsigned min_side)
{
    if (setjmp(png_jmpbuf(png->codec)))
        return png->err->status ? false : picture_bad_data(png->err);

    png_set_read_fn(png->codec, png, read_bytes);
    png_set_user_limits(png->codec, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* ours are below */
    png->limited = true;
    png_read_info(png->codec, png->info);
    png->limited = false;
    unsigned width = png_get_image_width(png->codec, png->info);
    unsigned height = png_get_image_height(png->codec, png->info);
    bool interlaced = png_get_interlace_type(png->codec, png->info) != PNG_INTERLACE_NONE;
    if (!picture_size_ok(width, height, interlaced ? CHANNELS : 0, png->err))
        return false;

    unsigned side = width < height ? width : height;
    png->shrink = side / min_side > 1 ? side / min_side : 1;
    png->out->width = width / png->shrink;
    png->out->height = height / png->shrink;
    png->out->rgb = alloc_zeroed((size_t)png->out->width * png->out->height * 3);
    png->row_len = (size_t)width * CHANNELS;
    png->row = alloc_zeroed(interlaced ? png->row_len * height : png->row_len);
    png->sum = alloc_zeroed((size_t)png->out->width * 3 * sizeof(png->sum[0]));
    set_output(png);
    read_rows(png, interlaced, height);
    return true;
}

bool picture_png_decode(struct bytes file, unsigned min_side, struct picture *out, struct err *err)
{
    struct png png = {.rest = file, .out = out, .err = err};
    png.codec = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, NULL, leave, ignore, &png, allocate,
                                         release);
    png.info = png.codec ? png_create_info_struct(png.codec) : NULL;
    if (!png.info)
        abort();
    bool ok = read_picture(&png, min_side);
    png_destroy_read_struct(&png.codec, &png.info, NULL);
    free(png.row);
    free(png.sum);
    return ok;
}
