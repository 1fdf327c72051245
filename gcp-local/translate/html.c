/* SPDX-License-Identifier: Apache-2.0 */
/* HTML for Apertium. */
#include "gcp-local/translate/html.h"

#include "base/str.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* The length of the tag or comment at text, 0 if there is no such thing. */
static size_t tag_len(const char *text)
{
    if (*text != '<' || !(isalpha((unsigned char)text[1]) || (text[1] && strchr("/!?", text[1]))))
        return 0;
    bool comment = str_starts(text, "<!--");
    const char *end = strstr(comment ? text + 4 : text, comment ? "-->" : ">");
    return end ? (size_t)(end - text) + (comment ? 3 : 1) : 0;
}

/* The length of the entity at text with & and ;, 0 if there is no such thing. */
static size_t entity_len(const char *text)
{
    enum { MAX_ENTITY = 10 };
    if (*text != '&')
        return 0;
    size_t len = 1 + (text[1] == '#');
    while (len < MAX_ENTITY && isalnum((unsigned char)text[len]))
        len++;
    return len > 2 && text[len] == ';' ? len + 1 : 0;
}

/* The letters from U+00C0 to U+00FF, in order. */
static const char *const letters[] = {
    "Agrave", "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig", "Ccedil",
    "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave", "Iacute", "Icirc", "Iuml",
    "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",  "times",
    "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN", "szlig",
    "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",  "aelig", "ccedil",
    "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc", "iuml",
    "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",  "divide",
    "oslash", "ugrave", "uacute", "ucirc",  "uuml",   "yacute", "thorn", "yuml",
};

static const struct {
    const char *name;
    uint32_t code;
} others[] = {
    {"quot", '"'},     {"apos", '\''},    {"nbsp", 0xA0},     {"iexcl", 0xA1},   {"laquo", 0xAB},
    {"middot", 0xB7},  {"raquo", 0xBB},   {"iquest", 0xBF},   {"ordf", 0xAA},    {"ordm", 0xBA},
    {"euro", 0x20AC},  {"ndash", 0x2013}, {"mdash", 0x2014},  {"lsquo", 0x2018}, {"rsquo", 0x2019},
    {"ldquo", 0x201C}, {"rdquo", 0x201D}, {"hellip", 0x2026},
};

/* The character of an entity's name, without & and ;; 0 when unknown. */
static uint32_t named_character(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
        if (str_equal(name, letters[i]))
            return 0xC0 + (uint32_t)i;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (str_equal(name, others[i].name))
            return others[i].code;
    return 0;
}

static uint32_t entity_character(const char *entity, size_t len)
{
    OWN(free) char *name = str_copy_bytes((struct bytes){entity + 1, len - 2});
    if (*name != '#')
        return named_character(name);
    bool hex = name[1] == 'x' || name[1] == 'X';
    const char *digits = name + 1 + hex;
    char *end = NULL;
    unsigned long code = strtoul(digits, &end, hex ? 16 : 10);
    bool valid = end != digits && !*end && code >= 0x20 && code <= 0x10FFFF &&
                 (code < 0xD800 || code > 0xDFFF);
    return valid ? (uint32_t)code : 0;
}

static void add_utf8(struct buf *out, uint32_t code)
{
    char bytes[4];
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3F));
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    bytes[0] = (char)(leads[len] | code);
    buf_add(out, bytes, len);
}

char *html_decode_entities(const char *text)
{
    struct buf out = {0};
    while (*text) {
        size_t len = tag_len(text), entity = entity_len(text);
        uint32_t code = entity ? entity_character(text, entity) : 0;
        if (code && code != '&' && code != '<' && code != '>')
            add_utf8(&out, code);
        else
            buf_add(&out, text, len ? len : entity ? entity : 1);
        text += len ? len : entity ? entity : 1;
    }
    return buf_take(&out);
}

static void add_escaped(struct buf *out, char c)
{
    switch (c) {
    case '&':
        buf_add_text(out, "&amp;");
        break;
    case '<':
        buf_add_text(out, "&lt;");
        break;
    case '>':
        buf_add_text(out, "&gt;");
        break;
    case '"':
        buf_add_text(out, "&quot;");
        break;
    case '\'':
        buf_add_text(out, "&#39;");
        break;
    default:
        buf_add(out, &c, 1);
    }
}

char *html_encode_entities(const char *text)
{
    struct buf out = {0};
    while (*text) {
        size_t len = tag_len(text);
        if (!len)
            len = entity_len(text);
        if (len)
            buf_add(&out, text, len);
        else
            add_escaped(&out, *text);
        text += len ? len : 1;
    }
    return buf_take(&out);
}
