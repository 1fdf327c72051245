/* SPDX-License-Identifier: Apache-2.0 */
/* Applies services, and writes their status and their revisions. */
#include "base/hash.h"
#include "base/json/json_at.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/controllers/pod_template.h"
#include "kn-local/kinds/kinds.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_REVISIONS = 5 };

/* An annotation of the template as a number: autoscaling.knative.dev/min-scale, or minScale. */
static unsigned scale(const json_t *template, const char *key, const char *old_key)
{
    const char *names[] = {key, old_key};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        OWN(free) char *name = str_format("autoscaling.knative.dev/%s", names[i]);
        int64_t value = 0;
        if (str_int(object_annotation(template, name), 0, 1000, &value))
            return (unsigned)value;
    }
    return 0;
}

/* "90s" or "5m": a number and one unit of Go's durations; 0 when absent or not valid. */
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

static void fill_service(const struct reconcile_context *ctx, const struct pod_template *container,
                         const char *revision, const char *pod_base, struct runtime_service *out)
{
    const json_t *template = json_at(ctx->object, "spec.template");
    const json_t *pod = json_object_get(template, "spec");
    const json_t *probe = json_at(pod, "containers[0].readinessProbe.httpGet");
    const char *probe_path = json_text_at(probe, "path");
    *out = (struct runtime_service){
        .ns = ctx->ns,
        .name = ctx->name,
        .revision = revision,
        .pod_base = pod_base,
        .container = container->spec,
        .min_scale = scale(template, "min-scale", "minScale"),
        .max_scale = scale(template, "max-scale", "maxScale"),
        .concurrency = (unsigned)json_int_at(pod, "containerConcurrency", 0),
        .timeout_ns = json_int_at(pod, "timeoutSeconds", 0) * NS_PER_SEC,
        .idle_ns = idle_ns(template),
        .probe_path = probe && !probe_path ? "/" : probe_path,
    };
}

static json_t *new_revision(const struct reconcile_context *ctx, const char *name)
{
    OWN(free) char *generation = str_format("%" PRId64, object_generation(ctx->object));
    return json_pack(
        "{s:s, s:s, s:{s:s, s:s, s:{s:s, s:s, s:s}, s:[{s:s, s:s, s:s, s:s, s:b, s:b}]}, s:O*}",
        "apiVersion", "serving.knative.dev/v1", "kind", "Revision", "metadata", "name", name,
        "namespace", ctx->ns, "labels", "serving.knative.dev/service", ctx->name,
        "serving.knative.dev/configuration", ctx->name,
        "serving.knative.dev/configurationGeneration", generation, "ownerReferences", "apiVersion",
        "serving.knative.dev/v1", "kind", "Service", "name", ctx->name, "uid",
        object_uid(ctx->object), "controller", 1, "blockOwnerDeletion", 1, "spec",
        json_at(ctx->object, "spec.template.spec"));
}

/* Deletes the oldest revisions of a service when there are too many. */
static void prune_revisions(const struct reconcile_context *ctx)
{
    json_auto_t *all = object_store_list(ctx->controllers->objects, &kind_revision, ctx->ns, NULL);
    size_t kept = 0;
    for (size_t i = json_array_size(all); i-- > 0;) {
        const json_t *revision = json_array_get(all, i);
        const char *service = object_label(revision, "serving.knative.dev/service");
        if (!str_equal(service, ctx->name) || kept++ < MAX_REVISIONS)
            continue;
        struct object_key key = object_key_of(&kind_revision, revision);
        struct err err = {0};
        json_decref(object_store_delete(ctx->controllers->objects, &key, &err));
    }
}

static void write_revision(const struct reconcile_context *ctx, const char *name,
                           const struct observed_status *observed, const struct err *err)
{
    struct object_store *objects = ctx->controllers->objects;
    struct object_key key = {&kind_revision, ctx->ns, name};
    struct err ignored = {0};
    json_auto_t *revision = object_store_get(objects, &key);
    if (!revision) {
        revision = object_store_create_new(objects, &key, new_revision(ctx, name), &ignored);
        prune_revisions(ctx);
    }
    if (!revision)
        return;
    json_t *status = conditions_new_status(revision);
    enum resource_ready ready = err->status       ? READY_FALSE
                                : observed->known ? observed->ready
                                                  : READY_TRUE;
    const char *reason = err->status ? "ContainerMissing" : observed->reason;
    conditions_add(status, revision, "ContainerHealthy", ready, reason,
                   err->status ? err->text : observed->message);
    conditions_add(status, revision, "ResourcesAvailable", READY_TRUE, "", "");
    conditions_add_ready(status, revision);
    json_object_set_new(status, "actualReplicas", json_integer(observed->replicas));
    json_object_set_new(status, "desiredReplicas", json_integer(observed->replicas));
    json_decref(object_store_set_status_new(objects, &key, status, &ignored));
}

static void write_status(struct reconcile_context *ctx, const char *revision,
                         const struct observed_status *observed, const struct err *err)
{
    struct runtime_destination self = {.to = DESTINATION_SERVICE, .ns = ctx->ns, .name = ctx->name};
    OWN(free) char *url = runtime_address(ctx->controllers->runtime, &self);
    enum resource_ready ready = err->status       ? READY_FALSE
                                : observed->known ? observed->ready
                                                  : READY_TRUE;
    const char *reason = err->status ? "RevisionFailed" : observed->reason;
    OWN(free) char *message = NULL;
    if (ready != READY_TRUE)
        message = str_format("Revision \"%s\": %s", revision,
                             err->status ? err->text : observed->message);
    json_object_set_new(ctx->status, "url", json_string(url));
    conditions_set_address(ctx->status, url);
    json_object_set_new(ctx->status, "latestCreatedRevisionName", json_string(revision));
    const char *latest = ready == READY_TRUE
                             ? revision
                             : json_text_at(ctx->object, "status.latestReadyRevisionName");
    if (latest)
        json_object_set_new(ctx->status, "latestReadyRevisionName", json_string(latest));
    json_object_set_new(ctx->status, "traffic",
                        json_pack("[{s:b, s:i, s:s}]", "latestRevision", 1, "percent", 100,
                                  "revisionName", revision));
    conditions_add(ctx->status, ctx->object, "ConfigurationsReady", ready, reason, message);
    conditions_add(ctx->status, ctx->object, "RoutesReady", READY_TRUE, "", "");
}

void service_controller_reconcile(struct reconcile_context *ctx)
{
    OWN(free) char *revision =
        str_format("%s-%05" PRId64, ctx->name, object_generation(ctx->object));
    /* ten digits that differ from revision to revision, as in a cluster's pod names */
    uint64_t hash = hash_text(hash_text(HASH_EMPTY, object_uid(ctx->object)), revision);
    OWN(free) char *pod_base =
        str_format("%s-deployment-%010" PRIx64, revision, hash & 0xffffffffff);

    struct err err = {0};
    OWN(pod_template) struct pod_template container = {0};
    const json_t *pod = json_at(ctx->object, "spec.template.spec");
    if (pod_template_read(ctx->controllers->objects, pod, ctx->ns, &container, &err)) {
        struct runtime_service service;
        fill_service(ctx, &container, revision, pod_base, &service);
        runtime_apply_service(ctx->controllers->runtime, &service, &err);
    }
    struct observed_status observed = observed_status_get(ctx->controllers->observed, &ctx->id);
    write_revision(ctx, revision, &observed, &err);
    write_status(ctx, revision, &observed, &err);
}
