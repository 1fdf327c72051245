/* SPDX-License-Identifier: Apache-2.0 */
/* Admission: completes and checks an object before it is stored. */
#include "kn-local/store/admission.h"

#include "base/base64.h"
#include "base/json/json_at.h"
#include "base/str.h"

/* Moves stringData, which is not encoded, into data. */
static void encode_string_data(json_t *secret)
{
    json_t *plain = json_object_get(secret, "stringData");
    if (!json_is_object(plain))
        return;
    json_t *data = json_object_get(secret, "data");
    json_t *all = json_is_object(data) ? json_copy(data) : json_object();
    const char *key;
    json_t *value;
    json_object_foreach(plain, key, value)
    {
        const char *text = json_string_value(value);
        OWN(free) char *encoded = base64_encode(bytes_of(text));
        json_object_set_new(all, key, json_string(encoded));
    }
    json_object_del(secret, "stringData");
    json_object_set_new(secret, "data", all);
}

static void set_defaults(const struct kind *kind, json_t *object)
{
    if (kind == &kind_secret) {
        encode_string_data(object);
        if (!json_object_get(object, "type"))
            json_object_set_new(object, "type", json_string("Opaque"));
    }
    if (kind == &kind_namespace)
        json_object_set_new(object, "status", json_pack("{s:s}", "phase", "Active"));
    if (kind == &kind_ping_source && !json_at(object, "spec.schedule"))
        json_object_set_new(json_object_get(object, "spec"), "schedule", json_string("* * * * *"));
}

/* A null member is the same as a missing one. */
static void drop_nulls(json_t *tree)
{
    const char *key;
    json_t *value;
    void *next;
    size_t index;
    json_object_foreach_safe(tree, next, key, value)
    {
        if (json_is_null(value))
            json_object_del(tree, key);
        else
            drop_nulls(value);
    }
    json_array_foreach(tree, index, value)
    {
        drop_nulls(value);
    }
}

bool admission_prepare(const struct kind *kind, json_t *object, const json_t *old,
                       bool allow_unknown, struct validation_error *problem)
{
    *problem = (struct validation_error){.allow_unknown = allow_unknown};
    if (!json_is_object(object))
        return validation_error_set(problem, "", "must be an object");
    drop_nulls(object);
    if (!kind_validate(kind, object, old, problem))
        return false;
    set_defaults(kind, object);
    return true;
}

bool admission_ensure_namespace(struct object_store *objects, const char *name, struct err *err)
{
    struct object_key key = {&kind_namespace, "", name};
    json_auto_t *existing = object_store_get(objects, &key);
    if (existing)
        return true;
    json_auto_t *created = object_store_create_new(
        objects, &key,
        json_pack("{s:s, s:s, s:{s:s}, s:{s:s}}", "apiVersion", "v1", "kind", "Namespace",
                  "metadata", "name", name, "status", "phase", "Active"),
        err);
    return created != NULL;
}

static void set_namespace(const struct kind *kind, json_t *object, const char *ns)
{
    json_t *meta = json_object_get(object, "metadata");
    if (!kind->cluster_wide && json_is_object(meta) && !json_object_get(meta, "namespace"))
        json_object_set_new(meta, "namespace", json_string(ns));
}

/* The stored object in the version of the key; NULL when there is none. A new reference. */
static json_t *state_before(struct object_store *objects, const struct object_key *key)
{
    struct err err = {0};
    json_auto_t *stored = object_store_get(objects, key);
    const struct kind *written = stored ? kind_of_object(stored, &err) : NULL;
    return written ? kind_convert(stored, written, key->kind) : NULL;
}

static json_t *put(struct object_store *objects, const struct object_key *key, json_t *object,
                   const json_t *before, const char **result, struct err *err)
{
    if (!before) {
        *result = "created";
        return object_store_create_new(objects, key, object, err);
    }
    json_t *stored = object_store_update_new(objects, key, object, err);
    bool same = stored && str_equal(object_meta(stored, "resourceVersion"),
                                    object_meta(before, "resourceVersion"));
    *result = same ? "unchanged" : "configured";
    return stored;
}

bool admission_apply(struct object_store *objects, const json_t *manifest, const char *ns,
                     const char **result, struct validation_error *problem, struct err *err)
{
    const char *done = NULL;
    const struct kind *kind = kind_of_object(manifest, err);
    if (!kind)
        return false;
    json_auto_t *object = json_deep_copy(manifest);
    set_namespace(kind, object, ns);
    struct object_key key = object_key_of(kind, object);
    json_auto_t *before = state_before(objects, &key);
    if (!admission_prepare(kind, object, before, false, problem))
        return err_set(err, ERR_INPUT, "%s %s", problem->path, problem->text);
    if (!kind->cluster_wide && !admission_ensure_namespace(objects, key.ns, err))
        return false;
    json_auto_t *stored =
        put(objects, &key, move_ptr(&object), before, result ? result : &done, err);
    return stored != NULL;
}
