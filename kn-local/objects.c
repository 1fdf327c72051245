/* The object store: objects in a hash table, their changes in a ring, watchers told of each. */
#include "kn-local/objects.h"

#include "base/random.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/objects_file.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum { HISTORY = 2048 }; /* changes that a watch may begin in the past with */

struct stored {
    char *key; /* "channels.messaging.knative.dev/default/pubsub-test" */
    const struct kind *family;
    json_t *object;
    UT_hash_handle hh;
};

struct objects_watch {
    objects_changed *changed;
    void *context;
    struct objects_watch *prev, *next;
};

struct objects {
    pthread_mutex_t lock; /* guards everything below */
    struct objects_file *file;
    struct stored *table;
    struct objects_watch *watches;
    uint64_t version;
    struct change history[HISTORY]; /* a ring; owns object and before */
    uint64_t changes;               /* how many there were so far */
    uint64_t forgotten;             /* the version of the last one that left the ring */
};

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
    OWN(free)
    char *text = str_format("%" PRIu64, version);
    set_meta(object, "resourceVersion", json_string(text));
}

/* ---- the table ------------------------------------------------------------------------------- */

static char *key_text(const struct object_key *key)
{
    const struct kind *family = kind_family(key->kind);
    return str_format("%s.%s/%s/%s", family->plural, family->group, key->ns, key->name);
}

static struct stored *find(struct objects *objects, const struct object_key *key)
{
    OWN(free)
    char *text = key_text(key);
    struct stored *stored = NULL;
    HASH_FIND_STR(objects->table, text, stored);
    return stored;
}

static struct stored *put(struct objects *objects, char *key, const struct kind *family)
{
    struct stored *stored = must_alloc(sizeof(*stored));
    stored->key = key;
    stored->family = family;
    HASH_ADD_KEYPTR(hh, objects->table, stored->key, strlen(stored->key), stored);
    return stored;
}

