/* SPDX-License-Identifier: Apache-2.0 */
/* The object store: creating, updating and deleting. */
#include "base/random.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/store/object_store_private.h"

#include <inttypes.h>

/* The lock of a store, held until the scope ends. */
struct store_lock {
    struct object_store *objects;
};

static struct store_lock take_lock(struct object_store *objects)
{
    pthread_mutex_lock(&objects->lock);
    return (struct store_lock){objects};
}

static void own_store_lock(struct store_lock *local)
{
    object_store_unlock_and_wake(local->objects);
}

static void set_meta(json_t *object, const char *key, json_t *value)
{
    json_t *meta = json_object_get(object, "metadata");
    if (!meta) {
        meta = json_object();
        json_object_set_new(object, "metadata", meta);
    }
    json_object_set_new(meta, key, value);
}

static void set_version(json_t *object, uint64_t version)
{
    OWN(free) char *text = str_format("%" PRIu64, version);
    set_meta(object, "resourceVersion", json_string(text));
}

static bool save(struct object_store *objects, const struct stored_object *stored,
                 const json_t *object, struct err *err)
{
    return !objects->file || stored->hub->ephemeral ||
           object_file_save(objects->file, stored->key, object, err);
}

/* Stores a copy of a new state; returns object with its new version. */
static json_t *replace(struct object_store *objects, struct stored_object *stored, json_t *object,
                       struct err *err)
{
    set_version(object, ++objects->version);
    if (!save(objects, stored, object, err)) {
        json_decref(object);
        return NULL;
    }
    json_auto_t *before = stored->object;
    stored->object = json_deep_copy(object);
    object_store_record(objects, before ? OBJECT_MODIFIED : OBJECT_ADDED, stored, stored->object,
                        before);
    return object;
}

static void fail(struct err *err, const struct object_key *key, int status, const char *reason,
                 const char *problem)
{
    const struct kind *kind = key->kind;
    err_set(err, status, "%s%s%s \"%s\" %s", kind->plural, *kind->group ? "." : "", kind->group,
            key->name, problem);
    err->reason = reason;
}

/* The entry of a key, or NULL and err. */
static struct stored_object *find(struct object_store *objects, const struct object_key *key,
                                  struct err *err)
{
    struct stored_object *stored = object_store_find(objects, key);
    if (!stored)
        fail(err, key, ERR_NOT_FOUND, "NotFound", "not found");
    return stored;
}

json_t *object_store_create_new(struct object_store *objects, const struct object_key *key,
                                json_t *object, struct err *err)
{
    OWN(store_lock) struct store_lock lock = take_lock(objects);
    if (object_store_find(objects, key)) {
        fail(err, key, ERR_CONFLICT, "AlreadyExists", "already exists");
        json_decref(object);
        return NULL;
    }
    char now[TIMESTAMP_SIZE];
    timestamp_format(timestamp_now_ns() / NS_PER_SEC * NS_PER_SEC, now);
    char uid[UUID_SIZE];
    random_uuid(uid);
    set_meta(object, "uid", json_string(uid));
    set_meta(object, "creationTimestamp", json_string(now));
    set_meta(object, "generation", json_integer(1));
    struct stored_object *stored =
        object_store_insert(objects, object_store_key(key), kind_hub(key->kind));
    json_t *result = replace(objects, stored, object, err);
    if (!result)
        object_store_remove(objects, stored);
    return result;
}

/* True if two objects are equal apart from metadata and status. */
static bool same_spec(const json_t *a, const json_t *b)
{
    json_auto_t *left = json_copy((json_t *)a);
    json_auto_t *right = json_copy((json_t *)b);
    json_object_del(left, "metadata");
    json_object_del(right, "metadata");
    json_object_del(left, "status");
    json_object_del(right, "status");
    return json_equal(left, right);
}

