/* SPDX-License-Identifier: Apache-2.0 */
/* The controllers' thread: waits for changes, reconciles all objects, writes their status. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/kinds/kinds.h"

#include <stdlib.h>
#include <string.h>

/* Whether a change needs a reconciliation: not of what the controllers write themselves. */
static bool is_relevant(const struct object_change *change)
{
    if (change->hub == &kind_pod || change->hub == &kind_event || change->hub == &kind_revision)
        return false;
    return change->type != OBJECT_MODIFIED ||
           object_generation(change->before) != object_generation(change->object) ||
           !json_equal(json_at(change->before, "metadata.annotations"),
                       json_at(change->object, "metadata.annotations"));
}

static void on_change(void *context)
{
    struct controllers *controllers = context;
    pthread_mutex_lock(&controllers->lock);
    controllers->objects_changed = true;
    pthread_cond_broadcast(&controllers->changed);
    pthread_mutex_unlock(&controllers->lock);
}

/* Reads the queued changes; returns whether one needs a reconciliation. */
static bool read_changes(struct controllers *controllers, json_t *deleted)
{
    bool found = false;
    struct object_change change;
    while (object_store_next_change(controllers->watch, &change)) {
        if (is_relevant(&change)) {
            found = true;
            if (change.type == OBJECT_DELETED)
                json_array_append(deleted, change.object);
        }
        object_store_change_done(&change);
    }
    return found;
}

static void on_status(const struct resource_status *status, void *app)
{
    struct controllers *controllers = app;
    if (!observed_status_record(controllers->observed, status))
        return;
    pthread_mutex_lock(&controllers->lock);
    controllers->status_changed = true;
    pthread_cond_broadcast(&controllers->changed);
    pthread_mutex_unlock(&controllers->lock);
}

static void on_pod(const struct serving_pod *pod, void *app)
{
    struct controllers *controllers = app;
    pthread_mutex_lock(&controllers->lock);
    report_queue_add_pod(&controllers->reports, pod);
    pthread_cond_broadcast(&controllers->changed);
    pthread_mutex_unlock(&controllers->lock);
}

static void on_event(const struct resource_event *event, void *app)
{
    struct controllers *controllers = app;
    pthread_mutex_lock(&controllers->lock);
    report_queue_add_event(&controllers->reports, event);
    pthread_cond_broadcast(&controllers->changed);
    pthread_mutex_unlock(&controllers->lock);
}

struct resource_listener controllers_listener(struct controllers *controllers)
{
    return (struct resource_listener){on_status, on_pod, on_event, controllers};
}

static const struct {
    enum resource_kind resource;
    void (*reconcile)(struct reconcile_context *ctx);
} table[] = {
#define CONTROLLER_ROW(NAME, name)                                                                 \
    [CONTROLLER_##NAME] = {RESOURCE_##NAME, name##_controller_reconcile},
    KIND_CONTROLLERS(CONTROLLER_ROW)};

bool controllers_resource_id(const struct kind *kind, const char *ns, const char *name,
                             struct resource_id *id, char **owned_name)
{
    const struct kind *hub = kind_hub(kind);
    if (hub->controller == CONTROLLER_NONE)
        return false;
    *owned_name = hub->controller == CONTROLLER_SOURCE ? str_format("%s/%s", hub->singular, name)
                                                       : str_copy(name);
    *id = (struct resource_id){table[hub->controller].resource, ns, *owned_name};
    return true;
}

/* Creation times are in whole seconds: within one, the object that already has the address. */
static bool is_older(const json_t *a, const json_t *b)
{
    int order = strcmp(object_meta(a, "creationTimestamp"), object_meta(b, "creationTimestamp"));
    return order ? order < 0 : json_at(a, "status.address") && !json_at(b, "status.address");
}

json_t *controllers_find_object(struct controllers *controllers, const struct resource_id *id,
                                const struct kind **kind)
{
    const char *slash = strchr(id->name, '/');
    json_t *owner = NULL;
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t i = 0; i < count; i++) {
        struct object_key key = {all[i], id->ns, slash ? slash + 1 : id->name};
        struct resource_id own;
        OWN(free) char *name = NULL;
        if (all[i]->hub || !controllers_resource_id(all[i], id->ns, key.name, &own, &name) ||
            own.kind != id->kind || !str_equal(name, id->name))
            continue;
        json_auto_t *object = object_store_get(controllers->objects, &key);
        if (object && (!owner || is_older(object, owner))) {
            json_decref(owner);
            owner = move_ptr(&object);
            *kind = all[i];
        }
    }
    return owner;
}

