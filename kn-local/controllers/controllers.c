/* SPDX-License-Identifier: Apache-2.0 */
/* The controllers' thread: waits for changes, goes over all objects, writes their status. */
#include "base/log.h"
#include "base/str.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/kinds/kinds.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PENDING_UPDATES = 4096 };

static void wake(struct controllers *control)
{
    control->dirty = true;
    pthread_cond_broadcast(&control->changed);
}

/* What the controllers write themselves does not concern them. */
static bool concerns(const struct object_change *change)
{
    static const struct kind *const own[] = {&kind_pod, &kind_event, &kind_revision};
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (change->hub == own[i])
            return false;
    return true;
}

static bool only_status_changed(const struct object_change *change)
{
    const json_t *before = change->before;
    return change->type == OBJECT_MODIFIED &&
           object_generation(before) == object_generation(change->object) &&
           json_equal(json_object_get(json_object_get(before, "metadata"), "annotations"),
                      json_object_get(json_object_get(change->object, "metadata"), "annotations"));
}

static void on_change(void *context)
{
    struct controllers *control = context;
    pthread_mutex_lock(&control->lock);
    control->changes_queued = true;
    pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
}

/* Reads the queued changes; returns whether one concerns the controllers. */
static bool read_changes(struct controllers *control, json_t *deleted)
{
    bool found = false;
    struct object_change change;
    while (object_store_next_change(control->watch, &change)) {
        if (concerns(&change) && !only_status_changed(&change)) {
            found = true;
            if (change.type == OBJECT_DELETED)
                json_array_append(deleted, change.object);
        }
        object_change_done(&change);
    }
    return found;
}

/* A full list drops events, never what pods are. */
static void add_news(struct controllers *control, json_t *news, bool droppable)
{
    pthread_mutex_lock(&control->lock);
    if (droppable && json_array_size(control->news) >= MAX_PENDING_UPDATES) {
        control->missed++;
        json_decref(news);
    } else {
        json_array_append_new(control->news, news);
    }
    wake(control);
    pthread_mutex_unlock(&control->lock);
}

static void on_status(const struct resource_status *status, void *app)
{
    struct controllers *control = app;
    if (!observed_status_record(control->facts, status))
        return;
    pthread_mutex_lock(&control->lock);
    wake(control);
    pthread_mutex_unlock(&control->lock);
}

static void on_pod(const struct serving_pod *pod, void *app)
{
    add_news(app, pod_status_update_from_pod(pod), false);
}

static void on_event(const struct resource_event *event, void *app)
{
    add_news(app, pod_status_update_from_event(event), true);
}

struct resource_listener controllers_listener(struct controllers *control)
{
    return (struct resource_listener){on_status, on_pod, on_event, control};
}

static const struct {
    enum resource_kind resource;
    void (*reconcile)(struct reconcile_context *it);
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

json_t *controllers_find_object(struct controllers *control, const struct resource_id *id,
                                const struct kind **kind)
{
    const char *slash = strchr(id->name, '/');
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t i = 0; i < count; i++) {
        struct object_key key = {all[i], id->ns, slash ? slash + 1 : id->name};
        struct resource_id own;
        OWN(free) char *name = NULL;
        if (all[i]->hub || !controllers_resource_id(all[i], id->ns, key.name, &own, &name) ||
            own.kind != id->kind || !str_equal(name, id->name))
            continue;
        json_t *object = object_store_get(control->objects, &key);
        *kind = all[i];
        if (object)
            return object;
    }
    return NULL;
}

void controllers_add_observed(struct reconcile_context *it, const char *type)
{
    struct observed_status fact = observed_status_get(it->control->facts, &it->id);
    conditions_add(it->status, it->object, type, fact.known ? fact.ready : READY_TRUE, fact.reason,
                   fact.message);
}

static json_t *today(const json_t *object, const struct kind *kind)
{
    struct err err = {0};
    const struct kind *written = kind_of_object(object, &err);
    return kind_convert(object, written ? written : kind, kind);
}

