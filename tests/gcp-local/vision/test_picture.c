/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/vision: decoding of every format, orientation, limits, damaged files. */
#include "base/str.h"
#include "gcp-local/vision/picture/picture.h"
#include "tests/helpers/pictures.h"
#include "tests/helpers/test.h"

#include <string.h>

enum { LEAST = 256 };

/* Decodes, or fails the test. */
static struct picture decoded(const struct buf *file)
{
    struct err err = {0};
    struct picture picture;
    if (!picture_decode(buf_bytes(file), LEAST, &picture, &err))
        fail_msg("%s", err.text);
    return picture;
}

static struct err refused(const struct buf *file)
{
    struct err err = {0};
    struct picture picture;
    EXPECT(!picture_decode(buf_bytes(file), LEAST, &picture, &err));
    EXPECT(picture.rgb == NULL);
    return err;
}

/* The colour in the middle of a quarter: 'r', 'g', 'b', 'w', or '?'. */
static char colour_at(const struct picture *picture, bool right, bool lower)
{
    unsigned x = picture->width * (right ? 3 : 1) / 4, y = picture->height * (lower ? 3 : 1) / 4;
    const unsigned char *rgb = picture->rgb + ((size_t)y * picture->width + x) * 3;
    bool red = rgb[0] > 150, green = rgb[1] > 150, blue = rgb[2] > 150;
    return red && green && blue ? 'w' : red && !green ? 'r' : green ? 'g' : blue ? 'b' : '?';
}

/* The four quarters: upper left, upper right, lower left, lower right. */
static const char *quarters_of(const struct picture *picture, char text[5])
{
    for (int i = 0; i < 4; i++)
        text[i] = colour_at(picture, i % 2, i / 2);
    text[4] = '\0';
    return text;
}

TEST(every_format_gives_the_same_colours)
{
    OWN(picture) struct picture quarters = quarters_picture(320, 300);
    static const struct jpeg_options jpegs[] = {{0}, {.progressive = true}, {.cmyk = true}};
    static const struct png_options pngs[] = {{0}, {.interlaced = true}, {.sixteen_bits = true}};
    for (int i = 0; i < 8; i++) {
        OWN(buf) struct buf file = {0};
        if (i < 3)
            make_jpeg(&quarters, jpegs[i], &file);
        else if (i < 6)
            make_png(&quarters, pngs[i - 3], &file);
        else
            make_webp(&quarters, i == 7, &file);
        OWN(picture) struct picture picture = decoded(&file);
        char text[5];
        EXPECT_STR(quarters_of(&picture, text), "rgbw");
        EXPECT_INT(picture.width, 320);
        EXPECT_INT(picture.height, 300);
    }
}

TEST(a_large_picture_is_reduced_while_it_is_read)
{
    OWN(picture) struct picture quarters = quarters_picture(1900, 1200);
    for (int format = 0; format < 5; format++) {
        OWN(buf) struct buf file = {0};
        if (format == 0)
            make_jpeg(&quarters, (struct jpeg_options){0}, &file);
        else if (format <= 2)
            make_png(&quarters, (struct png_options){.interlaced = format == 2}, &file);
        else
            make_webp(&quarters, format == 4, &file);
        OWN(picture) struct picture picture = decoded(&file);
        char text[5];
        EXPECT_STR(quarters_of(&picture, text), "rgbw");
        EXPECT(picture.height >= LEAST && picture.height < 2 * LEAST);
        EXPECT_INT(picture.width * 100 / picture.height, 158);
    }
}

TEST(the_exif_orientation_is_applied)
{
    static const struct {
        unsigned orientation;
        const char *upright;
    } rows[] = {
        {1, "rgbw"}, {2, "grwb"}, {3, "wbgr"}, {4, "bwrg"}, {5, "rbgw"},
        {6, "brwg"}, {7, "wgbr"}, {8, "gwrb"}, {9, "rgbw"}, {0, "rgbw"},
    };
    OWN(picture) struct picture quarters = quarters_picture(300, 280);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (int format = 0; format < 3; format++) {
            OWN(buf) struct buf file = {0};
            if (format == 0)
                make_jpeg(&quarters, (struct jpeg_options){0}, &file);
            else if (format == 1)
                make_png(&quarters, (struct png_options){0}, &file);
            else
                make_webp(&quarters, false, &file);
            add_orientation(&file, rows[i].orientation, i % 2);
            OWN(picture) struct picture picture = decoded(&file);
            char text[5];
            EXPECT_STR(quarters_of(&picture, text), rows[i].upright);
            bool turned = rows[i].orientation >= 5 && rows[i].orientation <= 8;
            EXPECT_INT(picture.width, turned ? 280 : 300);
        }
}

TEST(transparent_pixels_become_white)
{
    OWN(picture) struct picture quarters = quarters_picture(300, 300);
    OWN(buf) struct buf file = {0};
    make_png(&quarters, (struct png_options){.alpha = true}, &file);
    OWN(picture) struct picture picture = decoded(&file);
    char text[5];
    EXPECT_STR(quarters_of(&picture, text), "wgww");
}

TEST(a_grey_jpeg_is_read_as_grey)
{
    OWN(picture) struct picture quarters = quarters_picture(300, 300);
    OWN(buf) struct buf file = {0};
    make_jpeg(&quarters, (struct jpeg_options){.grey = true}, &file);
    OWN(picture) struct picture picture = decoded(&file);
    EXPECT_INT(picture.rgb[0], picture.rgb[1]);
    EXPECT_INT(picture.rgb[1], picture.rgb[2]);
}

