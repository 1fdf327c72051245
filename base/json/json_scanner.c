/* SPDX-License-Identifier: Apache-2.0 */
/* Reads JSON text in one pass, without a tree. */
#include "base/json/json_scanner.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

struct json_scanner json_scanner_open(struct bytes text)
{
    const char *start = text.len ? text.data : "";
    return (struct json_scanner){.position = start, .end = start + text.len};
}

bool json_scanner_fail(struct json_scanner *scanner)
{
    scanner->failed = true;
    scanner->position = scanner->end;
    return false;
}

static void skip_space(struct json_scanner *scanner)
{
    while (scanner->position < scanner->end &&
           (*scanner->position == ' ' || *scanner->position == '\n' || *scanner->position == '\r' ||
            *scanner->position == '\t'))
        scanner->position++;
}

bool json_scanner_take(struct json_scanner *scanner, char c)
{
    skip_space(scanner);
    if (scanner->position == scanner->end || *scanner->position != c)
        return false;
    scanner->position++;
    return true;
}

bool json_scanner_expect(struct json_scanner *scanner, char c)
{
    return json_scanner_take(scanner, c) || json_scanner_fail(scanner);
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '+' || c == '-' || c == '.';
}

bool json_scanner_literal(struct json_scanner *scanner, const char *word)
{
    skip_space(scanner);
    size_t len = strlen(word);
    if ((size_t)(scanner->end - scanner->position) < len ||
        memcmp(scanner->position, word, len) != 0 ||
        (scanner->position + len < scanner->end && in_word(scanner->position[len])))
        return false;
    scanner->position += len;
    return true;
}

bool json_scanner_next(struct json_scanner *scanner, char close, bool *first)
{
    bool was_first = *first;
    *first = false;
    if (scanner->failed || json_scanner_take(scanner, close))
        return false;
    return was_first || json_scanner_expect(scanner, ',');
}

static bool take_hex4(struct json_scanner *scanner, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        if (scanner->position == scanner->end || !isxdigit((unsigned char)*scanner->position))
            return json_scanner_fail(scanner);
        unsigned char c = (unsigned char)*scanner->position++;
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
static bool take_point(struct json_scanner *scanner, struct buf *room)
{
    unsigned point, low;
    if (!take_hex4(scanner, &point))
        return false;
    if (point >= 0xD800 && point < 0xDC00) {
        if (scanner->end - scanner->position < 6 || scanner->position[0] != '\\' ||
            scanner->position[1] != 'u')
            return json_scanner_fail(scanner);
        scanner->position += 2;
        if (!take_hex4(scanner, &low) || low < 0xDC00 || low > 0xDFFF)
            return json_scanner_fail(scanner);
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    if (point == 0 || (point >= 0xDC00 && point < 0xE000))
        return json_scanner_fail(scanner);
    add_point(room, point);
    return true;
}

static bool take_escape(struct json_scanner *scanner, struct buf *room)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (scanner->position == scanner->end)
        return json_scanner_fail(scanner);
    char c = *scanner->position++;
    if (c == 'u')
        return take_point(scanner, room);
    const char *name = c ? strchr(names, c) : NULL;
    return name ? buf_add(room, values + (name - names), 1) : json_scanner_fail(scanner);
}

/* How many bytes follow without a quote, backslash or control character. */
static size_t plain_len(const struct json_scanner *scanner, bool *ascii)
{
    const char *c = scanner->position;
    unsigned char all = 0;
    for (; c < scanner->end && *c != '"' && *c != '\\' && (unsigned char)*c >= 0x20; c++)
        all |= (unsigned char)*c;
    *ascii = *ascii && all < 0x80;
    return (size_t)(c - scanner->position);
}

/* The rest of a string with escapes, of which len plain bytes come first. */
static bool unescape(struct json_scanner *scanner, size_t len, bool *ascii, struct buf *room)
{
    for (;;) {
        buf_add(room, scanner->position, len);
        scanner->position += len;
        if (scanner->position == scanner->end || (unsigned char)*scanner->position < 0x20)
            return json_scanner_fail(scanner);
        if (*scanner->position++ == '"')
            return true;
        if (!take_escape(scanner, room))
            return false;
        len = plain_len(scanner, ascii);
    }
}

bool json_scanner_string(struct json_scanner *scanner, struct buf *room, struct bytes *string)
{
    *string = (struct bytes){0};
    if (!json_scanner_expect(scanner, '"'))
        return false;
    bool ascii = true;
    size_t len = plain_len(scanner, &ascii);
    if (scanner->position + len < scanner->end && scanner->position[len] == '"') {
        *string = (struct bytes){scanner->position, len};
        scanner->position += len + 1;
    } else {
        size_t start = room ? room->len : 0;
        if (!room)
            return json_scanner_fail(scanner);
        if (!unescape(scanner, len, &ascii, room))
            return false;
        *string = (struct bytes){room->data + start, room->len - start};
    }
    return ascii || str_is_utf8(*string) || json_scanner_fail(scanner);
}

bool json_scanner_name(struct json_scanner *scanner, struct buf *room, struct bytes *name)
{
    return json_scanner_string(scanner, room, name) && json_scanner_expect(scanner, ':');
}

/* The grammar of RFC 8259 section 6. */
static size_t number_len(const char *start, const char *end)
{
    const char *c = start;
    if (c < end && *c == '-')
        c++;
    if (c == end || !isdigit((unsigned char)*c))
        return 0;
    if (*c++ != '0')
        while (c < end && isdigit((unsigned char)*c))
            c++;
    if (end - c >= 2 && *c == '.' && isdigit((unsigned char)c[1]))
        for (c++; c < end && isdigit((unsigned char)*c);)
            c++;
    if (c < end && (*c == 'e' || *c == 'E')) {
        const char *digits = c + 1;
        if (digits < end && (*digits == '+' || *digits == '-'))
            digits++;
        if (digits < end && isdigit((unsigned char)*digits))
            for (c = digits; c < end && isdigit((unsigned char)*c);)
                c++;
    }
    return (size_t)(c - start);
}

bool json_scanner_primitive(struct json_scanner *scanner, struct bytes *text)
{
    skip_space(scanner);
    const char *start = scanner->position;
    if (!json_scanner_literal(scanner, "true") && !json_scanner_literal(scanner, "false"))
        scanner->position += number_len(scanner->position, scanner->end);
    *text = (struct bytes){start, (size_t)(scanner->position - start)};
    if (text->len == 0 || (scanner->position < scanner->end && in_word(*scanner->position)))
        return json_scanner_fail(scanner);
    return true;
}

bool json_scanner_at_end(struct json_scanner *scanner)
{
    skip_space(scanner);
    return !scanner->failed && scanner->position == scanner->end;
}
