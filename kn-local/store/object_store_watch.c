/* The object store: its changes, remembered and told. */
#include "base/str.h"
#include "kn-local/store/object_store_private.h"

#include <inttypes.h>
#include <utlist.h>

static void forget_oldest(struct objects *objects)
{
    struct change *oldest = &objects->history[objects->changes % HISTORY];
    if (objects->changes >= HISTORY)
        objects->forgotten = oldest->version;
    json_decref(oldest->object);
    json_decref(oldest->before);
    *oldest = (struct change){0};
}

void objects_tell(struct objects *objects, enum change_type type, const struct stored *stored,
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
    DL_FOREACH_SAFE(objects->watches, watch, next)
    {
        watch->changed(&change, watch->context);
    }
}

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