void controllers_add_observed(struct reconcile_context *ctx, const char *type)
{
    struct observed_status observed = observed_status_get(ctx->controllers->observed, &ctx->id);
    conditions_add(ctx->status, ctx->object, type, observed.known ? observed.ready : READY_TRUE,
                   observed.reason, observed.message);
}

static void reconcile(struct controllers *controllers, const struct kind *kind,
                      const json_t *stored, json_t *accepted)
{
    struct err err = {0}; /* its kind is known, and a deleted object needs no status */
    const struct kind *written = kind_of_object(stored, &err);
    json_auto_t *object = kind_convert(stored, written ? written : kind, kind);
    struct reconcile_context ctx = {.controllers = controllers,
                                    .kind = kind,
                                    .object = object,
                                    .ns = object_ns(object),
                                    .name = object_name(object),
                                    .status = conditions_new_status(object),
                                    .accepted = accepted};
    OWN(free) char *name = NULL;
    controllers_resource_id(kind, ctx.ns, ctx.name, &ctx.id, &name);
    table[kind->controller].reconcile(&ctx);
    conditions_add_ready(ctx.status, object);
    struct object_key key = object_key_of(kind, object);
    json_decref(object_store_set_status_new(controllers->objects, &key, ctx.status, &err));
}

/* By age, so that of a loop the subscription that closed it is refused. */
static int by_age(const void *a, const void *b)
{
    const json_t *left = *(json_t *const *)a;
    const json_t *right = *(json_t *const *)b;
    int order =
        strcmp(object_meta(left, "creationTimestamp"), object_meta(right, "creationTimestamp"));
    return order ? order : strcmp(object_name(left), object_name(right));
}

static bool is_stopping(struct controllers *controllers)
{
    pthread_mutex_lock(&controllers->lock);
    bool stopping = controllers->stopping;
    pthread_mutex_unlock(&controllers->lock);
    return stopping;
}

static void reconcile_kind(struct controllers *controllers, const struct kind *kind)
{
    json_auto_t *list = object_store_list(controllers->objects, kind, NULL, NULL);
    json_auto_t *accepted = json_array();
    size_t count = json_array_size(list);
    OWN(free) json_t **sorted = alloc_zeroed((count + 1) * sizeof(json_t *));
    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(list, i);
    qsort(sorted, count, sizeof(json_t *), by_age);
    for (size_t i = 0; i < count && !is_stopping(controllers); i++)
        reconcile(controllers, kind, sorted[i], accepted);
}

static void reconcile_all(struct controllers *controllers)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t controller = CONTROLLER_NONE + 1; controller < ARRAY_SIZE(table); controller++)
        for (size_t i = 0; i < count; i++)
            if (all[i]->controller == controller)
                reconcile_kind(controllers, all[i]);
}

/* An object that did not own its name in the data plane leaves the owner's alone. */
static void remove_deleted(struct controllers *controllers, const json_t *deleted)
{
    size_t index;
    json_t *object;
    json_array_foreach(deleted, index, object)
    {
        struct err err = {0};
        struct resource_id id;
        OWN(free) char *name = NULL;
        const struct kind *owner_kind = NULL;
        const struct kind *kind = kind_of_object(object, &err);
        if (!kind ||
            !controllers_resource_id(kind, object_ns(object), object_name(object), &id, &name))
            continue;
        json_auto_t *owner = controllers_find_object(controllers, &id, &owner_kind);
        if (owner && owner_kind != kind_hub(kind) && !is_older(object, owner))
            continue;
        runtime_remove(controllers->runtime, id);
        observed_status_forget(controllers->observed, &id);
        pod_status_forget(controllers, &id);
    }
}

