/* The object store: objects in a hash table, opened from a file, read. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/store/object_store_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- the table ------------------------------------------------------------------------------- */

char *objects_key(const struct object_key *key)
{
    const struct kind *family = kind_family(key->kind);
    return str_format("%s.%s/%s/%s", family->plural, family->group, key->ns, key->name);
}

struct stored *objects_find(struct objects *objects, const struct object_key *key)
{
    OWN(free) char *text = objects_key(key);
    struct stored *stored = NULL;
    HASH_FIND_STR(objects->table, text, stored);
    return stored;
}

struct stored *objects_put(struct objects *objects, char *key, const struct kind *family)
{
    struct stored *stored = must_alloc(sizeof(*stored));
    stored->key = key;
    stored->family = family;
    HASH_ADD_KEYPTR(hh, objects->table, stored->key, strlen(stored->key), stored);
    return stored;
}

void objects_drop(struct objects *objects, struct stored *stored)
{
    HASH_DEL(objects->table, stored);
    json_decref(stored->object);
    free(stored->key);
    free(stored);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void loaded(const char *key, json_t *object, void *context)
{
    struct objects *objects = context;
    struct err unknown = {0};
    const struct kind *kind = kind_of_object(object, &unknown);
    if (!kind) /* saved by a version that knew more kinds: left where it is */
        return;
    objects_put(objects, str_copy(key), kind_family(kind))->object = json_incref(object);
    uint64_t version = strtoull(object_meta(object, "resourceVersion"), NULL, 10);
    if (version > objects->version)
        objects->version = version;
}

struct objects *objects_open(const char *file, struct err *err)
{
    OWN(objects) struct objects *objects = must_alloc(sizeof(*objects));
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
    HASH_ITER(hh, objects->table, stored, next)
    {
        objects_drop(objects, stored);
    }
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
    const struct stored *stored = objects_find(objects, key);
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
    OWN(free) struct stored **found =
        must_alloc((HASH_COUNT(objects->table) + 1) * sizeof(struct stored *));
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
