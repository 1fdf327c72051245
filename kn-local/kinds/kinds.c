/* SPDX-License-Identifier: Apache-2.0 */
/* Finds kinds by name, and converts objects from one version to another. */
#include "kn-local/kinds/kinds.h"

#include "base/str.h"
#include "kn-local/kinds/migration.h"

#include <string.h>

#define KIND_ROW(name) &kind_##name,
static const struct kind *const all[] = {KINDS(KIND_ROW)};

const struct kind *const *kinds_all(size_t *count)
{
    *count = ARRAY_SIZE(all);
    return all;
}

const struct kind *kind_find(const char *group, const char *version, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (str_equal(all[i]->group, group) && str_equal(all[i]->version, version) &&
            str_equal(all[i]->name, name))
            return all[i];
    return NULL;
}

const struct kind *kind_by_plural(const char *group, const char *version, const char *plural)
{
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (str_equal(all[i]->group, group) && str_equal(all[i]->version, version) &&
            str_equal(all[i]->plural, plural))
            return all[i];
    return NULL;
}

char *kind_api_version(const struct kind *kind)
{
    return *kind->group ? str_format("%s/%s", kind->group, kind->version) : str_copy(kind->version);
}

/* The kind of a name in any version: the hub version if there is one. */
static const struct kind *by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (str_equal_any_case(all[i]->name, name))
            return all[i];
    return NULL;
}

static void suggest_nearest(const char *api_version, const char *name, struct err *err)
{
    const char *names[ARRAY_SIZE(all)];
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        names[i] = all[i]->name;
    const char *nearest = str_nearest(name, names, ARRAY_SIZE(all));
    const struct kind *same = by_name(nearest ? nearest : name);
    OWN(free) char *version = same ? kind_api_version(same) : NULL;
    if (same)
        err_set(err, ERR_INPUT, "no kind \"%.80s\" in \"%.80s\"; did you mean %s in %s?", name,
                api_version, same->name, version);
    else
        err_set(err, ERR_INPUT, "no kind \"%.80s\" in \"%.80s\" is known", name, api_version);
}

const struct kind *kind_of_object(const json_t *object, struct err *err)
{
    const char *api_version = json_string_value(json_object_get(object, "apiVersion"));
    const char *name = json_string_value(json_object_get(object, "kind"));
    if (!api_version || !name) {
        err_set(err, ERR_INPUT, "%s is missing", api_version ? "kind" : "apiVersion");
        return NULL;
    }
    const char *slash = strrchr(api_version, '/');
    OWN(free) char *group =
        str_copy_bytes((struct bytes){api_version, slash ? (size_t)(slash - api_version) : 0});
    const struct kind *kind = kind_find(group, slash ? slash + 1 : api_version, name);
    if (!kind)
        suggest_nearest(api_version, name, err);
    return kind;
}

static void set_kind(json_t *object, const struct kind *kind)
{
    OWN(free) char *api_version = kind_api_version(kind);
    json_object_set_new(object, "apiVersion", json_string(api_version));
    json_object_set_new(object, "kind", json_string(kind->name));
}

json_t *kind_convert(const json_t *object, const struct kind *from, const struct kind *to)
{
    if (from == to)
        return json_incref((json_t *)object);
    json_auto_t *hub =
        from->to_hub ? migration_convert(object, from->to_hub) : json_copy((json_t *)object);
    json_t *result = to->from_hub ? to->from_hub(hub) : json_copy(hub);
    set_kind(result, to);
    return result;
}
