/* Base64 (RFC 4648): standard and URL-safe. */
#include "base/base64.h"

#include "base/own.h"

#include <stdint.h>
#include <string.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *encode(struct bytes data, const char *alphabet, bool padded)
{
    struct buf out = {0};
    char *to = buf_room(&out, data.len / 3 * 4 + 4);
    const unsigned char *from = (const unsigned char *)data.data;
    size_t left = data.len;
    for (; left >= 3; left -= 3, from += 3) {
        uint32_t group = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *to++ = alphabet[group >> shift & 63];
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
    return out.data;
}

char *base64_encode(struct bytes data)
{
    return encode(data, standard, true);
}

char *base64url_encode(struct bytes data)
{
    return encode(data, url_safe, false);
}

/* The value of each character, 64 for those that are none, in either alphabet. */
static unsigned value_of(char c, bool only_url_safe)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    if (c == '-' || (c == '+' && !only_url_safe))
        return 62;
    if (c == '_' || (c == '/' && !only_url_safe))
        return 63;
    return 64;
}

static bool decode(struct bytes text, bool only_url_safe, struct buf *out)
{
    size_t tail = text.len % 4;
    if (tail == 1)
        return false;
    char *room = buf_room(out, text.len / 4 * 3 + (tail ? tail - 1 : 0));
    if (!room)
        return false;
    char *to = room;
    uint32_t group = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned value = value_of(text.data[i], only_url_safe);
        if (value == 64)
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

bool base64url_decode(struct bytes text, struct buf *out)
{
    return decode(text, true, out);
}
