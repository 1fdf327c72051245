/* SPDX-License-Identifier: Apache-2.0 */
/* Events in the JSON format, read into the header fields of binary mode.
 * Format: cloudevents/spec json-format.md of 1.0 (data_base64) and 0.3 (datacontentencoding). */
#include "kn-local/dataplane/event_message_private.h"

#include "base/base64.h"
#include "base/json/jread.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* "application/json", anything/json, anything/…+json; no type at all means JSON as well. */
static bool is_json(const char *content_type)
{
    OWN(free) char *media = headers_media_type(content_type);
    return !*media || str_ends(media, "/json") || str_ends(media, "+json");
}

static bool is_data(const char *name)
{
    return str_equal(name, "data") || str_equal(name, "data_base64") ||
           str_equal(name, "datacontentencoding");
}

/* Adds a member as a field. Names are checked with those of binary mode, but for capitals, which
 * JSON does not allow. */
static bool add_member(struct headers *fields, const char *name, const json_t *value,
                       struct err *err)
{
    OWN(free) char *field =
        str_equal(name, "datacontenttype") ? str_copy("Content-Type") : str_format("ce-%s", name);
    OWN(free) char *text = NULL;
    for (const char *c = name; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c))
            return err_set(err, ERR_INPUT,
                           "CloudEvent: attribute %s: want only lower-case letters and digits",
                           name);
    if (json_is_string(value))
        text = str_copy(json_string_value(value));
    else if (json_is_boolean(value))
        text = str_copy(json_is_true(value) ? "true" : "false");
    else if (json_is_integer(value) && json_integer_value(value) >= INT32_MIN &&
             json_integer_value(value) <= INT32_MAX)
        text = str_format("%d", (int)json_integer_value(value));
    if (!text)
        return err_set(err, ERR_INPUT,
                       "CloudEvent: attribute %s: want a string, a boolean or a 32-bit integer",
                       name);
    return headers_add(fields, field, text) ||
           err_set(err, ERR_INPUT, "CloudEvent: attribute %s cannot be a header field", name);
}

/* Skips the rest of a string, after its opening quote. */
static const char *skip_string(const char *c, const char *end)
{
    for (; c < end && *c != '"'; c++)
        if (*c == '\\')
            c++;
    return c < end ? c + 1 : end;
}

/* Skips a value of valid JSON. */
static const char *skip_value(const char *c, const char *end)
{
    int depth = 0;
    while (c < end) {
        if (*c == '"') {
            c = skip_string(c + 1, end);
            continue;
        }
        if (depth == 0 && (*c == ',' || *c == '}'))
            break;
        depth += *c == '{' || *c == '[';
        depth -= *c == '}' || *c == ']';
        c++;
    }
    return c;
}

/* The bytes of member "data" of a valid JSON object, as they are written there; empty when its name
 * is written with escapes. */
static struct bytes raw_data(struct bytes text)
{
    static const char space[] = " \t\r\n";
    const char *c = memchr(text.data, '{', text.len), *end = text.data + text.len;
    while (c && c < end && *c != '}') {
        c++; /* the brace or comma */
        while (c < end && strchr(space, *c))
            c++;
        const char *name = c + 1;
        c = c < end ? skip_string(name, end) : end;
        bool found = bytes_equal((struct bytes){name, (size_t)(c - 1 - name)}, bytes_of("data"));
        while (c < end && strchr(": \t\r\n", *c))
            c++;
        const char *value = c;
        c = skip_value(c, end);
        const char *last = c;
        while (last > value && strchr(space, last[-1]))
            last--;
        if (found)
            return (struct bytes){value, (size_t)(last - value)};
    }
    return (struct bytes){0};
}

static bool decode(const char *name, const json_t *value, struct buf *data, struct err *err)
{
    return (json_is_string(value) && base64_decode(bytes_of(json_string_value(value)), data)) ||
           err_set(err, ERR_INPUT, "CloudEvent: %s is not base64", name);
}

static bool read_data(const json_t *tree, struct bytes text, const char *content_type,
                      struct buf *data, struct err *err)
{
    bool v03 = str_equal(json_string_value(json_object_get(tree, "specversion")), "0.3");
    const json_t *value = json_object_get(tree, "data");
    const json_t *base64 = v03 ? NULL : json_object_get(tree, "data_base64");
    const json_t *encoding = v03 ? json_object_get(tree, "datacontentencoding") : NULL;
    if (base64 && !json_is_null(base64)) {
        if (value && !json_is_null(value))
            return err_set(err, ERR_INPUT, "CloudEvent: has both data and data_base64");
        return decode("data_base64", base64, data, err);
    }
    if (!value)
        return true;
    if (encoding && !json_is_null(encoding))
        return str_equal_any_case(json_string_value(encoding), "base64")
                   ? decode("data", value, data, err)
                   : err_set(err, ERR_INPUT, "CloudEvent: datacontentencoding: want base64");
    if (!is_json(content_type)) {
        if (!json_is_string(value))
            return err_set(err, ERR_INPUT, "CloudEvent: data of type %s must be a string",
                           content_type);
        return buf_add_text(data, json_string_value(value));
    }
    struct bytes raw = raw_data(text);
    OWN(free) char *written = raw.len ? NULL : json_to_text(value);
    return written ? buf_add_text(data, written) : buf_add(data, raw.data, raw.len);
}

bool event_message_read_json(struct bytes text, struct headers *fields, struct buf *data,
                             struct err *err)
{
    json_auto_t *tree = json_from_bytes(text, "CloudEvent", ERR_INPUT, err);
    if (!tree)
        return false;
    if (!json_is_object(tree))
        return err_set(err, ERR_INPUT, "CloudEvent: want a JSON object");
    const char *name;
    json_t *value;
    json_object_foreach(tree, name, value)
    {
        if (!is_data(name) && !json_is_null(value) && !add_member(fields, name, value, err))
            return false;
    }
    return read_data(tree, text, headers_get(fields, "Content-Type"), data, err);
}
