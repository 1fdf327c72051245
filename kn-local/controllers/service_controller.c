/* SPDX-License-Identifier: Apache-2.0 */
/* Services: their revisions, and the processes that run them. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/controllers/pod_template.h"
#include "kn-local/kinds/kinds.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_REVISIONS = 5, HASH_TEXT = 11 };

static const json_t *template_of(const json_t *object)
{
    return json_object_get(json_object_get(object, "spec"), "template");
}

/* A number in an annotation of the template, autoscaling.knative.dev/min-scale or minScale. */
static unsigned scale(const json_t *template, const char *key, const char *older)
{
    const char *names[] = {key, older};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        OWN(free) char *name = str_format("autoscaling.knative.dev/%s", names[i]);
        int64_t value = 0;
        if (str_int(object_annotation(template, name), 0, 1000, &value))
            return (unsigned)value;
    }
    return 0;
}

/* "90s" or "5m": Go's durations, as far as they are used here; 0 = not given. */
static int64_t idle_ns(const json_t *template)
{
    const char *text =
        object_annotation(template, "autoscaling.knative.dev/scale-to-zero-pod-retention-period");
    size_t len = strlen(text);
    if (len < 2)
        return 0;
    OWN(free) char *number = str_copy_bytes((struct bytes){text, len - 1});
    int64_t value = 0;
    if (!str_int(number, 0, 86400, &value))
        return 0;
    return value * NS_PER_SEC * (text[len - 1] == 'm' ? 60 : text[len - 1] == 'h' ? 3600 : 1);
}

static int64_t number_or(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static const char *probe_path(const json_t *container)
{
    const json_t *probe = json_object_get(container, "readinessProbe");
    const json_t *get = json_object_get(probe, "httpGet");
    const char *path = json_string_value(json_object_get(get, "path"));
    return get && !path ? "/" : path;
}

/* Ten letters that differ from revision to revision, as in a cluster's pod names. */
static void hash_of(const char *uid, const char *revision, char text[HASH_TEXT])
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    const char *parts[] = {uid, revision};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        for (const char *c = parts[i]; *c; c++)
            hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    snprintf(text, HASH_TEXT, "%010" PRIx64, hash & 0xffffffffffu);
}

static void fill(const struct reconcile_context *it, const struct pod_template *container,
                 const char *revision, const char *pod_base, struct runtime_service *out)
{
    const json_t *template = template_of(it->object);
    const json_t *pod = json_object_get(template, "spec");
    const json_t *from = json_array_get(json_object_get(pod, "containers"), 0);
    *out = (struct runtime_service){
        .ns = it->ns,
        .name = it->name,
        .revision = revision,
        .pod_base = pod_base,
        .container = container->spec,
        .min_scale = scale(template, "min-scale", "minScale"),
        .max_scale = scale(template, "max-scale", "maxScale"),
        .concurrency = (unsigned)number_or(pod, "containerConcurrency", 0),
        .timeout_ns = number_or(pod, "timeoutSeconds", 0) * NS_PER_SEC,
        .idle_ns = idle_ns(template),
        .probe_path = probe_path(from),
    };
}

static json_t *new_revision(const struct reconcile_context *it, const char *name)
{
    OWN(free) char *generation = str_format("%" PRId64, object_generation(it->object));
    return json_pack(
        "{s:s, s:s, s:{s:s, s:s, s:{s:s, s:s, s:s}, s:[{s:s, s:s, s:s, s:s, s:b, s:b}]}, s:O*}",
        "apiVersion", "serving.knative.dev/v1", "kind", "Revision", "metadata", "name", name,
        "namespace", it->ns, "labels", "serving.knative.dev/service", it->name,
        "serving.knative.dev/configuration", it->name,
        "serving.knative.dev/configurationGeneration", generation, "ownerReferences", "apiVersion",
        "serving.knative.dev/v1", "kind", "Service", "name", it->name, "uid",
        object_uid(it->object), "controller", 1, "blockOwnerDeletion", 1, "spec",
        json_object_get(template_of(it->object), "spec"));
}

