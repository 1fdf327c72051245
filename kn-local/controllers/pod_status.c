/* SPDX-License-Identifier: Apache-2.0 */
/* What the data plane tells, as Kubernetes' Pods and Events. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/kinds/kinds.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_EVENTS = 500 };

static json_t *time_or_null(int64_t ns)
{
    char text[TIMESTAMP_SIZE];
    if (ns == 0)
        return NULL;
    timestamp_format(ns / NS_PER_SEC * NS_PER_SEC, text);
    return json_string(text);
}

static json_t *ended_state(const struct serving_pod *pod)
{
    bool good = pod->exit_code == 0 || pod->phase == POD_SUCCEEDED;
    int code = pod->exit_code < 0 ? 128 - pod->exit_code : pod->exit_code;
    return json_pack("{s:{s:i, s:s, s:o*, s:o*}}", "terminated", "exitCode", code, "reason",
                     good ? "Completed" : "Error", "startedAt", time_or_null(pod->started_ns),
                     "finishedAt", time_or_null(pod->finished_ns));
}

static json_t *state_of(const struct serving_pod *pod)
{
    if (pod->phase == POD_SUCCEEDED || pod->phase == POD_FAILED)
        return ended_state(pod);
    if (pod->phase == POD_RUNNING)
        return json_pack("{s:{s:o*}}", "running", "startedAt", time_or_null(pod->started_ns));
    return json_pack("{s:{s:s, s:s*}}", "waiting", "reason",
                     pod->waiting_reason ? pod->waiting_reason : "ContainerCreating", "message",
                     pod->waiting_message);
}

static json_t *status_of(const struct serving_pod *pod)
{
    static const char *const phases[] = {[POD_PENDING] = "Pending",
                                         [POD_RUNNING] = "Running",
                                         [POD_SUCCEEDED] = "Succeeded",
                                         [POD_FAILED] = "Failed"};
    const char *ready = pod->ready ? "True" : "False";
    /* a cluster calls a pod whose container waits for its next start running */
    const char *phase = pod->phase == POD_PENDING && pod->restarts ? "Running" : phases[pod->phase];
    json_t *container =
        json_pack("{s:s, s:s, s:b, s:i, s:o}", "name", pod->container, "image", pod->image, "ready",
                  pod->ready, "restartCount", (int)pod->restarts, "state", state_of(pod));
    if (pod->restarts && pod->finished_ns && pod->phase < POD_SUCCEEDED)
        json_object_set_new(container, "lastState", ended_state(pod));
    return json_pack("{s:s, s:s, s:s, s:o*, s:[o], s:[{s:s, s:s}, {s:s, s:s}]}", "phase", phase,
                     "podIP", "127.0.0.1", "hostIP", "127.0.0.1", "startTime",
                     time_or_null(pod->created_ns), "containerStatuses", container, "conditions",
                     "type", "ContainersReady", "status", ready, "type", "Ready", "status", ready);
}

static json_t *labels_of(const struct serving_pod *pod)
{
    const char *name = strchr(pod->owner.name, '/');
    if (pod->owner.kind != RESOURCE_SERVICE)
        return json_pack("{s:s}", "sources.knative.dev/name", name ? name + 1 : pod->owner.name);
    return json_pack("{s:s, s:s, s:s, s:s}", "app", pod->revision, "serving.knative.dev/service",
                     pod->owner.name, "serving.knative.dev/configuration", pod->owner.name,
                     "serving.knative.dev/revision", pod->revision);
}

json_t *pod_status_update_from_pod(const struct serving_pod *pod)
{
    json_t *ports = pod->port ? json_pack("[{s:i}]", "containerPort", (int)pod->port) : NULL;
    return json_pack(
        "{s:i, s:i, s:s, s:o?, s:{s:s, s:s, s:{s:s, s:s, s:o}, s:{s:[{s:s, s:s, s:o*}], s:s, "
        "s:s}}}",
        "phase", (int)pod->phase, "owner_kind", (int)pod->owner.kind, "owner", pod->owner.name,
        "status", pod->phase == POD_GONE ? NULL : status_of(pod), "object", "apiVersion", "v1",
        "kind", "Pod", "metadata", "name", pod->name, "namespace", pod->ns, "labels",
        labels_of(pod), "spec", "containers", "name", pod->container, "image", pod->image, "ports",
        ports, "nodeName", "localhost", "restartPolicy", "Always");
}

static void delete_pod(struct controllers *control, const struct object_key *key)
{
    struct err err = {0};
    json_decref(object_store_delete(control->objects, key, &err));
}

static bool has_owner(struct controllers *control, const json_t *news, const char *ns)
{
    struct resource_id id = {
        (enum resource_kind)json_integer_value(json_object_get(news, "owner_kind")), ns,
        json_string_value(json_object_get(news, "owner"))};
    const struct kind *kind = NULL;
    json_auto_t *owner = controllers_find_object(control, &id, &kind);
    return owner != NULL;
}

void pod_status_write(struct controllers *control, const json_t *news)
{
    const json_t *object = json_object_get(news, "object");
    struct object_key key = object_key_of(&kind_pod, object);
    json_int_t phase = json_integer_value(json_object_get(news, "phase"));
    json_auto_t *there = object_store_get(control->objects, &key);
    bool ended = phase == POD_SUCCEEDED || phase == POD_FAILED;
    struct err err = {0};
    if (phase == POD_GONE || (ended && (!there || !has_owner(control, news, key.ns)))) {
        delete_pod(control, &key);
        return;
    }
    json_t *status = json_incref(json_object_get(news, "status"));
    if (there) {
        json_decref(object_store_set_status_new(control->objects, &key, status, &err));
        return;
    }
    json_t *made = json_deep_copy(object);
    json_object_set_new(made, "status", status);
    json_decref(object_store_create_new(control->objects, &key, made, &err));
}

