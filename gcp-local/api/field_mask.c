/* SPDX-License-Identifier: Apache-2.0 */
/* The `fields` parameter of Google's APIs. */
#include "gcp-local/api/field_mask.h"

#include "base/str.h"

#include <string.h>

enum { MAX_DEPTH = 16 };

/* Where reading stands. */
struct reader {
    const char *at;
    int level;
};

static char *read_name(struct reader *reader)
{
    size_t len = strspn(reader->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_-*");
    char *name = len ? str_copy_bytes((struct bytes){reader->at, len}) : NULL;
    reader->at += len;
    return name;
}

/* A selection is a tree: the names of an object, each with the selection within it, or with true
 * for all of it. Reading adds to the tree; false when the text is malformed. */
static bool read_list(struct reader *reader, json_t *into);
static bool read_item(struct reader *reader, json_t *into);

/* What follows a name: a path, or a list in parentheses. */
static bool read_within(struct reader *reader, json_t *into)
{
    bool list = *reader->at == '(';
    if (++reader->level > MAX_DEPTH)
        return false;
    reader->at++;
    bool ok = list ? read_list(reader, into) && *reader->at == ')' : read_item(reader, into);
    reader->at += ok && list;
    reader->level--;
    return ok;
}

static bool read_item(struct reader *reader, json_t *into)
{
    OWN(free) char *name = read_name(reader);
    if (!name)
        return false;
    if (!*reader->at || !strchr("/.(", *reader->at))
        return json_object_set_new(into, name, json_true()) == 0;

    json_t *before = json_object_get(into, name); /* named already: what is new is added to it */
    json_auto_t *within = json_is_object(before) ? json_incref(before) : json_object();
    if (!json_is_true(before))
        json_object_set(into, name, within);
    return read_within(reader, within);
}

static bool read_list(struct reader *reader, json_t *into)
{
    while (read_item(reader, into)) {
        if (*reader->at != ',')
            return true;
        reader->at++;
    }
    return false;
}

static void keep(json_t *tree, const json_t *selection)
{
    if (!json_is_object(selection))
        return;
    for (size_t i = 0; i < json_array_size(tree); i++)
        keep(json_array_get(tree, i), selection);

    void *next;
    const char *key;
    json_t *value;
    json_object_foreach_safe(tree, next, key, value)
    {
        const json_t *within = json_object_get(selection, key);
        if (!within)
            within = json_object_get(selection, "*");
        if (within)
            keep(value, within);
        else
            json_object_del(tree, key);
    }
}

bool field_mask_apply(json_t *response, const char *selection, struct err *err)
{
    struct reader reader = {.at = selection};
    json_auto_t *wanted = json_object();
    if (!read_list(&reader, wanted) || *reader.at)
        return err_set(err, ERR_INPUT, "Invalid field selection %s", selection);
    keep(response, wanted);
    return true;
}
