/* SPDX-License-Identifier: Apache-2.0 */
/* WebP pictures, by libwebp, which reduces them while it decodes. */
#include "base/str.h"
#include "gcp-local/vision/picture/picture.h"

#include <string.h>
#include <webp/decode.h>

enum {
    LOSSLESS = 2,   /* as WebPGetFeatures numbers the formats */
    RGBA = 4,       /* bytes a pixel of the output */
    HELD = 4,       /* bytes a pixel that the decoder of a lossless picture holds */
    HELD_LOSSY = 2, /* at most: the alpha plane */
};

static void own_webp(WebPDecoderConfig *config)
{
    WebPFreeDecBuffer(&config->output);
}

static void set_size(WebPDecoderConfig *config, unsigned min_side)
{
    int width = config->input.width, height = config->input.height;
    int side = width < height ? width : height, shrink = side / (int)min_side;
    config->output.colorspace = MODE_RGBA;
    if (shrink > 1) {
        config->options.use_scaling = 1;
        config->options.scaled_width = width / shrink;
        config->options.scaled_height = height / shrink;
    }
}

/* Copies the pixels, on a white background. */
static void copy_pixels(const WebPDecBuffer *from, struct picture *out)
{
    out->width = (unsigned)from->width;
    out->height = (unsigned)from->height;
    out->rgb = alloc_zeroed((size_t)out->width * out->height * 3);
    unsigned char *to = out->rgb;
    for (unsigned y = 0; y < out->height; y++) {
        const unsigned char *row = from->u.RGBA.rgba + (size_t)y * (size_t)from->u.RGBA.stride;
        for (unsigned x = 0; x < out->width; x++, row += RGBA, to += 3)
            for (int c = 0; c < 3; c++)
                to[c] = (unsigned char)((row[c] * row[3] + 255 * (255 - row[3]) + 127) / 255);
    }
}

bool picture_webp_decode(struct bytes file, unsigned min_side, struct picture *out, struct err *err)
{
    OWN(webp) WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        abort(); /* the library does not match the header that we were built with */
    const uint8_t *data = (const uint8_t *)file.data;
    if (WebPGetFeatures(data, file.len, &config.input) != VP8_STATUS_OK)
        return picture_bad_data(err);
    if (!picture_size_ok((size_t)config.input.width, (size_t)config.input.height,
                         config.input.format == LOSSLESS ? HELD : HELD_LOSSY, err))
        return false;
    set_size(&config, min_side);
    if (WebPDecode(data, file.len, &config) != VP8_STATUS_OK)
        return picture_bad_data(err);
    copy_pixels(&config.output, out);
    return true;
}