static bool is_of(const json_t *pod, const struct resource_id *owner)
{
    const json_t *labels = json_object_get(json_object_get(pod, "metadata"), "labels");
    const char *slash = strchr(owner->name, '/');
    const char *label = owner->kind == RESOURCE_SERVICE ? "serving.knative.dev/service"
                                                        : "sources.knative.dev/name";
    return str_equal(json_string_value(json_object_get(labels, label)),
                     slash ? slash + 1 : owner->name);
}

void pod_status_forget(struct controllers *control, const struct resource_id *owner)
{
    if (owner->kind != RESOURCE_SERVICE && owner->kind != RESOURCE_SOURCE)
        return;
    json_auto_t *pods = object_store_list(control->objects, &kind_pod, owner->ns, NULL);
    size_t index;
    json_t *pod;
    json_array_foreach(pods, index, pod)
    {
        struct object_key key = object_key_of(&kind_pod, pod);
        if (is_of(pod, owner))
            delete_pod(control, &key);
    }
}

json_t *pod_status_update_from_event(const struct resource_event *event)
{
    json_t *news = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "about_kind", (int)event->about.kind,
                             "ns", event->about.ns, "about", event->about.name, "type",
                             event->warning ? "Warning" : "Normal", "reason", event->reason,
                             "message", event->message);
    return news ? news : json_object(); /* a message that is no UTF-8 */
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u; /* FNV-1a */
    return hash;
}

/* Events that say the same of the same have one name, and are counted. */
static char *event_name(const json_t *object, const char *reason, const char *message)
{
    uint64_t hash = hash_text(14695981039346656037u, object_uid(object));
    hash = hash_text(hash_text(hash, reason), message);
    return str_format("%s.%016" PRIx64, object_name(object), hash);
}

static json_t *new_event(const struct kind *kind, const json_t *object, const char *name,
                         const json_t *news, json_t *now)
{
    OWN(free) char *api_version = kind_api_version(kind);
    return json_pack(
        "{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:s}, s:O, s:O, s:O, s:i, s:O, s:O, "
        "s:{s:s}, s:s}",
        "apiVersion", "v1", "kind", "Event", "metadata", "name", name, "namespace",
        object_ns(object), "involvedObject", "apiVersion", api_version, "kind", kind->name, "name",
        object_name(object), "namespace", object_ns(object), "uid", object_uid(object), "type",
        json_object_get(news, "type"), "reason", json_object_get(news, "reason"), "message",
        json_object_get(news, "message"), "count", 1, "firstTimestamp", now, "lastTimestamp", now,
        "source", "component", "kn-local", "reportingComponent", "kn-local");
}

static void drop_oldest_event(struct object_store *objects)
{
    json_auto_t *all = object_store_list(objects, &kind_event, NULL, NULL);
    if (json_array_size(all) < MAX_EVENTS)
        return;
    const json_t *oldest = NULL;
    size_t index;
    json_t *event;
    json_array_foreach(all, index, event)
    {
        if (!oldest || strcmp(json_string_value(json_object_get(event, "lastTimestamp")),
                              json_string_value(json_object_get(oldest, "lastTimestamp"))) < 0)
            oldest = event;
    }
    struct object_key key = object_key_of(&kind_event, oldest);
    struct err err = {0};
    json_decref(object_store_delete(objects, &key, &err));
}

static void count_event(struct object_store *objects, const struct object_key *key,
                        const json_t *there, json_t *now)
{
    json_t *next = json_copy((json_t *)there);
    struct err err = {0};
    json_int_t count = json_integer_value(json_object_get(there, "count"));
    json_object_set_new(next, "metadata", json_deep_copy(json_object_get(there, "metadata")));
    json_object_set_new(next, "count", json_integer(count + 1));
    json_object_set(next, "lastTimestamp", now);
    json_decref(object_store_update_new(objects, key, next, &err));
}

void pod_status_write_event(struct controllers *control, const json_t *news)
{
    struct resource_id id = {
        (enum resource_kind)json_integer_value(json_object_get(news, "about_kind")),
        json_string_value(json_object_get(news, "ns")),
        json_string_value(json_object_get(news, "about"))};
    if (!id.ns || !id.name)
        return;
    const struct kind *kind = NULL;
    json_auto_t *object = controllers_find_object(control, &id, &kind);
    if (!object)
        return;
    OWN(free) char *name = event_name(object, json_string_value(json_object_get(news, "reason")),
                                      json_string_value(json_object_get(news, "message")));
    struct object_key key = {&kind_event, id.ns, name};
    json_auto_t *now = time_or_null(timestamp_now_ns());
    json_auto_t *there = object_store_get(control->objects, &key);
    struct err err = {0};
    if (there) {
        count_event(control->objects, &key, there, now);
        return;
    }
    drop_oldest_event(control->objects);
    const struct kind *written = kind_of_object(object, &err);
    json_decref(object_store_create_new(
        control->objects, &key, new_event(written ? written : kind, object, name, news, now),
        &err));
}