/* Copies from the old state what only the store sets. */
static void keep_system_fields(json_t *object, const json_t *old)
{
    static const char *const fields[] = {"uid", "creationTimestamp", "resourceVersion",
                                         "generation"};
    const json_t *old_meta = json_object_get(old, "metadata");
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        set_meta(object, fields[i], json_deep_copy(json_object_get(old_meta, fields[i])));
    json_t *managers = json_object_get(old_meta, "managedFields");
    if (managers && !json_object_get(json_object_get(object, "metadata"), "managedFields"))
        set_meta(object, "managedFields", json_deep_copy(managers));
    json_t *status = json_object_get(old, "status");
    if (status)
        json_object_set_new(object, "status", json_deep_copy(status));
    else
        json_object_del(object, "status");
    if (!same_spec(object, old))
        set_meta(object, "generation", json_integer(object_generation(old) + 1));
}

json_t *object_store_update_new(struct object_store *objects, const struct object_key *key,
                                json_t *taken, struct err *err)
{
    OWN(store_lock) struct store_lock lock = take_lock(objects);
    json_auto_t *object = taken;
    struct stored_object *stored = find(objects, key, err);
    if (!stored)
        return NULL;
    const char *version = object_meta(object, "resourceVersion");
    if (*version && !str_equal(version, object_meta(stored->object, "resourceVersion"))) {
        fail(err, key, ERR_CONFLICT, "Conflict",
             "was changed meanwhile; please apply your changes to the latest version and try "
             "again");
        return NULL;
    }
    /* the caller may share it */
    json_object_set_new(object, "metadata", json_copy(json_object_get(object, "metadata")));
    keep_system_fields(object, stored->object);
    if (json_equal(object, stored->object))
        return move_ptr(&object);
    return replace(objects, stored, move_ptr(&object), err);
}

json_t *object_store_set_status_new(struct object_store *objects, const struct object_key *key,
                                    json_t *taken, struct err *err)
{
    OWN(store_lock) struct store_lock lock = take_lock(objects);
    json_auto_t *status = taken;
    struct stored_object *stored = find(objects, key, err);
    if (!stored)
        return NULL;
    json_t *old = json_object_get(stored->object, "status");
    if (status == old || (status && old && json_equal(status, old)))
        return json_deep_copy(stored->object);
    json_t *object = json_deep_copy(stored->object);
    if (status)
        json_object_set(object, "status", status);
    else
        json_object_del(object, "status");
    return replace(objects, stored, object, err);
}

static bool owned_by(const json_t *object, const char *uid)
{
    size_t index;
    json_t *owner;
    json_array_foreach(json_object_get(json_object_get(object, "metadata"), "ownerReferences"),
                       index, owner)
    {
        if (str_equal(json_string_value(json_object_get(owner, "uid")), uid))
            return true;
    }
    return false;
}

static struct stored_object *find_owned(struct object_store *objects, const char *uid)
{
    for (struct stored_object *stored = objects->table; stored; stored = stored->hh.next)
        if (owned_by(stored->object, uid))
            return stored;
    return NULL;
}

/* Deletes an object; returns its last state as a new reference. */
static json_t *delete_one(struct object_store *objects, struct stored_object *stored,
                          struct err *err)
{
    if (!save(objects, stored, NULL, err))
        return NULL;
    json_t *last = json_deep_copy(stored->object);
    set_version(last, ++objects->version);
    json_auto_t *recorded = json_deep_copy(last); /* the caller may change its own */
    object_store_record(objects, OBJECT_DELETED, stored, recorded, stored->object);
    object_store_remove(objects, stored);
    return last;
}

static json_t *remove_all(struct object_store *objects, const struct object_key *key,
                          struct err *err)
{
    struct stored_object *stored = find(objects, key, err);
    if (!stored)
        return NULL;
    json_t *last = delete_one(objects, stored, err);
    struct stored_object *owned;
    while (last && (owned = find_owned(objects, object_uid(last)))) {
        const struct object_key next = object_key_of(owned->hub, owned->object);
        json_auto_t *deleted = remove_all(objects, &next, err);
        if (!deleted)
            break;
    }
    return last;
}

json_t *object_store_delete(struct object_store *objects, const struct object_key *key,
                            struct err *err)
{
    OWN(store_lock) struct store_lock lock = take_lock(objects);
    return remove_all(objects, key, err);
}