static void write_reports(struct controllers *controllers, const struct report_queue *reports)
{
    const struct pod_report *pod = reports->pods;
    const struct event_report *event = reports->events;
    for (; pod && !is_stopping(controllers); pod = pod->next)
        pod_status_write(controllers, &pod->pod);
    for (; event && !is_stopping(controllers); event = event->hh.next)
        event_recorder_write(controllers, event);
}

static bool has_work(const struct controllers *controllers)
{
    return controllers->status_changed || controllers->objects_changed ||
           controllers->reports.pods || controllers->reports.events;
}

/* Called with the lock held, which it releases while it works. */
static void run_once(struct controllers *controllers)
{
    OWN(report_queue) struct report_queue reports = controllers->reports;
    controllers->reports = (struct report_queue){0};
    bool due = controllers->status_changed;
    controllers->status_changed = controllers->objects_changed = false;
    controllers->busy = true;
    pthread_mutex_unlock(&controllers->lock);

    json_auto_t *deleted = json_array();
    due |= read_changes(controllers, deleted);
    remove_deleted(controllers, deleted);
    write_reports(controllers, &reports);
    if (due)
        reconcile_all(controllers);

    pthread_mutex_lock(&controllers->lock);
    controllers->busy = false;
    pthread_cond_broadcast(&controllers->changed);
}

static void *run(void *context)
{
    struct controllers *controllers = context;
    pthread_mutex_lock(&controllers->lock);
    while (!controllers->stopping) {
        if (has_work(controllers))
            run_once(controllers);
        else
            pthread_cond_wait(&controllers->changed, &controllers->lock);
    }
    pthread_mutex_unlock(&controllers->lock);
    return NULL;
}

void controllers_settle(struct controllers *controllers)
{
    pthread_mutex_lock(&controllers->lock);
    while ((has_work(controllers) || controllers->busy) && !controllers->stopping)
        pthread_cond_wait(&controllers->changed, &controllers->lock);
    pthread_mutex_unlock(&controllers->lock);
}

struct controllers *controllers_open(struct object_store *objects, struct err *err)
{
    OWN(controllers) struct controllers *controllers = alloc_zeroed(sizeof(*controllers));
    pthread_mutex_init(&controllers->lock, NULL);
    pthread_cond_init(&controllers->changed, NULL);
    controllers->objects = objects;
    controllers->observed = observed_status_open();
    controllers->watch = object_store_watch(objects, 0, on_change, controllers, err);
    return controllers->watch ? move_ptr(&controllers) : NULL;
}

bool controllers_start(struct controllers *controllers, struct runtime *runtime, struct err *err)
{
    controllers->runtime = runtime;
    controllers->status_changed = true;
    controllers->started = pthread_create(&controllers->thread, NULL, run, controllers) == 0;
    return controllers->started || err_set(err, ERR_UNAVAILABLE, "cannot start a thread");
}

void controllers_stop(struct controllers *controllers)
{
    pthread_mutex_lock(&controllers->lock);
    controllers->stopping = true;
    pthread_cond_broadcast(&controllers->changed);
    pthread_mutex_unlock(&controllers->lock);
    if (controllers->started)
        pthread_join(controllers->thread, NULL);
    controllers->started = false;
}

void controllers_close(struct controllers *controllers)
{
    if (!controllers)
        return;
    controllers_stop(controllers);
    object_store_unwatch(controllers->watch);
    observed_status_close(controllers->observed);
    report_queue_done(&controllers->reports);
    event_recorder_close(controllers);
    pthread_cond_destroy(&controllers->changed);
    pthread_mutex_destroy(&controllers->lock);
    free(controllers);
}
