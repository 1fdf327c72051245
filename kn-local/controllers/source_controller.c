/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: processes that send events to a sink, and events by the clock. */
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

static const json_t *spec_of(const json_t *object, const char *key)
{
    return json_object_get(json_object_get(object, "spec"), key);
}

static const char *spec_text(const json_t *object, const char *key)
{
    return json_string_value(spec_of(object, key));
}

static bool resolve_sink(struct reconcile_context *it, bool bare, const char *condition,
                         struct runtime_destination *sink)
{
    struct err err = {0};
    const json_t *destination = spec_of(it->object, "sink");
    bool found =
        bare ? destination_resolve_bare(it->control->objects, destination, it->ns, sink, &err)
             : destination_resolve(it->control->objects, destination, it->ns, sink, &err);
    conditions_add(it->status, it->object, condition, found ? READY_TRUE : READY_FALSE,
                   found ? "" : "SinkResolveFailed", err.text);
    if (!found)
        return false;
    OWN(free) char *url = runtime_address(it->control->runtime, sink);
    json_object_set_new(it->status, "sinkUri", json_string(url));
    return true;
}

/* How it runs, as a condition: what the data plane says, or why it was not even tried. */
static void add_running(struct reconcile_context *it, const char *condition, const struct err *err)
{
    struct observed_status fact = observed_status_get(it->control->facts, &it->id);
    if (err->status)
        conditions_add(it->status, it->object, condition, READY_FALSE, "DeploymentUnavailable",
                       err->text);
    else
        conditions_add(it->status, it->object, condition, fact.ready,
                       fact.known ? fact.reason : "DeploymentUnavailable", fact.message);
}

static char *overrides_of(const json_t *object)
{
    const json_t *overrides = spec_of(object, "ceOverrides");
    return overrides ? json_to_text(overrides) : NULL;
}

/* "containersource-orders-3f2a91c0": a name as a Deployment's pods have. */
static char *pod_base_of(const struct reconcile_context *it, const char *prefix)
{
    const char *uid = object_uid(it->object);
    return str_format("%s-%s-%.8s%" PRId64, prefix, it->name, uid, object_generation(it->object));
}

static void reconcile_container_source(struct reconcile_context *it)
{
    struct runtime_destination sink = {0};
    struct err err = {0};
    OWN(free) char *pod_base = pod_base_of(it, "containersource");
    OWN(free) char *overrides = overrides_of(it->object);
    OWN(pod_template) struct pod_template container = {0};
    const json_t *pod = json_object_get(spec_of(it->object, "template"), "spec");
    if (!resolve_sink(it, false, "SinkBindingReady", &sink)) {
        conditions_add(it->status, it->object, "ReceiveAdapterReady", READY_UNKNOWN, "", "");
        return;
    }
    if (pod_template_read(it->control->objects, pod, it->ns, &container, &err)) {
        struct runtime_source source = {it->ns,         it->id.name, pod_base,
                                        container.spec, sink,        overrides};
        runtime_apply_source(it->control->runtime, &source, &err);
    }
    add_running(it, "ReceiveAdapterReady", &err);
}

static void reconcile_ping_source(struct reconcile_context *it)
{
    struct runtime_destination sink = {0};
    struct err err = {0};
    OWN(free) char *overrides = overrides_of(it->object);
    OWN(buf) struct buf decoded = {0};
    const char *encoded = spec_text(it->object, "dataBase64");
    if (!resolve_sink(it, false, "SinkProvided", &sink)) {
        conditions_add(it->status, it->object, "Deployed", READY_UNKNOWN, "", "");
        return;
    }
    if (encoded)
        base64_decode(bytes_of(encoded), &decoded);
    struct runtime_ping ping = {
        .ns = it->ns,
        .name = it->id.name,
        .schedule = spec_text(it->object, "schedule"),
        .timezone = spec_text(it->object, "timezone"),
        .content_type = spec_text(it->object, "contentType"),
        .data = encoded ? buf_bytes(&decoded) : bytes_of(spec_text(it->object, "data")),
        .sink = sink,
        .overrides = overrides,
    };
    bool applied = runtime_apply_ping(it->control->runtime, &ping, &err);
    conditions_add(it->status, it->object, "Deployed", applied ? READY_TRUE : READY_FALSE,
                   applied ? "" : "PingSourceFailed", err.text);
}

/* An emulator needs no key: without the Secret the source runs all the same. */
static bool has_key(const struct reconcile_context *it)
{
    const char *name = json_text_at(it->object, "spec.gcpCredsSecret.name");
    const char *key = json_text_at(it->object, "spec.gcpCredsSecret.key");
    struct object_key secret_key = {&kind_secret, it->ns, name};
    json_auto_t *secret = name ? object_store_get(it->control->objects, &secret_key) : NULL;
    return secret && json_object_get(json_object_get(secret, "data"), key);
}

static void reconcile_gcp_pubsub_source(struct reconcile_context *it)
{
    struct runtime_destination sink = {0};
    struct err err = {0};
    OWN(free) char *pod_base = pod_base_of(it, "gcppubsub");
    json_auto_t *pod = gcp_pubsub_source_pod_spec(it->object, "pubsub-source", has_key(it));
    OWN(pod_template) struct pod_template container = {0};
    if (!resolve_sink(it, true, "SinkProvided", &sink)) {
        conditions_add(it->status, it->object, "Deployed", READY_UNKNOWN, "", "");
        return;
    }
    if (pod_template_read(it->control->objects, pod, it->ns, &container, &err)) {
        struct runtime_source source = {it->ns, it->id.name, pod_base, container.spec, sink, NULL};
        runtime_apply_source(it->control->runtime, &source, &err);
    }
    add_running(it, "Deployed", &err);
}

void source_controller_reconcile(struct reconcile_context *it)
{
    static const struct {
        const struct kind *kind;
        void (*reconcile)(struct reconcile_context *it);
    } sources[] = {
        {&kind_container_source, reconcile_container_source},
        {&kind_ping_source, reconcile_ping_source},
        {&kind_gcp_pubsub_source, reconcile_gcp_pubsub_source},
    };
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
        if (sources[i].kind == it->kind)
            sources[i].reconcile(it);
}