/* Those of a service; the oldest go when there are too many. */
static void prune_revisions(const struct reconcile_context *it)
{
    json_auto_t *all = object_store_list(it->control->objects, &kind_revision, it->ns, NULL);
    size_t left = 0;
    for (size_t i = json_array_size(all); i-- > 0;) {
        const json_t *revision = json_array_get(all, i);
        const json_t *labels = json_object_get(json_object_get(revision, "metadata"), "labels");
        const char *service =
            json_string_value(json_object_get(labels, "serving.knative.dev/service"));
        if (!str_equal(service, it->name) || left++ < MAX_REVISIONS)
            continue;
        struct object_key key = object_key_of(&kind_revision, revision);
        struct err err = {0};
        json_decref(object_store_delete(it->control->objects, &key, &err));
    }
}

static void write_revision(const struct reconcile_context *it, const char *name,
                           const struct observed_status *fact, const struct err *err)
{
    struct object_store *objects = it->control->objects;
    struct object_key key = {&kind_revision, it->ns, name};
    struct err ignored = {0};
    json_auto_t *revision = object_store_get(objects, &key);
    if (!revision) {
        revision = object_store_create_new(objects, &key, new_revision(it, name), &ignored);
        prune_revisions(it);
    }
    if (!revision)
        return;
    json_t *status = conditions_new_status(revision);
    enum resource_ready ready = err->status ? READY_FALSE : fact->known ? fact->ready : READY_TRUE;
    const char *reason = err->status ? "ContainerMissing" : fact->reason;
    conditions_add(status, revision, "ContainerHealthy", ready, reason,
                   err->status ? err->text : fact->message);
    conditions_add(status, revision, "ResourcesAvailable", READY_TRUE, "", "");
    conditions_add_ready(status, revision);
    json_object_set_new(status, "actualReplicas", json_integer(fact->replicas));
    json_object_set_new(status, "desiredReplicas", json_integer(fact->replicas));
    json_decref(object_store_set_status_new(objects, &key, status, &ignored));
}

static void keep_latest_ready(struct reconcile_context *it, bool ready, const char *revision)
{
    const json_t *old =
        json_object_get(json_object_get(it->object, "status"), "latestReadyRevisionName");
    if (ready)
        json_object_set_new(it->status, "latestReadyRevisionName", json_string(revision));
    else if (old)
        json_object_set(it->status, "latestReadyRevisionName", (json_t *)old);
}

static void write_status(struct reconcile_context *it, const char *revision,
                         const struct observed_status *fact, const struct err *err)
{
    struct runtime_destination self = {.to = DESTINATION_SERVICE, .ns = it->ns, .name = it->name};
    OWN(free) char *url = runtime_address(it->control->runtime, &self);
    enum resource_ready ready = err->status ? READY_FALSE : fact->known ? fact->ready : READY_TRUE;
    const char *reason = err->status ? "RevisionFailed" : fact->reason;
    OWN(free) char *message = NULL;
    if (ready != READY_TRUE)
        message =
            str_format("Revision \"%s\": %s", revision, err->status ? err->text : fact->message);
    json_object_set_new(it->status, "url", json_string(url));
    conditions_set_address(it->status, url);
    json_object_set_new(it->status, "latestCreatedRevisionName", json_string(revision));
    keep_latest_ready(it, ready == READY_TRUE, revision);
    json_object_set_new(it->status, "traffic",
                        json_pack("[{s:b, s:i, s:s}]", "latestRevision", 1, "percent", 100,
                                  "revisionName", revision));
    conditions_add(it->status, it->object, "ConfigurationsReady", ready, reason, message);
    conditions_add(it->status, it->object, "RoutesReady", READY_TRUE, "", "");
}

void service_controller_reconcile(struct reconcile_context *it)
{
    OWN(free) char *revision = str_format("%s-%05" PRId64, it->name, object_generation(it->object));
    char hash[HASH_TEXT];
    hash_of(object_uid(it->object), revision, hash);
    OWN(free) char *pod_base = str_format("%s-deployment-%s", revision, hash);

    struct err err = {0};
    OWN(pod_template) struct pod_template container = {0};
    const json_t *pod = json_object_get(template_of(it->object), "spec");
    if (pod_template_read(it->control->objects, pod, it->ns, &container, &err)) {
        struct runtime_service service;
        fill(it, &container, revision, pod_base, &service);
        runtime_apply_service(it->control->runtime, &service, &err);
    }
    struct observed_status fact = observed_status_get(it->control->facts, &it->id);
    write_revision(it, revision, &fact, &err);
    write_status(it, revision, &fact, &err);
}
