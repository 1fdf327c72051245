/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/api/proto_json.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* A path in the document, for messages: "topic.labels". */
struct field_path {
    const struct field_path *parent;
    const char *name;
    struct err *err;
};

static void add_path(struct buf *text, const struct field_path *path)
{
    if (!path || !path->name)
        return;
    add_path(text, path->parent);
    buf_add_format(text, "%s%s", text->len ? "." : "", path->name);
}

/* Both return NULL. */
static json_t *fail_value(const struct field_path *path, const char *type)
{
    OWN(buf) struct buf text = {0};
    add_path(&text, path);
    err_set(path->err, ERR_INPUT, "Invalid JSON payload received. Invalid value at '%s' (TYPE_%s)",
            text.data ? text.data : "", type);
    return NULL;
}

static json_t *fail_name(const struct field_path *path, const char *name)
{
    OWN(buf) struct buf text = {0};
    add_path(&text, path);
    const char *where = text.len ? text.data : NULL;
    err_set(path->err, ERR_INPUT,
            "Invalid JSON payload received. Unknown name \"%s\"%s%s%s: Cannot find field.", name,
            where ? " at '" : "", where ? where : "", where ? "'" : "");
    return NULL;
}

/* Whether snake is the snake_case of camel. */
static bool same_name(const char *camel, const char *snake)
{
    for (; *camel && *snake; camel++, snake++) {
        if (isupper((unsigned char)*camel) && *snake == '_') {
            snake++;
            if (*snake != tolower((unsigned char)*camel))
                return false;
        } else if (*camel != *snake) {
            return false;
        }
    }
    return *camel == *snake;
}

const struct proto_json_field *proto_json_find(const struct proto_json_field *fields,
                                               const char *name)
{
    for (; fields->name; fields++)
        if (str_equal(fields->name, name) || same_name(fields->name, name))
            return fields;
    return NULL;
}

static json_t *read_string(const json_t *in, const struct field_path *path)
{
    if (json_is_string(in))
        return json_string(json_string_value(in));
    return fail_value(path, "STRING");
}

static json_t *read_int32(const json_t *in, const struct field_path *path)
{
    int64_t number = 0;
    bool ok = true;
    if (json_is_integer(in))
        number = json_integer_value(in);
    else if (json_is_real(in) && fabs(json_real_value(in)) <= INT32_MAX)
        number = (int64_t)json_real_value(in);
    else
        ok = json_is_string(in) && str_int(json_string_value(in), INT32_MIN, INT32_MAX, &number);
    if (json_is_real(in) && (double)number != json_real_value(in)) /* a fraction */
        ok = false;
    if (ok && number >= INT32_MIN && number <= INT32_MAX)
        return json_integer(number);
    return fail_value(path, "INT32");
}

static json_t *read_bool(const json_t *in, const struct field_path *path)
{
    if (json_is_boolean(in))
        return json_boolean(json_is_true(in));
    const char *text = json_string_value(in);
    if (str_equal(text, "true") || str_equal(text, "false"))
        return json_boolean(str_equal(text, "true"));
    return fail_value(path, "BOOL");
}

static json_t *read_duration(const json_t *in, const struct field_path *path)
{
    int64_t duration_ns;
    if (!proto_json_parse_duration(json_string_value(in), &duration_ns))
        return fail_value(path, "DURATION");
    OWN(free) char *text = proto_json_duration_text(duration_ns);
    return json_string(text);
}

static json_t *read_timestamp(const json_t *in, const struct field_path *path)
{
    int64_t time_ns;
    if (!json_is_string(in) || !timestamp_parse(json_string_value(in), &time_ns))
        return fail_value(path, "TIMESTAMP");
    char text[PROTO_JSON_TIME_TEXT];
    proto_json_time_text(time_ns, text);
    return json_string(text);
}

/* The values of a map are strings; numbers and booleans are read as their text. */
static json_t *read_map(const json_t *in, const struct field_path *path)
{
    if (!json_is_object(in))
        return fail_value(path, "MAP");
    json_auto_t *out = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, key, value)
    {
        struct field_path member = {path, key, path->err};
        if (json_is_object(value) || json_is_array(value) || json_is_null(value))
            return fail_value(&member, "STRING");
        OWN(free) char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        json_object_set_new(out, key, json_string(text ? text : json_string_value(value)));
    }
    return json_incref(out);
}

static json_t *read_object(const json_t *in, const struct proto_json_field *fields,
                           const struct field_path *path);

static json_t *read_list(const json_t *in, const struct proto_json_field *field,
                         const struct field_path *path)
{
    if (!json_is_array(in))
        return fail_value(path, "LIST");
    json_auto_t *out = json_array();
    size_t index;
    json_t *value;
    json_array_foreach((json_t *)(uintptr_t)in, index, value)
    {
        json_t *item = field->kind == PROTO_JSON_STRINGS ? read_string(value, path)
                                                         : read_object(value, field->fields, path);
        if (!item)
            return NULL;
        json_array_append_new(out, item);
    }
    return json_incref(out);
}