static void reconcile(struct controllers *control, const struct kind *kind, const json_t *stored,
                      json_t *accepted)
{
    json_auto_t *object = today(stored, kind);
    struct reconcile_context it = {.control = control,
                                   .kind = kind,
                                   .object = object,
                                   .ns = object_ns(object),
                                   .name = object_name(object),
                                   .status = conditions_new_status(object),
                                   .accepted = accepted};
    OWN(free) char *name = NULL;
    controllers_resource_id(kind, it.ns, it.name, &it.id, &name);
    table[kind->controller].reconcile(&it);
    conditions_add_ready(it.status, object);
    struct object_key key = object_key_of(kind, object);
    struct err err = {0}; /* it was deleted meanwhile: then nobody needs the status */
    json_decref(object_store_set_status_new(control->objects, &key, it.status, &err));
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

static void reconcile_kind(struct controllers *control, const struct kind *kind)
{
    json_auto_t *list = object_store_list(control->objects, kind, NULL, NULL);
    json_auto_t *accepted = json_array();
    size_t count = json_array_size(list);
    OWN(free) json_t **sorted = alloc_zeroed((count + 1) * sizeof(json_t *));
    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(list, i);
    qsort(sorted, count, sizeof(json_t *), by_age);
    for (size_t i = 0; i < count; i++)
        reconcile(control, kind, sorted[i], accepted);
}

static void reconcile_all(struct controllers *control)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t controller = CONTROLLER_NONE + 1; controller < ARRAY_SIZE(table); controller++)
        for (size_t i = 0; i < count; i++)
            if (all[i]->controller == controller)
                reconcile_kind(control, all[i]);
}

static void remove_gone(struct controllers *control, const json_t *gone)
{
    size_t index;
    json_t *object;
    json_array_foreach(gone, index, object)
    {
        struct err err = {0};
        struct resource_id id;
        OWN(free) char *name = NULL;
        const struct kind *kind = kind_of_object(object, &err);
        if (!kind ||
            !controllers_resource_id(kind, object_ns(object), object_name(object), &id, &name))
            continue;
        runtime_remove(control->runtime, id);
        observed_status_forget(control->facts, &id);
        pod_status_forget(control, &id);
    }
}

static void write_news(struct controllers *control, const json_t *news, size_t missed)
{
    size_t index;
    json_t *item;
    json_array_foreach(news, index, item)
    {
        if (json_object_get(item, "phase"))
            pod_status_write(control, item);
        else
            pod_status_write_event(control, item);
    }
    if (missed)
        log_warning("%zu events were too many to be written down", missed);
}

static void pass(struct controllers *control)
{
    json_auto_t *news = control->news;
    control->news = json_array();
    size_t missed = control->missed;
    control->missed = 0;
    bool due = control->dirty;
    control->dirty = control->changes_queued = false;
    control->busy = true;
    pthread_mutex_unlock(&control->lock);

    json_auto_t *deleted = json_array();
    due |= read_changes(control, deleted);
    remove_gone(control, deleted);
    write_news(control, news, missed);
    if (due)
        reconcile_all(control);

    pthread_mutex_lock(&control->lock);
    control->busy = false;
    pthread_cond_broadcast(&control->changed);
}

static void *run(void *context)
{
    struct controllers *control = context;
    pthread_mutex_lock(&control->lock);
    while (!control->stopping) {
        if (control->dirty || control->changes_queued)
            pass(control);
        else
            pthread_cond_wait(&control->changed, &control->lock);
    }
    pthread_mutex_unlock(&control->lock);
    return NULL;
}

void controllers_settle(struct controllers *control)
{
    pthread_mutex_lock(&control->lock);
    while ((control->dirty || control->changes_queued || control->busy) && !control->stopping)
        pthread_cond_wait(&control->changed, &control->lock);
    pthread_mutex_unlock(&control->lock);
}

struct controllers *controllers_open(struct object_store *objects, struct err *err)
{
    OWN(controllers) struct controllers *control = alloc_zeroed(sizeof(*control));
    pthread_mutex_init(&control->lock, NULL);
    pthread_cond_init(&control->changed, NULL);
    control->objects = objects;
    control->facts = observed_status_open();
    control->news = json_array();
    control->watch = object_store_watch(objects, 0, on_change, control, err);
    return control->watch ? move_ptr(&control) : NULL;
}

bool controllers_start(struct controllers *control, struct runtime *runtime, struct err *err)
{
    control->runtime = runtime;
    control->dirty = true;
    control->started = pthread_create(&control->thread, NULL, run, control) == 0;
    return control->started || err_set(err, ERR_UNAVAILABLE, "cannot start a thread");
}

void controllers_stop(struct controllers *control)
{
    pthread_mutex_lock(&control->lock);
    control->stopping = true;
    pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
    if (control->started)
        pthread_join(control->thread, NULL);
    control->started = false;
}

void controllers_close(struct controllers *control)
{
    if (!control)
        return;
    controllers_stop(control);
    object_store_unwatch(control->watch);
    observed_status_close(control->facts);
    json_decref(control->news);
    pthread_cond_destroy(&control->changed);
    pthread_mutex_destroy(&control->lock);
    free(control);
}
