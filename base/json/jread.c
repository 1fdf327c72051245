/* SPDX-License-Identifier: Apache-2.0 */
/* Reads JSON objects. */
#include "base/json/jread.h"

#include "base/json/json_plain.h"
#include "base/own.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 128 };

/* Whether brackets nest too deep for recursive code. Runs before the parser, whose own limit of
 * 2048 levels is not one for small thread stacks. */
static bool too_deep(struct bytes text)
{
    int level = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++level > MAX_DEPTH)
                return true;
        } else if (c == ']' || c == '}') {
            level--;
        }
    }
    return false;
}

json_t *json_from_bytes(struct bytes text, const char *what, int status, struct err *err)
{
    if (text.len == 0) {
        err_set(err, status, "%s: is empty, want JSON", what);
        return NULL;
    }
    json_t *plain = json_plain_parse(text);
    if (plain)
        return plain;
    if (too_deep(text)) {
        err_set(err, status, "%s: nests deeper than %d levels", what, MAX_DEPTH);
        return NULL;
    }
    json_error_t error;
    json_t *tree =
        json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!tree)
        err_set(err, status, "%s: is not valid JSON: %s (line %d, column %d)", what, error.text,
                error.line, error.column);
    return tree;
}

char *json_to_text(const json_t *tree)
{
    char *text = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        abort(); /* out of memory: our trees hold valid UTF-8 and no cycles */
    return text;
}

/* Writes the path of a field, e.g. `responses[0].score`. */
static void add_path(struct buf *path, const struct jread *at)
{
    if (!at->parent)
        return;
    add_path(path, at->parent);
    if (at->key)
        buf_add_format(path, "%s%s", path->len ? "." : "", at->key);
    else
        buf_add_format(path, "[%zu]", at->index);
}

bool jread_fail(struct jread *at, const char *key, const char *fmt, ...)
{
    if (at->err->status)
        return false;

    OWN(buf) struct buf path = {0};
    add_path(&path, at);
    if (key)
        buf_add_format(&path, "%s%s", path.len ? "." : "", key);

    va_list args;
    va_start(args, fmt);
    OWN(free) char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0)
        abort();
    va_end(args);
    return err_set(at->err, at->status, "%s: %s%s%s", at->what, path.len ? path.data : "",
                   path.len ? " " : "", text);
}

/* Fails with "is missing, want a string" or "is a number, want a string". */
static void fail_type(struct jread *at, const char *key, const json_t *value, const char *want)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",  [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    if (!value)
        jread_fail(at, key, "is missing, want %s", want);
    else
        jread_fail(at, key, "is %s, want %s", names[json_typeof(value)], want);
}

struct jread jread_open(const json_t *tree, const char *what, int status, struct err *err)
{
    struct jread at = {.here = tree, .what = what, .status = status, .err = err};
    if (!json_is_object(tree) && !err->status) {
        at.here = NULL;
        fail_type(&at, NULL, tree, "an object");
    }
    return at;
}

bool jread_ok(const struct jread *at)
{
    return at->err->status == 0;
}

/* The value of a key, NULL when missing, null, or reading has failed before. */
static const json_t *field(const struct jread *at, const char *key)
{
    const json_t *value = jread_ok(at) ? json_object_get(at->here, key) : NULL;
    return json_is_null(value) ? NULL : value;
}

bool jread_has(const struct jread *at, const char *key)
{
    return field(at, key) != NULL;
}

static const char *string_of(struct jread *at, const char *key, const json_t *value)
{
    if (json_is_string(value))
        return json_string_value(value);
    fail_type(at, key, value, "a string");
    return "";
}

const char *jread_str(struct jread *at, const char *key)
{
    return string_of(at, key, field(at, key));
}

const char *jread_str_or(struct jread *at, const char *key, const char *fallback)
{
    const json_t *value = field(at, key);
    return value ? string_of(at, key, value) : fallback;
}

