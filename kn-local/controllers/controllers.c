/* The controllers' thread: waits for changes, goes over all objects, writes their status. */
#include "base/log.h"
#include "base/str.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/kinds/schema.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_NEWS = 4096 };

/* ---- what wakes it --------------------------------------------------------------------------- */

static void wake(struct control *control)
{
    control->dirty = true;
    pthread_cond_broadcast(&control->changed);
}

/* What the controllers write themselves does not concern them. */
static bool concerns(const struct change *change)
{
    static const struct kind *const own[] = {&kind_pod, &kind_event, &kind_revision};
    for (size_t i = 0; i < COUNT(own); i++)
        if (change->family == own[i])
            return false;
    return true;
}

static bool only_status_changed(const struct change *change)
{
    const json_t *before = change->before;
    return change->type == CHANGE_MODIFIED &&
           object_generation(before) == object_generation(change->object) &&
           json_equal(json_object_get(json_object_get(before, "metadata"), "annotations"),
                      json_object_get(json_object_get(change->object, "metadata"), "annotations"));
}

static void on_change(const struct change *change, void *context)
{
    struct control *control = context;
    if (!concerns(change) || only_status_changed(change))
        return;
    pthread_mutex_lock(&control->lock);
    if (change->type == CHANGE_DELETED)
        json_array_append_new(control->gone, json_deep_copy(change->object));
    wake(control);
    pthread_mutex_unlock(&control->lock);
}

/* A full list drops events, never what pods are. */
static void add_news(struct control *control, json_t *news, bool droppable)
{
    pthread_mutex_lock(&control->lock);
    if (droppable && json_array_size(control->news) >= MOST_NEWS) {
        control->missed++;
        json_decref(news);
    } else {
        json_array_append_new(control->news, news);
    }
    wake(control);
    pthread_mutex_unlock(&control->lock);
}

static void on_status(const struct runtime_status *status, void *app)
{
    struct control *control = app;
    if (!facts_note(control->facts, status))
        return;
    pthread_mutex_lock(&control->lock);
    wake(control);
    pthread_mutex_unlock(&control->lock);
}

static void on_pod(const struct runtime_pod *pod, void *app)
{
    add_news(app, control_pod_news(pod), false);
}

static void on_event(const struct runtime_event *event, void *app)
{
    add_news(app, control_event_news(event), true);
}

struct runtime_listener control_listener(struct control *control)
{
    return (struct runtime_listener){on_status, on_pod, on_event, control};
}

/* ---- names ----------------------------------------------------------------------------------- */

static const struct {
    const struct kind *kind;
    enum runtime_kind as;
    const char *prefix; /* of the name, for sources */
} words[] = {
    {&kind_channel, RUNTIME_CHANNEL, ""},
    {&kind_in_memory_channel, RUNTIME_CHANNEL, ""},
    {&kind_kafka_channel, RUNTIME_CHANNEL, ""},
    {&kind_subscription, RUNTIME_SUBSCRIPTION, ""},
    {&kind_service, RUNTIME_SERVICE, ""},
    {&kind_container_source, RUNTIME_SOURCE, "containersource/"},
    {&kind_ping_source, RUNTIME_SOURCE, "pingsource/"},
    {&kind_gcp_pubsub_source, RUNTIME_SOURCE, "gcppubsubsource/"},
};

bool control_runtime_id(const struct kind *kind, const char *ns, const char *name,
                        struct runtime_id *id, char **owned_name)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        if (words[i].kind != kind_family(kind))
            continue;
        *owned_name = str_format("%s%s", words[i].prefix, name);
        *id = (struct runtime_id){words[i].as, ns, *owned_name};
        return true;
    }
    return false;
}

json_t *control_object_of(struct control *control, const struct runtime_id *id,
                          const struct kind **kind)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        const char *prefix = words[i].prefix;
        if (words[i].as != id->kind || !str_starts(id->name, prefix))
            continue;
        struct object_key key = {words[i].kind, id->ns, id->name + strlen(prefix)};
        json_t *object = objects_get(control->objects, &key);
        *kind = words[i].kind;
        if (object)
            return object;
    }
    return NULL;
}

/* ---- going over all objects ------------------------------------------------------------------ */

static json_t *today(const json_t *object, const struct kind *kind)
{
    struct err err = {0};
    const struct kind *written = kind_of_object(object, &err);
    return kind_convert(object, written ? written : kind, kind);
}