static json_t *read_value(const json_t *in, const struct proto_json_field *field,
                          const struct field_path *path)
{
    switch (field->kind) {
    case PROTO_JSON_STRING:
    case PROTO_JSON_MASK:
        return read_string(in, path);
    case PROTO_JSON_INT32:
        return read_int32(in, path);
    case PROTO_JSON_BOOL:
        return read_bool(in, path);
    case PROTO_JSON_DURATION:
        return read_duration(in, path);
    case PROTO_JSON_TIMESTAMP:
        return read_timestamp(in, path);
    case PROTO_JSON_MAP:
        return read_map(in, path);
    case PROTO_JSON_STRINGS:
    case PROTO_JSON_LIST:
        return read_list(in, field, path);
    case PROTO_JSON_OBJECT:
        return read_object(in, field->fields, path);
    case PROTO_JSON_ANY:
    case PROTO_JSON_OUTPUT:
        break;
    }
    return json_deep_copy(in);
}

/* Whether proto3 omits the value. */
static bool is_default(const json_t *value, enum proto_json_kind kind)
{
    if (kind == PROTO_JSON_OBJECT || kind == PROTO_JSON_ANY)
        return false;
    switch (json_typeof(value)) {
    case JSON_STRING:
        return kind != PROTO_JSON_DURATION && kind != PROTO_JSON_TIMESTAMP &&
               json_string_length(value) == 0;
    case JSON_INTEGER:
        return json_integer_value(value) == 0;
    case JSON_FALSE:
        return true;
    case JSON_ARRAY:
        return json_array_size(value) == 0;
    case JSON_OBJECT:
        return json_object_size(value) == 0;
    default:
        return false;
    }
}

static json_t *read_object(const json_t *in, const struct proto_json_field *fields,
                           const struct field_path *path)
{
    if (!json_is_object(in))
        return fail_value(path, "MESSAGE");
    json_auto_t *out = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, key, value)
    {
        const struct proto_json_field *field = proto_json_find(fields, key);
        if (!field)
            return fail_name(path, key);
        if (json_is_null(value) || field->kind == PROTO_JSON_OUTPUT)
            continue;
        struct field_path member = {path, field->name, path->err};
        json_t *copy = read_value(value, field, &member);
        if (!copy)
            return NULL;
        if (is_default(copy, field->kind))
            json_decref(copy);
        else
            json_object_set_new(out, field->name, copy);
    }
    return json_incref(out);
}

json_t *proto_json_read(const json_t *object, const struct proto_json_field *fields,
                        struct err *err)
{
    struct field_path root = {.err = err};
    return read_object(object, fields, &root);
}

bool proto_json_parse_duration(const char *text, int64_t *duration_ns)
{
    size_t len = text ? strlen(text) : 0;
    if (len < 2 || len > 32 || text[len - 1] != 's')
        return false;
    char whole[33];
    memcpy(whole, text, len - 1);
    whole[len - 1] = '\0';

    char *dot = strchr(whole, '.');
    int64_t seconds, fraction = 0;
    if (dot) {
        size_t digits = strlen(dot + 1);
        if (digits < 1 || digits > 9 || !str_int(dot + 1, 0, NS_PER_SEC, &fraction) ||
            dot[1] == '-')
            return false;
        for (; digits < 9; digits++)
            fraction *= 10;
        *dot = '\0';
    }
    if (!str_int(whole, -9000000000, 9000000000, &seconds))
        return false;
    *duration_ns = seconds * NS_PER_SEC + (whole[0] == '-' ? -fraction : fraction);
    return true;
}

/* How many fraction digits proto3 writes: none, or groups of three. */
static int digits_of(int64_t fraction_ns)
{
    if (fraction_ns == 0)
        return 0;
    if (fraction_ns % NS_PER_MS == 0)
        return 3;
    return fraction_ns % 1000 == 0 ? 6 : 9;
}

char *proto_json_duration_text(int64_t duration_ns)
{
    int64_t size = duration_ns < 0 ? -duration_ns : duration_ns, fraction = size % NS_PER_SEC;
    const char *sign = duration_ns < 0 ? "-" : "";
    int digits = digits_of(fraction);
    if (digits == 0)
        return str_format("%s%llds", sign, (long long)(size / NS_PER_SEC));
    for (int i = digits; i < 9; i++)
        fraction /= 10;
    return str_format("%s%lld.%0*llds", sign, (long long)(size / NS_PER_SEC), digits,
                      (long long)fraction);
}

void proto_json_time_text(int64_t time_ns, char text[PROTO_JSON_TIME_TEXT])
{
    timestamp_format(time_ns, text);
    char *dot = strchr(text, '.');
    if (!dot)
        return;
    size_t digits = strlen(dot + 1) - 1; /* without Z */
    for (text = dot + 1 + digits; digits % 3 != 0; digits++)
        *text++ = '0';
    memcpy(text, "Z", 2);
}