TEST(a_truncated_jpeg_is_decoded_as_far_as_possible)
{
    OWN(picture) struct picture quarters = quarters_picture(300, 300);
    OWN(buf) struct buf file = {0};
    make_jpeg(&quarters, (struct jpeg_options){0}, &file);
    file.len = file.len * 3 / 4;
    OWN(picture) struct picture picture = decoded(&file);
    char text[5];
    quarters_of(&picture, text);
    EXPECT_INT(text[0], 'r');
    EXPECT_INT(text[1], 'g');
}

TEST(a_picture_without_pixels_is_bad_image_data)
{
    OWN(picture) struct picture quarters = quarters_picture(300, 300);
    for (int format = 0; format < 3; format++) {
        OWN(buf) struct buf whole = {0};
        if (format == 0)
            make_jpeg(&quarters, (struct jpeg_options){0}, &whole);
        else if (format == 1)
            make_png(&quarters, (struct png_options){0}, &whole);
        else
            make_webp(&quarters, false, &whole);
        for (size_t len = 0; len < 40; len++) {
            /* a copy, so that reading past the end is detected */
            OWN(buf) struct buf head = {0};
            buf_add(&head, whole.data, len);
            EXPECT_STR(refused(&head).text, "Bad image data.");
        }
    }
}

TEST(a_damaged_file_is_decoded_or_rejected)
{
    OWN(picture) struct picture noise = noise_picture(64, 48);
    for (int format = 0; format < 4; format++)
        for (unsigned seed = 1; seed < 60; seed++) {
            OWN(buf) struct buf file = {0};
            if (format < 2)
                make_jpeg(&noise, (struct jpeg_options){.progressive = format == 1}, &file);
            else if (format == 2)
                make_png(&noise, (struct png_options){.interlaced = seed % 2}, &file);
            else
                make_webp(&noise, seed % 2, &file);
            for (unsigned i = 0; i < 4; i++)
                file.data[12 + seed * (7 + 31 * i) % (file.len - 12)] ^= (char)(1 << seed % 8);
            struct err err = {0};
            OWN(picture) struct picture picture = {0};
            bool ok = picture_decode(buf_bytes(&file), LEAST, &picture, &err);
            EXPECT(ok == (picture.rgb != NULL) && ok == (err.status == 0));
        }
}

TEST(other_files_are_bad_image_data)
{
    static const char *const texts[] = {
        "", "GIF89a", "hello", "\x89PNG", "\xFF\xD8", "RIFF1234WEB", "RIFF1234WEBPVP8 ", "<svg/>"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        OWN(buf) struct buf file = {0};
        buf_add_text(&file, texts[i]);
        struct err err = refused(&file);
        EXPECT_INT(err.status, ERR_INPUT);
        EXPECT_STR(err.text, "Bad image data.");
    }
}

TEST(a_picture_of_more_than_75_megapixels_is_rejected_before_decoding)
{
    OWN(picture) struct picture small = plain_picture(16, 16, 0x808080);
    OWN(buf) struct buf png = {0}, jpeg = {0};
    make_png(&small, (struct png_options){0}, &png);
    make_jpeg(&small, (struct jpeg_options){0}, &jpeg);
    set_header_size(&png, 10000, 10000);
    set_header_size(&jpeg, 10000, 10000);
    EXPECT_STR(refused(&png).text, "Image too large. Please limit to 75 megapixels.");
    struct err err = refused(&jpeg);
    EXPECT_STR(err.text, "Image too large. Please limit to 75 megapixels.");
    EXPECT_INT(err.status, ERR_TOO_LARGE);
    set_header_size(&png, 0x7FFFFFFF, 0x7FFFFFFF);
    EXPECT_INT(refused(&png).status, ERR_TOO_LARGE);
}

TEST(pictures_that_are_decoded_as_a_whole_have_a_lower_limit)
{
    OWN(picture) struct picture small = plain_picture(16, 16, 0x808080);
    OWN(buf) struct buf png = {0}, jpeg = {0};
    make_png(&small, (struct png_options){.interlaced = true}, &png);
    make_jpeg(&small, (struct jpeg_options){.progressive = true}, &jpeg);
    set_header_size(&png, 8000, 8000);
    set_header_size(&jpeg, 8400, 8000);
    EXPECT_HAS(refused(&png).text, "Please limit pictures of this kind to 41 megapixels.");
    EXPECT_HAS(refused(&jpeg).text, "Please limit pictures of this kind to 55 megapixels.");
}

TEST(a_resized_picture_keeps_its_mean_and_its_layout)
{
    OWN(picture) struct picture quarters = quarters_picture(203, 117);
    static const unsigned sizes[][2] = {{64, 32}, {512, 256}, {203, 117}, {1, 1}, {2, 500}};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        OWN(picture) struct picture resized = {0};
        picture_resize(&quarters, sizes[i][0], sizes[i][1], &resized);
        double red = 0;
        for (size_t p = 0; p < (size_t)resized.width * resized.height; p++)
            red += resized.rgb[p * 3];
        red /= (double)resized.width * resized.height;
        EXPECT(red > 126 && red < 134); /* (230 + 20 + 20 + 250) / 4 = 130 */
        char text[5];
        if (resized.width >= 4 && resized.height >= 4)
            EXPECT_STR(quarters_of(&resized, text), "rgbw");
    }
    OWN(picture) struct picture same = {0};
    picture_resize(&quarters, quarters.width, quarters.height, &same);
    EXPECT(memcmp(same.rgb, quarters.rgb, (size_t)203 * 117 * 3) == 0);
}
