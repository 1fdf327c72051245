/* SPDX-License-Identifier: Apache-2.0 */
/* JSON patch (RFC 6902) with JSON pointers (RFC 6901). */
#include "kn-local/api/json_patch.h"
#include "base/json/jread.h"
#include "base/str.h"

#include <string.h>

enum { INVALID = 422, MAX_STEPS = 64 };

/* A JSON pointer, split and unescaped. */
struct json_pointer {
    char *step[MAX_STEPS];
    size_t count;
};

static void own_json_pointer(struct json_pointer *local)
{
    for (size_t i = 0; i < local->count; i++)
        free(local->step[i]);
}

static char *unescape(struct bytes step)
{
    OWN(buf) struct buf out = {0};
    for (size_t i = 0; i < step.len; i++) {
        bool escaped = step.data[i] == '~' && i + 1 < step.len;
        char c = step.data[i];
        if (escaped)
            c = step.data[++i] == '1' ? '/' : '~';
        buf_add(&out, &c, 1);
    }
    return buf_take(&out);
}

static bool parse(const char *text, struct json_pointer *out)
{
    while (*text == '/' && out->count < MAX_STEPS) {
        size_t len = strcspn(++text, "/");
        out->step[out->count++] = unescape((struct bytes){text, len});
        text += len;
    }
    return *text == '\0';
}

/* The index that a step names in a list; its end for "-". */
static bool index_of(const json_t *list, const char *step, size_t max, size_t *index)
{
    int64_t value = 0;
    if (str_equal(step, "-"))
        value = (int64_t)json_array_size(list);
    else if (!str_int(step, 0, INT32_MAX, &value))
        return false;
    *index = (size_t)value;
    return *index <= max;
}

static json_t *child(const json_t *parent, const char *step)
{
    size_t index = 0;
    if (json_is_array(parent))
        return index_of(parent, step, json_array_size(parent), &index)
                   ? json_array_get(parent, index)
                   : NULL;
    return json_object_get(parent, step);
}

static json_t *walk(json_t *root, const struct json_pointer *pointer, size_t steps)
{
    for (size_t i = 0; root && i < steps; i++)
        root = child(root, pointer->step[i]);
    return root;
}

static bool add(json_t *parent, const char *step, json_t *value)
{
    size_t index = 0;
    if (json_is_object(parent))
        return json_object_set(parent, step, value) == 0;
    return json_is_array(parent) && index_of(parent, step, json_array_size(parent), &index) &&
           json_array_insert(parent, index, value) == 0;
}

static bool remove_member(json_t *parent, const char *step)
{
    size_t index = 0;
    if (json_is_object(parent))
        return json_object_del(parent, step) == 0;
    return json_is_array(parent) && index_of(parent, step, json_array_size(parent), &index) &&
           json_array_remove(parent, index) == 0;
}

/* Does one operation below the root; value is that of add, replace and test. */
static bool operate(json_t *root, const char *op, const struct json_pointer *to, json_t *value)
{
    if (to->count == 0)
        return str_equal(op, "test") && json_equal(root, value);
    json_t *parent = walk(root, to, to->count - 1);
    const char *last = to->step[to->count - 1];
    json_t *old = parent ? child(parent, last) : NULL;
    if (str_equal(op, "add"))
        return value && add(parent, last, value);
    if (str_equal(op, "remove"))
        return old && remove_member(parent, last);
    if (str_equal(op, "replace"))
        return old && value && remove_member(parent, last) && add(parent, last, value);
    return str_equal(op, "test") && old && value && json_equal(old, value);
}

static bool move_or_copy(json_t *root, const char *op, const char *from_text,
                         const struct json_pointer *to)
{
    OWN(json_pointer) struct json_pointer from = {0};
    json_auto_t *value =
        parse(from_text, &from) ? json_deep_copy(walk(root, &from, from.count)) : NULL;
    if (!value || from.count == 0)
        return false;
    if (str_equal(op, "move") && !operate(root, "remove", &from, NULL))
        return false;
    return operate(root, "add", to, value);
}

static bool apply(json_t *root, struct jread *step, struct err *err)
{
    const char *op = jread_str(step, "op");
    const char *path = jread_str(step, "path");
    const char *from = jread_str_or(step, "from", NULL);
    json_auto_t *value = json_deep_copy(json_object_get(step->here, "value"));
    if (!jread_ok(step))
        return false;
    OWN(json_pointer) struct json_pointer to = {0};
    bool done = parse(path, &to) &&
                (from ? move_or_copy(root, op, from, &to) : operate(root, op, &to, value));
    return done || err_set(err, INVALID, "patch operation %.20s on \"%.100s\" failed", op, path);
}

json_t *json_patch_apply(const json_t *target, const json_t *patch, struct err *err)
{
    if (!json_is_array(patch)) {
        err_set(err, ERR_INPUT, "a JSON patch must be a list of operations");
        return NULL;
    }
    json_auto_t *result = json_deep_copy(target);
    size_t index;
    json_t *item;
    json_array_foreach(patch, index, item)
    {
        struct jread step = jread_open(item, "patch operation", ERR_INPUT, err);
        if (!apply(result, &step, err))
            return NULL;
    }
    return json_incref(result);
}
