/* SPDX-License-Identifier: Apache-2.0 */
/* Applies channels of all kinds, and writes their status. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/controllers/destination.h"

/* A Channel without template, and a KafkaChannel, keep their events on disk. */
static bool is_durable(const struct reconcile_context *ctx)
{
    const char *template = json_text_at(ctx->object, "spec.channelTemplate.kind");
    if (ctx->kind == &kind_channel)
        return !template || str_equal(template, "KafkaChannel");
    return ctx->kind == &kind_kafka_channel;
}

static void add_dead_letter_sink(struct reconcile_context *ctx)
{
    struct runtime_destination sink = {0};
    struct err err = {0};
    const json_t *destination = json_at(ctx->object, "spec.delivery.deadLetterSink");
    if (destination &&
        destination_resolve(ctx->controllers->objects, destination, ctx->ns, &sink, &err)) {
        OWN(free) char *url = runtime_address(ctx->controllers->runtime, &sink);
        json_object_set_new(ctx->status, "deadLetterSinkUri", json_string(url));
    }
    if (err.status)
        conditions_add(ctx->status, ctx->object, "DeadLetterSinkResolved", READY_FALSE,
                       "DeadLetterSinkResolveFailed", err.text);
}

void channel_controller_reconcile(struct reconcile_context *ctx)
{
    struct err err = {0};
    const char *async = object_annotation(ctx->object, "messaging.knative.dev/async-handler");
    struct runtime_channel channel = {.ns = ctx->ns,
                                      .name = ctx->name,
                                      .durable = is_durable(ctx),
                                      .async = str_equal(async, "true")};
    struct runtime_destination self = {.to = DESTINATION_CHANNEL, .ns = ctx->ns, .name = ctx->name};

    /* channels of all kinds share their addresses */
    const struct kind *owner_kind = NULL;
    json_auto_t *owner = controllers_find_object(ctx->controllers, &ctx->id, &owner_kind);
    if (owner && owner_kind != ctx->kind) {
        OWN(free) char *message = str_format("a %s has this name and address", owner_kind->name);
        conditions_add(ctx->status, ctx->object, "Addressable", READY_FALSE, "NameTaken", message);
        return;
    }
    if (!runtime_apply_channel(ctx->controllers->runtime, &channel, &err)) {
        conditions_add(ctx->status, ctx->object, "Addressable", READY_FALSE, "ChannelFailed",
                       err.text);
        return;
    }
    OWN(free) char *url = runtime_address(ctx->controllers->runtime, &self);
    conditions_set_address(ctx->status, url);
    conditions_add(ctx->status, ctx->object, "Addressable", READY_TRUE, "", "");
    controllers_add_observed(ctx, ctx->kind == &kind_channel ? "BackingChannelReady"
                                                             : "DispatcherReady");
    add_dead_letter_sink(ctx);
}