static void control_one(struct control *control, const struct kind *kind, const json_t *stored,
                        json_t *accepted, void (*controller)(struct controlled *it))
{
    json_auto_t *object = today(stored, kind);
    struct controlled it = {.control = control,
                            .kind = kind,
                            .object = object,
                            .ns = object_ns(object),
                            .name = object_name(object),
                            .status = status_new(object),
                            .accepted = accepted};
    controller(&it);
    status_sum_up(it.status, object);
    struct object_key key = object_key_of(kind, object);
    struct err err = {0}; /* it was deleted meanwhile: then nobody needs the status */
    json_decref(objects_set_status_new(control->objects, &key, it.status, &err));
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

static void go_over(struct control *control, const struct kind *kind,
                    void (*controller)(struct controlled *it))
{
    json_auto_t *list = objects_list(control->objects, kind, NULL, NULL);
    json_auto_t *accepted = json_array();
    size_t count = json_array_size(list);
    OWN(free) json_t **sorted = must_alloc((count + 1) * sizeof(json_t *));
    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(list, i);
    qsort(sorted, count, sizeof(json_t *), by_age);
    for (size_t i = 0; i < count; i++)
        control_one(control, kind, sorted[i], accepted, controller);
}

/* Receivers before senders, so that a fresh start delivers at once. */
static void go_over_all(struct control *control)
{
    static const struct {
        const struct kind *kind;
        void (*controller)(struct controlled *it);
    } order[] = {
        {&kind_service, control_service},
        {&kind_channel, control_channel},
        {&kind_in_memory_channel, control_channel},
        {&kind_kafka_channel, control_channel},
        {&kind_subscription, control_subscription},
        {&kind_ping_source, control_ping_source},
        {&kind_container_source, control_container_source},
        {&kind_gcp_pubsub_source, control_gcp_source},
    };
    for (size_t i = 0; i < COUNT(order); i++)
        go_over(control, order[i].kind, order[i].controller);
}

static void remove_gone(struct control *control, const json_t *gone)
{
    size_t index;
    json_t *object;
    json_array_foreach(gone, index, object)
    {
        struct err err = {0};
        struct runtime_id id;
        OWN(free) char *name = NULL;
        const struct kind *kind = kind_of_object(object, &err);
        if (!kind || !control_runtime_id(kind, object_ns(object), object_name(object), &id, &name))
            continue;
        runtime_remove(control->runtime, id);
        facts_forget(control->facts, &id);
        control_forget_pods(control, &id);
    }
}

static void write_news(struct control *control, const json_t *news, size_t missed)
{
    size_t index;
    json_t *item;
    json_array_foreach(news, index, item)
    {
        if (json_object_get(item, "phase"))
            control_write_pod(control, item);
        else
            control_write_event(control, item);
    }
    if (missed)
        log_warning("%zu events were too many to be written down", missed);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static json_t *take_list(json_t **list)
{
    json_t *taken = *list;
    *list = json_array();
    return taken;
}

static void pass(struct control *control)
{
    json_auto_t *news = take_list(&control->news);
    json_auto_t *gone = take_list(&control->gone);
    size_t missed = control->missed;
    control->missed = 0;
    control->dirty = false;
    control->busy = true;
    pthread_mutex_unlock(&control->lock);

    remove_gone(control, gone);
    write_news(control, news, missed);
    go_over_all(control);

    pthread_mutex_lock(&control->lock);
    control->busy = false;
    pthread_cond_broadcast(&control->changed);
}

static void *run(void *context)
{
    struct control *control = context;
    pthread_mutex_lock(&control->lock);
    while (!control->stopping) {
        if (control->dirty)
            pass(control);
        else
            pthread_cond_wait(&control->changed, &control->lock);
    }
    pthread_mutex_unlock(&control->lock);
    return NULL;
}

void control_settle(struct control *control)
{
    pthread_mutex_lock(&control->lock);
    while ((control->dirty || control->busy) && !control->stopping)
        pthread_cond_wait(&control->changed, &control->lock);
    pthread_mutex_unlock(&control->lock);
}

struct control *control_open(struct objects *objects, struct err *err)
{
    OWN(control) struct control *control = must_alloc(sizeof(*control));
    pthread_mutex_init(&control->lock, NULL);
    pthread_cond_init(&control->changed, NULL);
    control->objects = objects;
    control->facts = facts_open();
    control->news = json_array();
    control->gone = json_array();
    control->watch = objects_watch(objects, 0, on_change, control, err);
    return control->watch ? give(&control) : NULL;
}

bool control_start(struct control *control, struct runtime *runtime, struct err *err)
{
    control->runtime = runtime;
    control->dirty = true;
    control->started = pthread_create(&control->thread, NULL, run, control) == 0;
    return control->started || err_set(err, ERR_UNAVAILABLE, "cannot start a thread");
}

void control_stop(struct control *control)
{
    pthread_mutex_lock(&control->lock);
    control->stopping = true;
    pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
    if (control->started)
        pthread_join(control->thread, NULL);
    control->started = false;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    control_stop(control);
    objects_unwatch(control->objects, control->watch);
    facts_close(control->facts);
    json_decref(control->news);
    json_decref(control->gone);
    pthread_cond_destroy(&control->changed);
    pthread_mutex_destroy(&control->lock);
    free(control);
}
