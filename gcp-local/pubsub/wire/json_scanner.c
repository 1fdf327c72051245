/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON text in one pass, without a tree. */
#include "gcp-local/pubsub/wire/json_scanner.h"

#include <ctype.h>
#include <string.h>

bool json_scanner_fail(struct json_scanner *scan)
{
    scan->bad = true;
    scan->at = scan->end;
    return false;
}

static void skip_space(struct json_scanner *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

bool json_scanner_take(struct json_scanner *scan, char c)
{
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

bool json_scanner_expect(struct json_scanner *scan, char c)
{
    return json_scanner_take(scan, c) || json_scanner_fail(scan);
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '+' || c == '-' || c == '.';
}

bool json_scanner_literal(struct json_scanner *scan, const char *word)
{
    skip_space(scan);
    size_t len = strlen(word);
    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0 ||
        (scan->at + len < scan->end && in_word(scan->at[len])))
        return false;
    scan->at += len;
    return true;
}

bool json_scanner_next(struct json_scanner *scan, char close, bool *first)
{
    bool was_first = *first;
    *first = false;
    if (scan->bad || json_scanner_take(scan, close))
        return false;
    return was_first || json_scanner_expect(scan, ',');
}

static bool take_hex4(struct json_scanner *scan, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        if (scan->at == scan->end || !isxdigit((unsigned char)*scan->at))
            return json_scanner_fail(scan);
        unsigned char c = (unsigned char)*scan->at++;
        *value = *value << 4 | ((unsigned)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10));
    }
    return true;
}

static void add_point(struct buf *room, unsigned point)
{
    char utf8[4];
    size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i-- > 1; point >>= 6)
        utf8[i] = (char)(0x80 | (point & 0x3F));
    utf8[0] = (char)(marks[len] | point);
    buf_add(room, utf8, len);
}

/* \uXXXX, and the second half that a high surrogate must have. */
static bool take_point(struct json_scanner *scan, struct buf *room)
{
    unsigned point, low;
    if (!take_hex4(scan, &point))
        return false;
    if (point >= 0xD800 && point < 0xDC00) {
        if (scan->end - scan->at < 6 || scan->at[0] != '\\' || scan->at[1] != 'u')
            return json_scanner_fail(scan);
        scan->at += 2;
        if (!take_hex4(scan, &low) || low < 0xDC00 || low > 0xDFFF)
            return json_scanner_fail(scan);
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    if (point == 0 || (point >= 0xDC00 && point < 0xE000))
        return json_scanner_fail(scan);
    add_point(room, point);
    return true;
}

static bool take_escape(struct json_scanner *scan, struct buf *room)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (scan->at == scan->end)
        return json_scanner_fail(scan);
    char c = *scan->at++;
    if (c == 'u')
        return take_point(scan, room);
    const char *name = c ? strchr(names, c) : NULL;
    return name ? buf_add(room, values + (name - names), 1) : json_scanner_fail(scan);
}

/* How many bytes from here on are plain: no quote, backslash or control character. */
static size_t plain_len(const struct json_scanner *scan)
{
    const char *at = scan->at;
    while (at < scan->end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    return (size_t)(at - scan->at);
}

bool json_scanner_string(struct json_scanner *scan, struct buf *room, struct bytes *string)
{
    *string = (struct bytes){0};
    if (!json_scanner_expect(scan, '"'))
        return false;
    size_t len = plain_len(scan);
    if (scan->at + len < scan->end && scan->at[len] == '"') {
        *string = (struct bytes){scan->at, len};
        scan->at += len + 1;
        return true;
    }
    size_t start = room->len;
    for (;;) {
        buf_add(room, scan->at, len);
        scan->at += len;
        if (scan->at == scan->end || (unsigned char)*scan->at < 0x20)
            return json_scanner_fail(scan);
        if (*scan->at++ == '"')
            break;
        if (!take_escape(scan, room))
            return false;
        len = plain_len(scan);
    }
    *string = (struct bytes){room->data + start, room->len - start};
    return true;
}

/* The grammar of RFC 8259 section 6. */
static size_t number_len(const char *at, const char *end)
{
    const char *start = at;
    if (at < end && *at == '-')
        at++;
    if (at == end || !isdigit((unsigned char)*at))
        return 0;
    if (*at++ != '0')
        while (at < end && isdigit((unsigned char)*at))
            at++;
    if (end - at >= 2 && *at == '.' && isdigit((unsigned char)at[1]))
        for (at++; at < end && isdigit((unsigned char)*at);)
            at++;
    if (at < end && (*at == 'e' || *at == 'E')) {
        const char *digits = at + 1;
        if (digits < end && (*digits == '+' || *digits == '-'))
            digits++;
        if (digits < end && isdigit((unsigned char)*digits))
            for (at = digits; at < end && isdigit((unsigned char)*at);)
                at++;
    }
    return (size_t)(at - start);
}

bool json_scanner_primitive(struct json_scanner *scan, struct bytes *text)
{
    skip_space(scan);
    const char *start = scan->at;
    if (!json_scanner_literal(scan, "true") && !json_scanner_literal(scan, "false"))
        scan->at += number_len(scan->at, scan->end);
    *text = (struct bytes){start, (size_t)(scan->at - start)};
    if (text->len == 0 || (scan->at < scan->end && in_word(*scan->at)))
        return json_scanner_fail(scan);
    return true;
}

bool json_scanner_at_end(struct json_scanner *scan)
{
    skip_space(scan);
    return !scan->bad && scan->at == scan->end;
}
