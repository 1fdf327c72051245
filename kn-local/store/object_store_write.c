/* The object store: creating, changing and deleting. */
#include "base/random.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/store/object_store_private.h"

#include <inttypes.h>

static json_t *meta_of(const json_t *object)
{
    return json_object_get(object, "metadata");
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

static bool save(struct objects *objects, const struct stored *stored, const json_t *object,
                 struct err *err)
{
    return !objects->file || stored->family->transient ||
           objects_file_save(objects->file, stored->key, object, err);
}

/* Puts a copy of a new state in place of the old one, and gives object back with its version. */
static json_t *replace(struct objects *objects, struct stored *stored, json_t *object,
                       struct err *err)
{
    set_version(object, ++objects->version);
    if (!save(objects, stored, object, err)) {
        json_decref(object);
        return NULL;
    }
    json_auto_t *before = stored->object;
    stored->object = json_deep_copy(object);
    objects_tell(objects, before ? CHANGE_MODIFIED : CHANGE_ADDED, stored, stored->object, before);
    return object;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool refuse(struct err *err, const struct object_key *key, int status, const char *reason,
                   const char *why)
{
    const struct kind *kind = key->kind;
    err_set(err, status, "%s%s%s \"%s\" %s", kind->plural, *kind->group ? "." : "", kind->group,
            key->name, why);
    err->reason = reason;
    return false;
}

static json_t *create(struct objects *objects, const struct object_key *key, json_t *object,
                      struct err *err)
{
    if (objects_find(objects, key)) {
        refuse(err, key, ERR_CONFLICT, "AlreadyExists", "already exists");
        json_decref(object);
        return NULL;
    }
    char now[TIME_TEXT];
    time_format(time_now_ns() / NS_PER_SEC * NS_PER_SEC, now);
    char uid[UUID_TEXT];
    random_uuid(uid);
    set_meta(object, "uid", json_string(uid));
    set_meta(object, "creationTimestamp", json_string(now));
    set_meta(object, "generation", json_integer(1));
    struct stored *stored = objects_put(objects, objects_key(key), kind_family(key->kind));
    json_t *result = replace(objects, stored, object, err);
    if (!result)
        objects_drop(objects, stored);
    return result;
}

json_t *objects_create_new(struct objects *objects, const struct object_key *key, json_t *object,
                           struct err *err)
{
    pthread_mutex_lock(&objects->lock);
    json_t *result = create(objects, key, object, err);
    pthread_mutex_unlock(&objects->lock);
    return result;
}

/* Whether two states ask for something else: all but metadata and status. */
static bool same_wish(const json_t *a, const json_t *b)
{
    json_auto_t *left = json_copy((json_t *)a);
    json_auto_t *right = json_copy((json_t *)b);
    json_object_del(left, "metadata");
    json_object_del(right, "metadata");
    json_object_del(left, "status");
    json_object_del(right, "status");
    return json_equal(left, right);
}

/* Gives the new state what only the store decides. */
static void keep_own(json_t *object, const json_t *old)
{
    static const char *const own[] = {"uid", "creationTimestamp", "resourceVersion", "generation"};
    for (size_t i = 0; i < COUNT(own); i++)
        set_meta(object, own[i], json_deep_copy(json_object_get(meta_of(old), own[i])));
    json_t *managers = json_object_get(meta_of(old), "managedFields");
    if (managers && !json_object_get(meta_of(object), "managedFields"))
        set_meta(object, "managedFields", json_deep_copy(managers));
    json_t *status = json_object_get(old, "status");
    if (status)
        json_object_set_new(object, "status", json_deep_copy(status));
    else
        json_object_del(object, "status");
    if (!same_wish(object, old))
        set_meta(object, "generation", json_integer(object_generation(old) + 1));
}

static json_t *update(struct objects *objects, const struct object_key *key, json_t *taken,
                      struct err *err)
{
    json_auto_t *object = taken;
    struct stored *stored = objects_find(objects, key);
    if (!stored) {
        refuse(err, key, ERR_NOT_FOUND, "NotFound", "not found");
        return NULL;
    }
    const char *wanted = object_meta(object, "resourceVersion");
    if (*wanted && !str_equal(wanted, object_meta(stored->object, "resourceVersion"))) {
        refuse(err, key, ERR_CONFLICT, "Conflict",
               "was changed meanwhile; please apply your changes to the latest version and try "
               "again");
        return NULL;
    }
    json_object_set_new(object, "metadata",
                        json_copy(meta_of(object))); /* the caller may share it */
    keep_own(object, stored->object);
    if (json_equal(object, stored->object))
        return give(&object);
    return replace(objects, stored, give(&object), err);
}

json_t *objects_update_new(struct objects *objects, const struct object_key *key, json_t *object,
                           struct err *err)
{
    pthread_mutex_lock(&objects->lock);
    json_t *result = update(objects, key, object, err);
    pthread_mutex_unlock(&objects->lock);
    return result;
}

static json_t *set_status(struct objects *objects, const struct object_key *key, json_t *taken,
                          struct err *err)
{
    json_auto_t *status = taken;
    struct stored *stored = objects_find(objects, key);
    if (!stored) {
        refuse(err, key, ERR_NOT_FOUND, "NotFound", "not found");
        return NULL;
    }
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

json_t *objects_set_status_new(struct objects *objects, const struct object_key *key,
                               json_t *status, struct err *err)
{
    pthread_mutex_lock(&objects->lock);
    json_t *result = set_status(objects, key, status, err);
    pthread_mutex_unlock(&objects->lock);
    return result;
}

/* ---- deleting -------------------------------------------------------------------------------- */

static bool owned_by(const json_t *object, const char *uid)
{
    size_t index;
    json_t *owner;
    json_array_foreach(json_object_get(meta_of(object), "ownerReferences"), index, owner)
    {
        if (str_equal(json_string_value(json_object_get(owner, "uid")), uid))
            return true;
    }
    return false;
}

static struct stored *find_owned(struct objects *objects, const char *uid)
{
    for (struct stored *stored = objects->table; stored; stored = stored->hh.next)
        if (owned_by(stored->object, uid))
            return stored;
    return NULL;
}

/* Removes an object and tells; its last state is a new reference. */
static json_t *delete_one(struct objects *objects, struct stored *stored, struct err *err)
{
    if (!save(objects, stored, NULL, err))
        return NULL;
    json_t *last = json_deep_copy(stored->object);
    set_version(last, ++objects->version);
    json_auto_t *told = json_deep_copy(last);
    objects_tell(objects, CHANGE_DELETED, stored, told, stored->object);
    objects_drop(objects, stored);
    return last;
}

static json_t *remove_all(struct objects *objects, const struct object_key *key, struct err *err)
{
    struct stored *stored = objects_find(objects, key);
    if (!stored) {
        refuse(err, key, ERR_NOT_FOUND, "NotFound", "not found");
        return NULL;
    }
    json_t *last = delete_one(objects, stored, err);
    struct stored *owned;
    while (last && (owned = find_owned(objects, object_uid(last)))) {
        const struct object_key next = object_key_of(owned->family, owned->object);
        json_auto_t *gone = remove_all(objects, &next, err);
        if (!gone)
            break;
    }
    return last;
}

json_t *objects_delete(struct objects *objects, const struct object_key *key, struct err *err)
{
    pthread_mutex_lock(&objects->lock);
    json_t *last = remove_all(objects, key, err);
    pthread_mutex_unlock(&objects->lock);
    return last;
}