int64_t jread_int64(struct jread *at, const char *key, int64_t low, int64_t high)
{
    const json_t *value = field(at, key);
    int64_t number = 0;
    if (json_is_integer(value)) {
        number = json_integer_value(value);
    } else if (!json_is_string(value) ||
               !str_int(json_string_value(value), INT64_MIN, INT64_MAX, &number)) {
        fail_type(at, key, value, "a whole number");
        return 0;
    }
    if (number < low || number > high) {
        jread_fail(at, key, "is %lld, want %lld to %lld", (long long)number, (long long)low,
                   (long long)high);
        return 0;
    }
    return number;
}

int64_t jread_int64_or(struct jread *at, const char *key, int64_t low, int64_t high,
                       int64_t fallback)
{
    return jread_has(at, key) ? jread_int64(at, key, low, high) : fallback;
}

double jread_real(struct jread *at, const char *key)
{
    const json_t *value = field(at, key);
    if (!json_is_number(value)) {
        fail_type(at, key, value, "a number");
        return 0;
    }
    return json_number_value(value);
}

double jread_real_or(struct jread *at, const char *key, double fallback)
{
    return jread_has(at, key) ? jread_real(at, key) : fallback;
}

bool jread_bool_or(struct jread *at, const char *key, bool fallback)
{
    const json_t *value = field(at, key);
    if (!value)
        return fallback;
    if (!json_is_boolean(value))
        fail_type(at, key, value, "true or false");
    return json_is_true(value);
}

static struct jread child(struct jread *at, const char *key, const json_t *value)
{
    return (struct jread){.here = value,
                          .what = at->what,
                          .parent = at,
                          .key = key,
                          .status = at->status,
                          .err = at->err};
}

struct jread jread_obj(struct jread *at, const char *key)
{
    const json_t *value = field(at, key);
    if (!json_is_object(value)) {
        fail_type(at, key, value, "an object");
        value = NULL;
    }
    return child(at, key, value);
}

struct jread jread_list(struct jread *at, const char *key)
{
    const json_t *value = field(at, key);
    if (!json_is_array(value)) {
        fail_type(at, key, value, "a list");
        value = NULL;
    }
    return child(at, key, value);
}

struct jread jread_obj_or_empty(struct jread *at, const char *key)
{
    return jread_has(at, key) ? jread_obj(at, key) : child(at, key, NULL);
}

struct jread jread_list_or_empty(struct jread *at, const char *key)
{
    return jread_has(at, key) ? jread_list(at, key) : child(at, key, NULL);
}

size_t jread_count(const struct jread *list)
{
    return json_array_size(list->here);
}

struct jread jread_item(struct jread *list, size_t index)
{
    struct jread item = child(list, NULL, json_array_get(list->here, index));
    item.index = index;
    if (!json_is_object(item.here)) {
        fail_type(&item, NULL, item.here, "an object");
        item.here = NULL;
    }
    return item;
}

struct jread jread_item_list(struct jread *list, size_t index)
{
    struct jread item = child(list, NULL, json_array_get(list->here, index));
    item.index = index;
    if (!json_is_array(item.here)) {
        fail_type(&item, NULL, item.here, "a list");
        item.here = NULL;
    }
    return item;
}

const char *jread_item_str(struct jread *list, size_t index)
{
    struct jread item = child(list, NULL, json_array_get(list->here, index));
    item.index = index;
    if (!json_is_string(item.here)) {
        fail_type(&item, NULL, item.here, "a string");
        return "";
    }
    return json_string_value(item.here);
}

bool jread_only(struct jread *at, const char *const *names, size_t count)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)at->here, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < count && !known; i++)
            known = str_equal(key, names[i]);
        if (known)
            continue;
        const char *nearest = str_nearest(key, names, count);
        return nearest ? jread_fail(at, key, "is not known; did you mean %s?", nearest)
                       : jread_fail(at, key, "is not known");
    }
    return jread_ok(at);
}
