/* SPDX-License-Identifier: Apache-2.0 */
/* The object store: its history of changes, and the watches that they are queued for. */
#include "base/str.h"
#include "kn-local/store/object_store_private.h"

#include <inttypes.h>
#include <utlist.h>

struct queued_change {
    struct object_change change;
    struct queued_change *prev, *next;
};

void object_change_done(struct object_change *change)
{
    json_decref(change->object);
    json_decref(change->before);
    *change = (struct object_change){0};
}

static struct object_change share(const struct object_change *change)
{
    json_incref(change->object);
    json_incref(change->before);
    return *change;
}

static void enqueue(struct object_store_watch *watch, const struct object_change *change)
{
    struct queued_change *queued = alloc_zeroed(sizeof(*queued));
    queued->change = share(change);
    DL_APPEND(watch->queue, queued);
}

void object_store_record(struct object_store *objects, enum object_change_type type,
                         const struct stored_object *stored, json_t *object, json_t *before)
{
    struct object_change change = {.type = type,
                                   .hub = stored->hub,
                                   .ns = object_ns(object),
                                   .object = object,
                                   .before = before,
                                   .version = objects->version};
    struct object_change *oldest = &objects->history[objects->changes % OBJECT_STORE_HISTORY];
    if (objects->changes >= OBJECT_STORE_HISTORY)
        objects->forgotten = oldest->version;
    object_change_done(oldest);
    *oldest = share(&change);
    objects->changes++;
    for (struct object_store_watch *watch = objects->watches; watch; watch = watch->next)
        enqueue(watch, &change);
}

void object_store_unlock_and_wake(struct object_store *objects)
{
    size_t count = 0;
    struct object_store_watch *watch = NULL;
    DL_COUNT(objects->watches, watch, count);
    OWN(free) struct object_store_watch **woken = alloc_zeroed((count + 1) * sizeof(*woken));
    count = 0;
    for (watch = objects->watches; watch; watch = watch->next)
        if (watch->queue && watch->wake) {
            watch->wakers++;
            woken[count++] = watch;
        }
    pthread_mutex_unlock(&objects->lock);
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        woken[i]->wake(woken[i]->context);
    pthread_mutex_lock(&objects->lock);
    for (size_t i = 0; i < count; i++)
        woken[i]->wakers--;
    pthread_cond_broadcast(&objects->woken);
    pthread_mutex_unlock(&objects->lock);
}

struct object_store_watch *object_store_watch(struct object_store *objects, uint64_t since,
                                              void (*wake)(void *context), void *context,
                                              struct err *err)
{
    pthread_mutex_lock(&objects->lock);
    bool expired = since && since < objects->forgotten;
    if (expired) {
        err_set(err, 410, "too old resource version: %" PRIu64 " (%" PRIu64 ")", since,
                objects->forgotten);
        err->reason = "Expired";
        pthread_mutex_unlock(&objects->lock);
        return NULL;
    }
    struct object_store_watch *watch = alloc_zeroed(sizeof(*watch));
    *watch = (struct object_store_watch){.objects = objects, .wake = wake, .context = context};
    uint64_t kept =
        objects->changes < OBJECT_STORE_HISTORY ? objects->changes : OBJECT_STORE_HISTORY;
    for (uint64_t i = objects->changes - kept; since && i < objects->changes; i++)
        if (objects->history[i % OBJECT_STORE_HISTORY].version > since)
            enqueue(watch, &objects->history[i % OBJECT_STORE_HISTORY]);
    DL_APPEND(objects->watches, watch);
    pthread_mutex_unlock(&objects->lock);
    return watch;
}

bool object_store_next_change(struct object_store_watch *watch, struct object_change *change)
{
    pthread_mutex_lock(&watch->objects->lock);
    OWN(free) struct queued_change *first = watch->queue;
    if (first) {
        DL_DELETE(watch->queue, first);
        *change = first->change;
    }
    pthread_mutex_unlock(&watch->objects->lock);
    return first != NULL;
}

void object_store_unwatch(struct object_store_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->objects->lock);
    DL_DELETE(watch->objects->watches, watch);
    while (watch->wakers > 0)
        pthread_cond_wait(&watch->objects->woken, &watch->objects->lock);
    pthread_mutex_unlock(&watch->objects->lock);
    struct queued_change *queued = NULL;
    struct queued_change *next = NULL;
    DL_FOREACH_SAFE(watch->queue, queued, next)
    {
        object_change_done(&queued->change);
        free(queued);
    }
    free(watch);
}
