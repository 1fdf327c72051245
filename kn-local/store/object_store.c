/* SPDX-License-Identifier: Apache-2.0 */
/* The object store: opening and reading it. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/store/object_store_private.h"

#include <stdlib.h>
#include <string.h>

char *object_store_key(const struct object_key *key)
{
    const struct kind *hub = kind_hub(key->kind);
    return str_format("%s.%s/%s/%s", hub->plural, hub->group, key->ns, key->name);
}

struct stored_object *object_store_find(struct object_store *objects, const struct object_key *key)
{
    OWN(free) char *text = object_store_key(key);
    struct stored_object *stored = NULL;
    HASH_FIND_STR(objects->table, text, stored);
    return stored;
}

struct stored_object *object_store_insert(struct object_store *objects, char *key,
                                          const struct kind *hub)
{
    struct stored_object *stored = alloc_zeroed(sizeof(*stored));
    stored->key = key;
    stored->hub = hub;
    HASH_ADD_KEYPTR(hh, objects->table, stored->key, strlen(stored->key), stored);
    return stored;
}

void object_store_remove(struct object_store *objects, struct stored_object *stored)
{
    HASH_DEL(objects->table, stored);
    json_decref(stored->object);
    free(stored->key);
    free(stored);
}

static void loaded(const char *key, json_t *object, void *context)
{
    struct object_store *objects = context;
    struct err unknown = {0};
    const struct kind *kind = kind_of_object(object, &unknown);
    if (!kind) /* saved by a version that knows more kinds: stays in the file */
        return;
    object_store_insert(objects, str_copy(key), kind_hub(kind))->object = json_incref(object);
    uint64_t version = strtoull(object_meta(object, "resourceVersion"), NULL, 10);
    if (version > objects->version)
        objects->version = version;
}

struct object_store *object_store_open(const char *file, struct err *err)
{
    OWN(object_store) struct object_store *objects = alloc_zeroed(sizeof(*objects));
    pthread_mutex_init(&objects->lock, NULL);
    pthread_cond_init(&objects->woken, NULL);
    if (file) {
        objects->file = object_file_open(file, err);
        if (!objects->file || !object_file_load(objects->file, loaded, objects, err))
            return NULL;
    }
    /* versions of changes that were not saved must not be used again */
    uint64_t now_ms = (uint64_t)(timestamp_now_ns() / NS_PER_MS);
    if (now_ms > objects->version)
        objects->version = now_ms;
    objects->forgotten = objects->version;
    return move_ptr(&objects);
}

void object_store_close(struct object_store *objects)
{
    if (!objects)
        return;
    struct stored_object *stored = NULL;
    struct stored_object *next = NULL;
    HASH_ITER(hh, objects->table, stored, next)
    {
        object_store_remove(objects, stored);
    }
    for (size_t i = 0; i < OBJECT_STORE_HISTORY; i++)
        object_change_done(&objects->history[i]);
    object_file_close(objects->file);
    pthread_cond_destroy(&objects->woken);
    pthread_mutex_destroy(&objects->lock);
    free(objects);
}

uint64_t object_store_version(struct object_store *objects)
{
    pthread_mutex_lock(&objects->lock);
    uint64_t version = objects->version;
    pthread_mutex_unlock(&objects->lock);
    return version;
}

json_t *object_store_get(struct object_store *objects, const struct object_key *key)
{
    pthread_mutex_lock(&objects->lock);
    const struct stored_object *stored = object_store_find(objects, key);
    json_t *object = stored ? json_deep_copy(stored->object) : NULL;
    pthread_mutex_unlock(&objects->lock);
    return object;
}

static int by_key(const void *a, const void *b)
{
    const struct stored_object *const *left = a;
    const struct stored_object *const *right = b;
    return strcmp((*left)->key, (*right)->key);
}

static bool within(const struct stored_object *stored, const struct kind *kind, const char *ns)
{
    return stored->hub == kind_hub(kind) && (!ns || str_equal(object_ns(stored->object), ns));
}

json_t *object_store_list(struct object_store *objects, const struct kind *kind, const char *ns,
                          uint64_t *version)
{
    pthread_mutex_lock(&objects->lock);
    size_t count = 0;
    OWN(free) struct stored_object **found =
        alloc_zeroed((HASH_COUNT(objects->table) + 1) * sizeof(struct stored_object *));
    for (struct stored_object *stored = objects->table; stored; stored = stored->hh.next)
        if (within(stored, kind, ns))
            found[count++] = stored;
    qsort(found, count, sizeof(struct stored_object *), by_key);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_deep_copy(found[i]->object));
    if (version)
        *version = objects->version;
    pthread_mutex_unlock(&objects->lock);
    return list;
}
