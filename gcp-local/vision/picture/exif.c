/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF: reads the orientation of JPEG, PNG and WebP files. */
#include "gcp-local/vision/picture/picture.h"

#include <stdint.h>
#include <string.h>

enum {
    TAG_ORIENTATION = 0x0112,
    TYPE_SHORT = 3,
    ENTRY = 12, /* bytes of a directory entry */
};

static struct bytes skip(struct bytes data, size_t len)
{
    return len < data.len ? (struct bytes){data.data + len, data.len - len} : (struct bytes){0};
}

/* An integer of 2 or 4 bytes; 0 when it is not within data. */
static uint32_t number(struct bytes data, size_t offset, size_t size, bool big_endian)
{
    uint32_t value = 0;
    if (data.len < size || offset > data.len - size)
        return 0;
    for (size_t i = 0; i < size; i++) {
        uint32_t byte = (unsigned char)data.data[offset + (big_endian ? i : size - 1 - i)];
        value = value << 8 | byte;
    }
    return value;
}

static bool opens_with(struct bytes data, const char *text, size_t len)
{
    return data.len >= len && memcmp(data.data, text, len) == 0;
}

/* A block in the format of TIFF 6.0: byte order, offset of the first directory, its entries. */
static unsigned orientation_of_tiff(struct bytes tiff)
{
    if (opens_with(tiff, "Exif\0\0", 6))
        tiff = skip(tiff, 6);
    bool big_endian = opens_with(tiff, "MM", 2);
    if (!big_endian && !opens_with(tiff, "II", 2))
        return 1;
    struct bytes directory = skip(tiff, number(tiff, 4, 4, big_endian));
    size_t count = number(directory, 0, 2, big_endian);
    for (size_t i = 0; i < count; i++) {
        struct bytes entry = skip(directory, 2 + i * ENTRY);
        if (entry.len < ENTRY)
            break;
        if (number(entry, 0, 2, big_endian) == TAG_ORIENTATION &&
            number(entry, 2, 2, big_endian) == TYPE_SHORT) {
            uint32_t value = number(entry, 8, 2, big_endian);
            return value >= 1 && value <= 8 ? (unsigned)value : 1;
        }
    }
    return 1;
}

/* JPEG: an APP1 segment before the first scan. */
static struct bytes block_of_jpeg(struct bytes file)
{
    enum { APP1 = 0xE1, START_OF_SCAN = 0xDA };
    for (struct bytes rest = skip(file, 2); rest.len > 4;) {
        unsigned marker = (unsigned char)rest.data[1];
        size_t len = number(rest, 2, 2, true);
        if (rest.data[0] != '\xFF' || marker == START_OF_SCAN || len < 2 || len + 2 > rest.len)
            break;
        struct bytes segment = {rest.data + 4, len - 2};
        if (marker == APP1 && opens_with(segment, "Exif\0\0", 6))
            return segment;
        rest = skip(rest, len + 2);
    }
    return (struct bytes){0};
}

/* PNG and WebP: a named chunk, with `lead` bytes before its data and `trail` bytes after. */
static struct bytes chunk(struct bytes rest, bool png)
{
    size_t lead = 8, trail = png ? 4 : 0;
    while (rest.len > lead) {
        size_t len = number(rest, png ? 0 : 4, 4, png);
        if (len > rest.len - lead)
            break;
        struct bytes name = skip(rest, png ? 4 : 0);
        if (opens_with(name, png ? "eXIf" : "EXIF", 4))
            return (struct bytes){rest.data + lead, len};
        size_t padding = png ? 0 : len % 2;
        rest = skip(rest, lead + len + trail + padding);
    }
    return (struct bytes){0};
}

unsigned exif_orientation(struct bytes file)
{
    if (opens_with(file, "\xFF\xD8", 2))
        return orientation_of_tiff(block_of_jpeg(file));
    if (opens_with(file, "\x89PNG", 4))
        return orientation_of_tiff(chunk(skip(file, 8), true));
    if (opens_with(file, "RIFF", 4))
        return orientation_of_tiff(chunk(skip(file, 12), false));
    return 1;
}
