/* SPDX-License-Identifier: Apache-2.0 */
/* Relaxed JSON, converted to strict JSON for jansson. */
#include "translate/relaxed_json.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* Copies a string in single or double quotes as one in double quotes. Returns its end. */
static const char *copy_string(const char *position, const char *end, struct buf *out)
{
    char quote = *position++;
    buf_add_text(out, "\"");
    for (; position < end && *position != quote; position++) {
        if (*position == '\\' && position + 1 < end) {
            if (position[1] != '\'') /* JSON has no escape \' */
                buf_add(out, position, 1);
            position++;
            buf_add(out, position, 1);
        } else if (*position == '"') {
            buf_add_text(out, "\\\"");
        } else {
            buf_add(out, position, 1);
        }
    }
    if (position < end)
        buf_add_text(out, "\"");
    return position < end ? position + 1 : position;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static const char *skip_space(const char *position, const char *end)
{
    while (position < end && isspace((unsigned char)*position))
        position++;
    return position;
}

/* Copies a bare word: with quotes when it is a member's name, else unchanged (true, null, 12). */
static const char *copy_word(const char *position, const char *end, struct buf *out)
{
    const char *start = position;
    while (position < end && is_name(*position))
        position++;
    const char *next = skip_space(position, end);
    const char *quote = next < end && *next == ':' ? "\"" : "";
    buf_add_text(out, quote);
    buf_add(out, start, (size_t)(position - start));
    buf_add_text(out, quote);
    return position;
}

json_t *relaxed_json_parse(struct bytes text, const char *what, struct err *err)
{
    OWN(buf) struct buf strict = {0};
    const char *end = text.data + text.len;
    for (const char *position = text.data; position < end;) {
        if (*position == '"' || *position == '\'') {
            position = copy_string(position, end, &strict);
        } else if (is_name(*position)) {
            position = copy_word(position, end, &strict);
        } else {
            const char *next = skip_space(position + 1, end);
            bool last_comma = *position == ',' && next < end && (*next == '}' || *next == ']');
            if (!last_comma)
                buf_add(&strict, position, 1);
            position++;
        }
    }
    return json_from_bytes(buf_bytes(&strict), what, ERR_INPUT, err);
}
