/* SPDX-License-Identifier: Apache-2.0 */
/* Merge patches: plain (RFC 7396) and strategic (Kubernetes' own types). */
#include "kn-local/api/merge_patch.h"

#include "base/str.h"

#include <string.h>

json_t *merge_patch_apply(const json_t *target, const json_t *patch)
{
    if (!json_is_object(patch))
        return json_deep_copy(patch);
    json_t *result = json_is_object(target) ? json_copy((json_t *)target) : json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)patch, key, value)
    {
        if (json_is_null(value))
            json_object_del(result, key);
        else
            json_object_set_new(result, key,
                                merge_patch_apply(json_object_get(target, key), value));
    }
    return result;
}

static json_t *merge_value(const char *key, const json_t *target, const json_t *patch,
                           struct err *err);

/* The member that identifies the items of a list; NULL: the list is replaced as a whole. */
static const char *merge_key(const char *list, const json_t *patch)
{
    static const char *const keys[][2] = {
        {"ownerReferences", "uid"}, {"ports", "containerPort"}, {"volumeMounts", "mountPath"},
        {"conditions", "type"},     {"tolerations", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (str_equal(keys[i][0], list))
            return keys[i][1];
    return json_object_get(json_array_get(patch, 0), "name") ? "name" : NULL;
}

static size_t find_item(const json_t *list, const char *key, const json_t *value)
{
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        const json_t *own = json_object_get(item, key);
        if (own && json_equal(own, value))
            break;
    }
    return index;
}

static bool merge_item(json_t *result, const char *key, const json_t *item, struct err *err)
{
    const json_t *id = json_object_get(item, key);
    if (!id)
        return err_set(err, ERR_INPUT, "map: a list item of the patch has no %s", key);
    size_t index = find_item(result, key, id);
    const char *directive = json_string_value(json_object_get(item, "$patch"));
    if (str_equal(directive, "delete")) {
        json_array_remove(result, index);
        return true;
    }
    json_t *merged = merge_value("", json_array_get(result, index), item, err);
    if (!merged)
        return false;
    if (index < json_array_size(result))
        json_array_set_new(result, index, merged);
    else
        json_array_append_new(result, merged);
    return true;
}

static json_t *merge_list(const char *name, const json_t *target, const json_t *patch,
                          struct err *err)
{
    const char *key = merge_key(name, patch);
    if (!key || !json_is_array(target))
        return json_deep_copy(patch);
    json_auto_t *result = json_copy((json_t *)target);
    size_t index;
    json_t *item;
    json_array_foreach(patch, index, item)
    {
        if (!merge_item(result, key, item, err))
            return NULL;
    }
    return json_incref(result);
}

static void delete_primitives(json_t *result, const char *list, const json_t *deleted)
{
    const json_t *old = json_object_get(result, list);
    json_t *kept = json_array();
    size_t index;
    json_t *item;
    json_array_foreach(old, index, item)
    {
        size_t i = 0;
        while (i < json_array_size(deleted) && !json_equal(json_array_get(deleted, i), item))
            i++;
        if (i == json_array_size(deleted))
            json_array_append(kept, item);
    }
    json_object_set_new(result, list, kept);
}

static void retain_keys(json_t *result, const json_t *keys)
{
    json_auto_t *kept = json_object();
    size_t index;
    json_t *key;
    json_array_foreach(keys, index, key)
    {
        json_t *value = json_object_get(result, json_string_value(key));
        if (value)
            json_object_set(kept, json_string_value(key), value);
    }
    json_object_clear(result);
    json_object_update(result, kept);
}

/* The order of items has no meaning here, so $setElementOrder is ignored. */
static bool apply_directive(json_t *result, const char *key, const json_t *value, struct err *err)
{
    static const char from_list[] = "$deleteFromPrimitiveList/";
    if (str_starts(key, from_list))
        delete_primitives(result, key + strlen(from_list), value);
    else if (str_equal(key, "$retainKeys"))
        retain_keys(result, value);
    else if (!str_starts(key, "$setElementOrder/") && !str_equal(key, "$patch"))
        return err_set(err, ERR_INPUT, "unknown patch directive %.60s", key);
    return true;
}

static json_t *merge_map(const json_t *target, const json_t *patch, struct err *err)
{
    bool replace = str_equal(json_string_value(json_object_get(patch, "$patch")), "replace");
    json_auto_t *result =
        json_is_object(target) && !replace ? json_copy((json_t *)target) : json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)patch, key, value)
    {
        if (*key == '$') {
            if (!apply_directive(result, key, value, err))
                return NULL;
            continue;
        }
        if (json_is_null(value)) {
            json_object_del(result, key);
            continue;
        }
        json_t *merged = merge_value(key, json_object_get(result, key), value, err);
        if (!merged)
            return NULL;
        json_object_set_new(result, key, merged);
    }
    return json_incref(result);
}

static json_t *merge_value(const char *key, const json_t *target, const json_t *patch,
                           struct err *err)
{
    if (json_is_object(patch))
        return merge_map(target, patch, err);
    if (json_is_array(patch))
        return merge_list(key, target, patch, err);
    return json_deep_copy(patch);
}

json_t *merge_patch_apply_strategic(const json_t *target, const json_t *patch, struct err *err)
{
    return merge_value("", target, patch, err);
}
