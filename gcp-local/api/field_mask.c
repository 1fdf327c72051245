/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter `fields` of Google's APIs. */
#include "gcp-local/api/field_mask.h"

#include "base/str.h"

#include <string.h>

enum { MAX_DEPTH = 16 };

/* Reads a selection. */
struct reader {
    const char *next;
    int depth;
};

static char *read_name(struct reader *reader)
{
    size_t len = strspn(reader->next, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_-*");
    char *name = len ? str_copy_bytes((struct bytes){reader->next, len}) : NULL;
    reader->next += len;
    return name;
}

/* A selection is a tree: each name has the selection within it, or true for all of it. These
 * functions add to the tree; false when the selection is malformed. */
static bool read_list(struct reader *reader, json_t *into);
static bool read_item(struct reader *reader, json_t *into);

/* Reads what follows a name: a path, or a list in parentheses. */
static bool read_within(struct reader *reader, json_t *into)
{
    bool list = *reader->next == '(';
    if (++reader->depth > MAX_DEPTH)
        return false;
    reader->next++;
    bool ok = list ? read_list(reader, into) && *reader->next == ')' : read_item(reader, into);
    reader->next += ok && list;
    reader->depth--;
    return ok;
}

static bool read_item(struct reader *reader, json_t *into)
{
    OWN(free) char *name = read_name(reader);
    if (!name)
        return false;
    if (!*reader->next || !strchr("/.(", *reader->next))
        return json_object_set_new(into, name, json_true()) == 0;

    json_t *before = json_object_get(into, name); /* named twice: add to it */
    json_auto_t *within = json_is_object(before) ? json_incref(before) : json_object();
    if (!json_is_true(before))
        json_object_set(into, name, within);
    return read_within(reader, within);
}

static bool read_list(struct reader *reader, json_t *into)
{
    while (read_item(reader, into)) {
        if (*reader->next != ',')
            return true;
        reader->next++;
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
    struct reader reader = {.next = selection};
    json_auto_t *wanted = json_object();
    if (!read_list(&reader, wanted) || *reader.next)
        return err_set(err, ERR_INPUT, "Invalid field selection %s", selection);
    keep(response, wanted);
    return true;
}
