/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648): standard and URL-safe. */
#include "base/base64.h"

#include "base/own.h"

#include <stdint.h>
#include <string.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool encode(struct buf *out, struct bytes data, const char *alphabet, bool padded)
{
    char *room = buf_reserve(out, (data.len + 2) / 3 * 4);
    if (!room)
        return false;
    char *to = room;
    const unsigned char *from = (const unsigned char *)data.data;
    size_t left = data.len;
    for (; left >= 3; left -= 3, from += 3) {
        uint32_t group = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        *to++ = alphabet[group >> 6 & 63];
        *to++ = alphabet[group & 63];
    }
    if (left) {
        uint32_t group = (uint32_t)from[0] << 16 | (left > 1 ? (uint32_t)from[1] << 8 : 0);
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        if (left > 1)
            *to++ = alphabet[group >> 6 & 63];
        for (size_t i = left; padded && i < 3; i++)
            *to++ = '=';
    }
    *to = '\0';
    out->len += (size_t)(to - room);
    return true;
}

bool base64_add(struct buf *out, struct bytes data)
{
    return encode(out, data, standard, true);
}

char *base64_encode(struct bytes data)
{
    struct buf out = {0};
    encode(&out, data, standard, true);
    return buf_take(&out);
}

char *base64_url_encode(struct bytes data)
{
    struct buf out = {0};
    encode(&out, data, url_safe, false);
    return buf_take(&out);
}

enum { INVALID = 64, STANDARD = 0x80 };

/* The value of each character; those that only the standard alphabet has are marked. */
static const unsigned char values[256] = {
    64, 64, 64, 64,  64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64,  64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 190,
    64, 62, 64, 191, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64, 64, 0,
    1,  2,  3,  4,   5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 64,  64, 64, 64, 63, 64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38,
    39, 40, 41, 42,  43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64,  64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64,  64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64,  64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64,  64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64,  64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64,  64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
};

static unsigned value_of(char c, bool only_url_safe)
{
    unsigned value = values[(unsigned char)c];
    return value & STANDARD ? (only_url_safe ? INVALID : value & 63) : value;
}

static bool decode(struct bytes text, bool only_url_safe, struct buf *out)
{
    size_t tail = text.len % 4;
    if (tail == 1)
        return false;
    char *room = buf_reserve(out, text.len / 4 * 3 + (tail ? tail - 1 : 0));
    if (!room)
        return false;
    char *to = room;
    uint32_t group = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned value = value_of(text.data[i], only_url_safe);
        if (value == INVALID)
            return false;
        group = group << 6 | value;
        if (i % 4 == 3) {
            *to++ = (char)(group >> 16);
            *to++ = (char)(group >> 8);
            *to++ = (char)group;
            group = 0;
        }
    }
    if (tail == 2)
        *to++ = (char)(group >> 4);
    if (tail == 3) {
        *to++ = (char)(group >> 10);
        *to++ = (char)(group >> 2);
    }
    *to = '\0';
    out->len += (size_t)(to - room);
    return true;
}

bool base64_decode(struct bytes text, struct buf *out)
{
    if (text.len % 4 == 0) /* padding is allowed only where it completes a group */
        for (int i = 0; i < 2 && text.len && text.data[text.len - 1] == '='; i++)
            text.len--;
    return decode(text, false, out);
}

bool base64_url_decode(struct bytes text, struct buf *out)
{
    return decode(text, true, out);
}