static void drop(struct objects *objects, struct stored *stored)
{
    HASH_DEL(objects->table, stored);
    json_decref(stored->object);
    free(stored->key);
    free(stored);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void forget_oldest(struct objects *objects)
{
    struct change *oldest = &objects->history[objects->changes % HISTORY];
    if (objects->changes >= HISTORY)
        objects->forgotten = oldest->version;
    json_decref(oldest->object);
    json_decref(oldest->before);
    *oldest = (struct change){0};
}

/* Remembers a change and tells the watchers. object is borrowed. */
static void tell(struct objects *objects, enum change_type type, const struct stored *stored,
                 json_t *object, json_t *before)
{
    struct change change = {.type = type,
                            .family = stored->family,
                            .ns = object_ns(object),
                            .object = json_incref(object),
                            .before = json_incref(before),
                            .version = objects->version};
    forget_oldest(objects);
    objects->history[objects->changes++ % HISTORY] = change;

    struct objects_watch *watch = NULL;
    struct objects_watch *next = NULL;
    DL_FOREACH_SAFE(objects->watches, watch, next) watch->changed(&change, watch->context);
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
    tell(objects, before ? CHANGE_MODIFIED : CHANGE_ADDED, stored, stored->object, before);
    return object;
}

/* ---- opening --------------------------------------------------------------------------------- */

static void loaded(const char *key, json_t *object, void *context)
{
    struct objects *objects = context;
    struct err unknown = {0};
    const struct kind *kind = kind_of_object(object, &unknown);
    if (!kind) /* saved by a version that knew more kinds: left where it is */
        return;
    put(objects, str_copy(key), kind_family(kind))->object = json_incref(object);
    uint64_t version = strtoull(object_meta(object, "resourceVersion"), NULL, 10);
    if (version > objects->version)
        objects->version = version;
}

struct objects *objects_open(const char *file, struct err *err)
{
    OWN(objects)
    struct objects *objects = must_alloc(sizeof(*objects));
    pthread_mutex_init(&objects->lock, NULL);
    if (file) {
        objects->file = objects_file_open(file, err);
        if (!objects->file || !objects_file_load(objects->file, loaded, objects, err))
            return NULL;
    }
    /* versions of changes that were not saved must not come again */
    uint64_t now_ms = (uint64_t)(time_now_ns() / NS_PER_MS);
    if (now_ms > objects->version)
        objects->version = now_ms;
    objects->forgotten = objects->version;
    return give(&objects);
}

void objects_close(struct objects *objects)
{
    if (!objects)
        return;
    struct stored *stored = NULL;
    struct stored *next = NULL;
    HASH_ITER(hh, objects->table, stored, next) drop(objects, stored);
    for (size_t i = 0; i < HISTORY; i++) {
        json_decref(objects->history[i].object);
        json_decref(objects->history[i].before);
    }
    objects_file_close(objects->file);
    pthread_mutex_destroy(&objects->lock);
    free(objects);
}

/* ---- reading --------------------------------------------------------------------------------- */

uint64_t objects_version(struct objects *objects)
{
    pthread_mutex_lock(&objects->lock);
    uint64_t version = objects->version;
    pthread_mutex_unlock(&objects->lock);
    return version;
}

json_t *objects_get(struct objects *objects, const struct object_key *key)
{
    pthread_mutex_lock(&objects->lock);
    const struct stored *stored = find(objects, key);
    json_t *object = stored ? json_deep_copy(stored->object) : NULL;
    pthread_mutex_unlock(&objects->lock);
    return object;
}

static int by_key(const void *a, const void *b)
{
    const struct stored *const *left = a;
    const struct stored *const *right = b;
    return strcmp((*left)->key, (*right)->key);
}

static bool within(const struct stored *stored, const struct kind *kind, const char *ns)
{
    return stored->family == kind_family(kind) && (!ns || str_equal(object_ns(stored->object), ns));
}

json_t *objects_list(struct objects *objects, const struct kind *kind, const char *ns,
                     uint64_t *version)
{
    pthread_mutex_lock(&objects->lock);
    size_t count = 0;
    OWN(free)
    struct stored **found = must_alloc((HASH_COUNT(objects->table) + 1) * sizeof(struct stored *));
    for (struct stored *stored = objects->table; stored; stored = stored->hh.next)
        if (within(stored, kind, ns))
            found[count++] = stored;
    qsort(found, count, sizeof(struct stored *), by_key);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_deep_copy(found[i]->object));
    if (version)
        *version = objects->version;
    pthread_mutex_unlock(&objects->lock);
    return list;
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
    if (find(objects, key)) {
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
    struct stored *stored = put(objects, key_text(key), kind_family(key->kind));
    json_t *result = replace(objects, stored, object, err);
    if (!result)
        drop(objects, stored);
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
    struct stored *stored = find(objects, key);
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
    struct stored *stored = find(objects, key);
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
    tell(objects, CHANGE_DELETED, stored, told, stored->object);
    drop(objects, stored);
    return last;
}

static json_t *remove_all(struct objects *objects, const struct object_key *key, struct err *err)
{
    struct stored *stored = find(objects, key);
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

/* ---- watching -------------------------------------------------------------------------------- */

static void replay(struct objects *objects, uint64_t since, const struct objects_watch *watch)
{
    uint64_t first = objects->changes > HISTORY ? objects->changes - HISTORY : 0;
    for (uint64_t i = first; i < objects->changes; i++) {
        const struct change *change = &objects->history[i % HISTORY];
        if (change->version > since)
            watch->changed(change, watch->context);
    }
}

static struct objects_watch *watch_from(struct objects *objects, uint64_t since,
                                        objects_changed *changed, void *context, struct err *err)
{
    if (since && since < objects->forgotten) {
        err_set(err, 410, "too old resource version: %" PRIu64 " (%" PRIu64 ")", since,
                objects->forgotten);
        err->reason = "Expired";
        return NULL;
    }
    struct objects_watch *watch = must_alloc(sizeof(*watch));
    watch->changed = changed;
    watch->context = context;
    if (since)
        replay(objects, since, watch);
    DL_APPEND(objects->watches, watch);
    return watch;
}

struct objects_watch *objects_watch(struct objects *objects, uint64_t since,
                                    objects_changed *changed, void *context, struct err *err)
{
    pthread_mutex_lock(&objects->lock);
    struct objects_watch *watch = watch_from(objects, since, changed, context, err);
    pthread_mutex_unlock(&objects->lock);
    return watch;
}

void objects_unwatch(struct objects *objects, struct objects_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&objects->lock);
    DL_DELETE(objects->watches, watch);
    pthread_mutex_unlock(&objects->lock);
    free(watch);
}
