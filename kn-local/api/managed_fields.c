/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply: metadata.managedFields records which manager applied which fields. */
#include "kn-local/api/managed_fields.h"

#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/api/merge_patch.h"
#include "kn-local/kinds/object.h"

#include <string.h>

/* Fields that every configuration sets and no manager owns. */
static bool is_common(const char *key)
{
    static const char *const common[] = {"apiVersion", "kind", "name", "namespace"};
    for (size_t i = 0; i < ARRAY_SIZE(common); i++)
        if (str_equal(key, common[i]))
            return true;
    return false;
}

/* The fieldsV1 set of an applied configuration. Common fields are those at the top and in metadata.
 */
static json_t *field_set(const json_t *applied, int level)
{
    json_t *set = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)applied, key, value)
    {
        if (level < 2 && is_common(key))
            continue;
        OWN(free) char *field = str_format("f:%s", key);
        bool inside_meta = level > 0 || str_equal(key, "metadata");
        json_t *inside = field_set(value, inside_meta ? level + 1 : 2);
        if (json_object_size(value) && json_object_size(inside) == 0)
            json_decref(inside); /* only common fields */
        else
            json_object_set_new(set, field, inside);
    }
    return set;
}

/* Removes from object the fields that are in the old set and not in the new one. */
static void remove_fields(json_t *object, const json_t *old_set, const json_t *new_set)
{
    const char *field;
    json_t *inside;
    json_object_foreach((json_t *)old_set, field, inside)
    {
        const char *key = field + strlen("f:");
        const json_t *kept = json_object_get(new_set, field);
        json_t *value = json_object_get(object, key);
        if (json_object_size(inside) && json_is_object(value)) {
            json_auto_t *copy = json_copy(value);
            remove_fields(copy, inside, kept);
            json_object_set(object, key, copy);
            if (!kept && json_object_size(copy) == 0)
                json_object_del(object, key);
        } else if (!kept) {
            json_object_del(object, key);
        }
    }
}

/* Whether a field of another manager's set would change; path receives its path. */
static bool conflicts(const json_t *set, const json_t *before, const json_t *applied,
                      struct buf *path)
{
    const char *field;
    json_t *inside;
    json_object_foreach((json_t *)set, field, inside)
    {
        const char *key = field + strlen("f:");
        const json_t *now = json_object_get(before, key);
        const json_t *next = json_object_get(applied, key);
        if (!next || (now && json_equal(now, next)))
            continue;
        buf_add_format(path, ".%s", key);
        if (json_object_size(inside) == 0 || !json_is_object(next))
            return true;
        size_t len = path->len;
        if (conflicts(inside, now, next, path))
            return true;
        path->len = len - strlen(key) - 1;
    }
    return false;
}

static bool check_conflicts(const json_t *managers, const char *manager, const json_t *before,
                            const json_t *applied, struct err *err)
{
    size_t index;
    json_t *entry;
    json_array_foreach(managers, index, entry)
    {
        const char *name = json_text_at(entry, "manager");
        OWN(buf) struct buf path = {0};
        if (str_equal(name, manager) ||
            !conflicts(json_object_get(entry, "fieldsV1"), before, applied, &path))
            continue;
        return err_set(err, ERR_CONFLICT,
                       "Apply failed with 1 conflict: conflict with \"%.60s\": %.200s", name,
                       path.data);
    }
    return true;
}

static const json_t *set_of_manager(const json_t *managers, const char *manager)
{
    size_t index;
    json_t *entry;
    json_array_foreach(managers, index, entry)
    {
        if (str_equal(json_text_at(entry, "manager"), manager))
            return json_object_get(entry, "fieldsV1");
    }
    return NULL;
}

static json_t *others(const json_t *managers, const char *manager)
{
    json_t *list = json_array();
    size_t index;
    json_t *entry;
    json_array_foreach(managers, index, entry)
    {
        if (!str_equal(json_text_at(entry, "manager"), manager))
            json_array_append(list, entry);
    }
    return list;
}

json_t *managed_fields_apply(const json_t *before, const json_t *applied, const char *manager,
                             bool force, struct err *err)
{
    const json_t *managers = json_at(before, "metadata.managedFields");
    if (!force && !check_conflicts(managers, manager, before, applied, err))
        return NULL;
    json_auto_t *set = field_set(applied, 0);
    json_auto_t *kept = before ? json_deep_copy(before) : json_object();
    remove_fields(kept, set_of_manager(managers, manager), set);

    json_t *list = others(managers, manager);
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:O?, s:s, s:O}", "manager", manager, "operation",
                                    "Apply", "apiVersion", json_object_get(applied, "apiVersion"),
                                    "fieldsType", "FieldsV1", "fieldsV1", set));
    json_t *next = merge_patch_apply(kept, applied);
    json_t *meta = json_object_get(next, "metadata");
    if (json_is_object(meta))
        json_object_set(meta, "managedFields", list);
    json_decref(list);
    return next;
}
