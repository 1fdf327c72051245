/* SPDX-License-Identifier: Apache-2.0 */
/* Relaxed JSON: rewritten as strict JSON, which jansson then reads. */
#include "translate/relaxed_json.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* Copies a string in either kind of quotes as one in double quotes. Returns where it ends. */
static const char *copy_string(const char *at, const char *end, struct buf *out)
{
    char quote = *at++;
    buf_add_text(out, "\"");
    for (; at < end && *at != quote; at++) {
        if (*at == '\\' && at + 1 < end) {
            if (at[1] != '\'') /* \' is no escape of JSON */
                buf_add(out, at, 1);
            at++;
            buf_add(out, at, 1);
        } else if (*at == '"') {
            buf_add_text(out, "\\\"");
        } else {
            buf_add(out, at, 1);
        }
    }
    if (at < end)
        buf_add_text(out, "\"");
    return at < end ? at + 1 : at;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at;
}

/* Copies a bare word: in quotes when it is a member's name, else as it is (true, null, 12). */
static const char *copy_word(const char *at, const char *end, struct buf *out)
{
    const char *first = at;
    while (at < end && is_name(*at))
        at++;
    const char *next = skip_space(at, end);
    const char *quote = next < end && *next == ':' ? "\"" : "";
    buf_add_text(out, quote);
    buf_add(out, first, (size_t)(at - first));
    buf_add_text(out, quote);
    return at;
}

json_t *relaxed_json_parse(struct bytes text, const char *what, struct err *err)
{
    OWN(buf) struct buf strict = {0};
    const char *end = text.data + text.len;
    for (const char *at = text.data; at < end;) {
        if (*at == '"' || *at == '\'') {
            at = copy_string(at, end, &strict);
        } else if (is_name(*at)) {
            at = copy_word(at, end, &strict);
        } else {
            const char *next = skip_space(at + 1, end);
            bool last_comma = *at == ',' && next < end && (*next == '}' || *next == ']');
            if (!last_comma)
                buf_add(&strict, at, 1);
            at++;
        }
    }
    return json_from_bytes(buf_bytes(&strict), what, ERR_INPUT, err);
}
