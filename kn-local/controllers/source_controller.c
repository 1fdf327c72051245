/* SPDX-License-Identifier: Apache-2.0 */
/* Applies sources, processes and schedules that send events to a sink, and writes their status. */
#include "base/base64.h"
#include "base/json/jread.h"
#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/controllers/destination.h"
#include "kn-local/controllers/pod_template.h"
#include "kn-local/kinds/gcp_pubsub_source.h"

#include <inttypes.h>

static bool resolve_sink(struct reconcile_context *ctx, bool bare, const char *condition,
                         struct runtime_destination *sink)
{
    struct err err = {0};
    const json_t *destination = json_at(ctx->object, "spec.sink");
    bool found =
        bare ? destination_resolve_bare(ctx->controllers->objects, destination, ctx->ns, sink, &err)
             : destination_resolve(ctx->controllers->objects, destination, ctx->ns, sink, &err);
    conditions_add(ctx->status, ctx->object, condition, found ? READY_TRUE : READY_FALSE,
                   found ? "" : "SinkResolveFailed", err.text);
    if (!found)
        return false;
    OWN(free) char *url = runtime_address(ctx->controllers->runtime, sink);
    json_object_set_new(ctx->status, "sinkUri", json_string(url));
    return true;
}

/* Adds a condition with what the data plane reported, or with why nothing was applied. */
static void add_running(struct reconcile_context *ctx, const char *condition, const struct err *err)
{
    struct observed_status observed = observed_status_get(ctx->controllers->observed, &ctx->id);
    if (err->status)
        conditions_add(ctx->status, ctx->object, condition, READY_FALSE, "DeploymentUnavailable",
                       err->text);
    else
        conditions_add(ctx->status, ctx->object, condition, observed.ready,
                       observed.known ? observed.reason : "DeploymentUnavailable",
                       observed.message);
}

static char *overrides_of(const json_t *object)
{
    const json_t *overrides = json_at(object, "spec.ceOverrides");
    return overrides ? json_to_text(overrides) : NULL;
}

/* "containersource-orders-3f2a91c0": a name as that of a Deployment's pods. The caller frees. */
static char *pod_base_of(const struct reconcile_context *ctx, const char *prefix)
{
    const char *uid = object_uid(ctx->object);
    return str_format("%s-%s-%.8s%" PRId64, prefix, ctx->name, uid, object_generation(ctx->object));
}

static void reconcile_container_source(struct reconcile_context *ctx)
{
    struct runtime_destination sink = {0};
    struct err err = {0};
    OWN(free) char *pod_base = pod_base_of(ctx, "containersource");
    OWN(free) char *overrides = overrides_of(ctx->object);
    OWN(pod_template) struct pod_template container = {0};
    const json_t *pod = json_at(ctx->object, "spec.template.spec");
    if (!resolve_sink(ctx, false, "SinkBindingReady", &sink)) {
        conditions_add(ctx->status, ctx->object, "ReceiveAdapterReady", READY_UNKNOWN, "", "");
        return;
    }
    if (pod_template_read(ctx->controllers->objects, pod, ctx->ns, &container, &err)) {
        struct runtime_source source = {ctx->ns,        ctx->id.name, pod_base,
                                        container.spec, sink,         overrides};
        runtime_apply_source(ctx->controllers->runtime, &source, &err);
    }
    add_running(ctx, "ReceiveAdapterReady", &err);
}

static void reconcile_ping_source(struct reconcile_context *ctx)
{
    struct runtime_destination sink = {0};
    struct err err = {0};
    OWN(free) char *overrides = overrides_of(ctx->object);
    OWN(buf) struct buf decoded = {0};
    const char *encoded = json_text_at(ctx->object, "spec.dataBase64");
    if (!resolve_sink(ctx, false, "SinkProvided", &sink)) {
        conditions_add(ctx->status, ctx->object, "Deployed", READY_UNKNOWN, "", "");
        return;
    }
    if (encoded)
        base64_decode(bytes_of(encoded), &decoded);
    struct runtime_ping ping = {
        .ns = ctx->ns,
        .name = ctx->id.name,
        .schedule = json_text_at(ctx->object, "spec.schedule"),
        .timezone = json_text_at(ctx->object, "spec.timezone"),
        .content_type = json_text_at(ctx->object, "spec.contentType"),
        .data = encoded ? buf_bytes(&decoded) : bytes_of(json_text_at(ctx->object, "spec.data")),
        .sink = sink,
        .overrides = overrides,
    };
    bool applied = runtime_apply_ping(ctx->controllers->runtime, &ping, &err);
    conditions_add(ctx->status, ctx->object, "Deployed", applied ? READY_TRUE : READY_FALSE,
                   applied ? "" : "PingSourceFailed", err.text);
}

/* An emulator needs no key, so a missing Secret is not an error. */
static bool has_key(const struct reconcile_context *ctx)
{
    const char *name = json_text_at(ctx->object, "spec.gcpCredsSecret.name");
    const char *key = json_text_at(ctx->object, "spec.gcpCredsSecret.key");
    struct object_key secret_key = {&kind_secret, ctx->ns, name};
    json_auto_t *secret = name ? object_store_get(ctx->controllers->objects, &secret_key) : NULL;
    return secret && json_object_get(json_object_get(secret, "data"), key);
}

static void reconcile_gcp_pubsub_source(struct reconcile_context *ctx)
{
    struct runtime_destination sink = {0};
    struct err err = {0};
    OWN(free) char *pod_base = pod_base_of(ctx, "gcppubsub");
    json_auto_t *pod = gcp_pubsub_source_pod_spec(ctx->object, "pubsub-source", has_key(ctx));
    OWN(pod_template) struct pod_template container = {0};
    if (!resolve_sink(ctx, true, "SinkProvided", &sink)) {
        conditions_add(ctx->status, ctx->object, "Deployed", READY_UNKNOWN, "", "");
        return;
    }
    if (pod_template_read(ctx->controllers->objects, pod, ctx->ns, &container, &err)) {
        struct runtime_source source = {ctx->ns,        ctx->id.name, pod_base,
                                        container.spec, sink,         NULL};
        runtime_apply_source(ctx->controllers->runtime, &source, &err);
    }
    add_running(ctx, "Deployed", &err);
}

void source_controller_reconcile(struct reconcile_context *ctx)
{
    static const struct {
        const struct kind *kind;
        void (*reconcile)(struct reconcile_context *ctx);
    } sources[] = {
        {&kind_container_source, reconcile_container_source},
        {&kind_ping_source, reconcile_ping_source},
        {&kind_gcp_pubsub_source, reconcile_gcp_pubsub_source},
    };
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
        if (sources[i].kind == ctx->kind)
            sources[i].reconcile(ctx);
}
