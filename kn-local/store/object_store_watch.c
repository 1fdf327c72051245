/* SPDX-License-Identifier: Apache-2.0 */
/* The object store: its changes, remembered and told. */
#include "base/str.h"
#include "kn-local/store/object_store_private.h"

#include <inttypes.h>
#include <utlist.h>

static void forget_oldest(struct object_store *objects)
{
    struct object_change *oldest = &objects->history[objects->changes % OBJECT_STORE_HISTORY];
    if (objects->changes >= OBJECT_STORE_HISTORY)
        objects->forgotten = oldest->version;
    json_decref(oldest->object);
    json_decref(oldest->before);
    *oldest = (struct object_change){0};
}

void object_store_notify(struct object_store *objects, enum object_change_type type,
                         const struct stored_object *stored, json_t *object, json_t *before)
{
    struct object_change change = {.type = type,
                                   .hub = stored->hub,
                                   .ns = object_ns(object),
                                   .object = json_incref(object),
                                   .before = json_incref(before),
                                   .version = objects->version};
    forget_oldest(objects);
    objects->history[objects->changes++ % OBJECT_STORE_HISTORY] = change;

    struct object_store_watch *watch = NULL;
    struct object_store_watch *next = NULL;
    DL_FOREACH_SAFE(objects->watches, watch, next)
    {
        watch->changed(&change, watch->context);
    }
}

static void replay(struct object_store *objects, uint64_t since,
                   const struct object_store_watch *watch)
{
    uint64_t first =
        objects->changes > OBJECT_STORE_HISTORY ? objects->changes - OBJECT_STORE_HISTORY : 0;
    for (uint64_t i = first; i < objects->changes; i++) {
        const struct object_change *change = &objects->history[i % OBJECT_STORE_HISTORY];
        if (change->version > since)
            watch->changed(change, watch->context);
    }
}

static struct object_store_watch *watch_from(struct object_store *objects, uint64_t since,
                                             object_change_handler *changed, void *context,
                                             struct err *err)
{
    if (since && since < objects->forgotten) {
        err_set(err, 410, "too old resource version: %" PRIu64 " (%" PRIu64 ")", since,
                objects->forgotten);
        err->reason = "Expired";
        return NULL;
    }
    struct object_store_watch *watch = alloc_zeroed(sizeof(*watch));
    watch->changed = changed;
    watch->context = context;
    if (since)
        replay(objects, since, watch);
    DL_APPEND(objects->watches, watch);
    return watch;
}

struct object_store_watch *object_store_watch(struct object_store *objects, uint64_t since,
                                              object_change_handler *changed, void *context,
                                              struct err *err)
{
    pthread_mutex_lock(&objects->lock);
    struct object_store_watch *watch = watch_from(objects, since, changed, context, err);
    pthread_mutex_unlock(&objects->lock);
    return watch;
}

void object_store_unwatch(struct object_store *objects, struct object_store_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&objects->lock);
    DL_DELETE(objects->watches, watch);
    pthread_mutex_unlock(&objects->lock);
    free(watch);
}
