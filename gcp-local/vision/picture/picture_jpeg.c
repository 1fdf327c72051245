/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG pictures, by libjpeg-turbo. */
#include "base/str.h"
#include "gcp-local/vision/picture/picture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jerror.h>
#include <jpeglib.h>

/* More scans than any encoder writes. A scan takes a few bytes of a file, but a pass over the whole
 * picture. */
enum { MAX_SCANS = 100 };

/* The decoder and the state of its callbacks; errors leave by longjmp. */
struct jpeg {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    bool truncated; /* the file ended too early */
    struct err *err;
    struct picture *out;
    unsigned char *row; /* owned; CMYK pixels */
};

static void leave(j_common_ptr codec)
{
    struct jpeg *jpeg = codec->client_data;
    longjmp(jpeg->failed, 1);
}

static void emit_message(j_common_ptr codec, int level)
{
    struct jpeg *jpeg = codec->client_data;
    if (level < 0 && codec->err->msg_code == JWRN_JPEG_EOF)
        jpeg->truncated = true;
}

static void watch_scans(j_common_ptr codec)
{
    const struct jpeg *jpeg = codec->client_data;
    if (jpeg->codec.input_scan_number > MAX_SCANS)
        leave(codec);
}

static void open_codec(struct jpeg *jpeg, struct bytes file)
{
    jpeg->codec.err = jpeg_std_error(&jpeg->errors);
    jpeg->errors.error_exit = leave;
    jpeg->errors.emit_message = emit_message;
    jpeg->codec.client_data = jpeg;
    jpeg_create_decompress(&jpeg->codec);
    jpeg->progress.progress_monitor = watch_scans;
    jpeg->codec.progress = &jpeg->progress;
    jpeg_mem_src(&jpeg->codec, (const unsigned char *)file.data, file.len);
}

/* Bytes a pixel that libjpeg holds of the whole picture: the coefficients, two bytes each, when
 * they come in several scans. */
static unsigned held(const struct jpeg_decompress_struct *codec)
{
    if (!jpeg_has_multiple_scans((j_decompress_ptr)codec))
        return 0;
    unsigned samples = 0, largest = 1;
    for (int i = 0; i < codec->num_components; i++) {
        const jpeg_component_info *part = &codec->comp_info[i];
        samples += (unsigned)(part->h_samp_factor * part->v_samp_factor);
        unsigned area = (unsigned)(codec->max_h_samp_factor * codec->max_v_samp_factor);
        largest = area > largest ? area : largest;
    }
    return (2 * samples + largest - 1) / largest;
}

/* Lets the decoder itself make the picture smaller, by 2, 4 or 8. */
static void set_output(struct jpeg_decompress_struct *codec, unsigned min_side)
{
    unsigned side =
        codec->image_width < codec->image_height ? codec->image_width : codec->image_height;
    codec->scale_num = 1;
    codec->scale_denom = 1;
    while (codec->scale_denom < 8 && side / (2 * codec->scale_denom) >= min_side)
        codec->scale_denom *= 2;
    bool cmyk = codec->jpeg_color_space == JCS_CMYK || codec->jpeg_color_space == JCS_YCCK;
    codec->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    codec->dct_method = JDCT_ISLOW;
    codec->do_fancy_upsampling = FALSE;
}

/* Adobe writes CMYK inverted, so that 255 is no ink. */
static void rgb_from_cmyk(const unsigned char *from, size_t pixels, bool inverted,
                          unsigned char *rgb)
{
    for (size_t i = 0; i < pixels; i++, from += 4, rgb += 3)
        for (int c = 0; c < 3; c++) {
            int colour = inverted ? from[c] : 255 - from[c];
            int black = inverted ? from[3] : 255 - from[3];
            rgb[c] = (unsigned char)(colour * black / 255);
        }
}

static void read_rows(struct jpeg *jpeg)
{
    struct jpeg_decompress_struct *codec = &jpeg->codec;
    struct picture *out = jpeg->out;
    bool cmyk = codec->out_color_space == JCS_CMYK;
    if (cmyk)
        jpeg->row = alloc_zeroed((size_t)out->width * 4);
    while (codec->output_scanline < out->height) {
        unsigned char *to = out->rgb + (size_t)codec->output_scanline * out->width * 3;
        unsigned char *row = cmyk ? jpeg->row : to;
        jpeg_read_scanlines(codec, &row, 1);
        if (jpeg->truncated && codec->output_scanline == 1)
            leave((j_common_ptr)codec); /* not even one line */
        if (cmyk)
            rgb_from_cmyk(row, out->width, codec->saw_Adobe_marker, to);
    }
}

static bool read_picture(struct jpeg *jpeg, struct bytes file, unsigned min_side)
{
    if (setjmp(jpeg->failed))
        return jpeg->err->status ? false : picture_bad_data(jpeg->err);

    open_codec(jpeg, file);
    jpeg_read_header(&jpeg->codec, TRUE);
    if (!picture_size_ok(jpeg->codec.image_width, jpeg->codec.image_height, held(&jpeg->codec),
                         jpeg->err))
        return false;
    set_output(&jpeg->codec, min_side);
    jpeg_start_decompress(&jpeg->codec);
    jpeg->out->width = jpeg->codec.output_width;
    jpeg->out->height = jpeg->codec.output_height;
    jpeg->out->rgb = alloc_zeroed((size_t)jpeg->out->width * jpeg->out->height * 3);
    read_rows(jpeg);
    return true;
}

bool picture_jpeg_decode(struct bytes file, unsigned min_side, struct picture *out, struct err *err)
{
    struct jpeg jpeg = {.err = err, .out = out};
    bool ok = read_picture(&jpeg, file, min_side);
    jpeg_destroy_decompress(&jpeg.codec);
    free(jpeg.row);
    return ok;
}
