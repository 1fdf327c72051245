/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: created, compared and turned into numbers. */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *str_copy(const char *text)
{
    return text ? str_copy_bytes(bytes_of(text)) : NULL;
}

char *str_copy_bytes(struct bytes bytes)
{
    char *copy = alloc_resize(NULL, bytes.len + 1);
    if (bytes.len)
        memcpy(copy, bytes.data, bytes.len);
    copy[bytes.len] = '\0';
    return copy;
}

char *str_format(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = NULL;
    int len = vasprintf(&text, fmt, args);
    va_end(args);
    if (len < 0)
        abort();
    return text;
}

void str_replace(char **owned, char *text)
{
    free(*owned);
    *owned = text;
}

bool str_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_equal_any_case(const char *a, const char *b)
{
    return a == b || (a && b && strcasecmp(a, b) == 0);
}

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_starts_any_case(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
    size_t len = strlen(text), tail = strlen(suffix);
    return len >= tail && memcmp(text + len - tail, suffix, tail) == 0;
}

bool str_empty(const char *text)
{
    return !text || !*text;
}

void str_lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

bool str_int(const char *text, int64_t low, int64_t high, int64_t *value)
{
    if (!text)
        return false;
    bool minus = low < 0 && *text == '-';
    const char *digit = text + minus;
    if (!*digit)
        return false;

    int64_t sum = 0; /* kept negative: its range is the larger one */
    for (; *digit; digit++) {
        if (*digit < '0' || *digit > '9')
            return false;
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, *digit - '0', &sum))
            return false;
    }
    if (!minus && __builtin_sub_overflow(0, sum, &sum))
        return false;
    if (sum < low || sum > high)
        return false;
    *value = sum;
    return true;
}

/* The length of the character at text, 0 when it is not valid. */
static size_t utf8_char(const unsigned char *text, size_t len)
{
    unsigned char c = text[0];
    if (c < 0x80)
        return 1;
    size_t size = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || size > len)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (c == 0xE0 && text[1] < 0xA0) || (c == 0xF0 && text[1] < 0x90);
    bool surrogate = c == 0xED && text[1] > 0x9F;
    bool too_large = c == 0xF4 && text[1] > 0x8F;
    return overlong || surrogate || too_large ? 0 : size;
}

/* How many bytes at the start are ASCII, in steps of eight. */
static size_t ascii_start(const unsigned char *text, size_t len)
{
    size_t start = 0;
    uint64_t eight;
    for (; len - start >= sizeof(eight); start += sizeof(eight)) {
        memcpy(&eight, text + start, sizeof(eight));
        if (eight & 0x8080808080808080)
            break;
    }
    return start;
}

bool str_is_utf8(struct bytes text)
{
    const unsigned char *start = (const unsigned char *)text.data;
    for (size_t i = ascii_start(start, text.len); i < text.len;) {
        size_t size = utf8_char(start + i, text.len - i);
        if (!size)
            return false;
        i += size;
    }
    return true;
}

/* Edit distance (Levenshtein, ignoring case) of strings up to 63 bytes; longer ones are far. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    size_t len = strlen(b);
    if (len >= ARRAY_SIZE(row) || strlen(a) >= ARRAY_SIZE(row))
        return ARRAY_SIZE(row);
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            bool same = strncasecmp(a + i - 1, b + j - 1, 1) == 0;
            size_t best = diagonal + !same;
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[len];
}

const char *str_nearest(const char *word, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t min = strlen(word) / 3 + 2; /* what is farther is not similar */
    for (size_t i = 0; i < count; i++) {
        size_t far = distance(word, names[i]);
        if (far < min) {
            min = far;
            nearest = names[i];
        }
    }
    return nearest;
}
