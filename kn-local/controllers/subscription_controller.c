/* SPDX-License-Identifier: Apache-2.0 */
/* Applies subscriptions, and writes their status. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/controllers/destination.h"

static void set_address(const struct reconcile_context *ctx, json_t *object, const char *key,
                        const struct runtime_destination *target)
{
    if (target->to == DESTINATION_NONE)
        return;
    OWN(free) char *url = runtime_address(ctx->controllers->runtime, target);
    json_object_set_new(object, key, json_string(url));
}

static const char *part(const json_t *edge, size_t index)
{
    return json_string_value(json_array_get(edge, index));
}

/* Whether accepted subscriptions lead from one channel to another. */
static bool leads(const json_t *accepted, const char *ns, const char *from, const char *to,
                  size_t steps)
{
    if (str_equal(from, to))
        return true;
    size_t index;
    json_t *edge;
    json_array_foreach(accepted, index, edge)
    {
        if (steps && str_equal(part(edge, 0), ns) && str_equal(part(edge, 1), from) &&
            leads(accepted, ns, part(edge, 2), to, steps - 1))
            return true;
    }
    return false;
}

/* Without a service between them, channels would pass an event on forever. */
static bool closes_loop(struct reconcile_context *ctx, const char *channel,
                        const struct runtime_destination *next)
{
    if (next->to != DESTINATION_CHANNEL || !str_equal(next->ns, ctx->ns))
        return false;
    if (leads(ctx->accepted, ctx->ns, next->name, channel, json_array_size(ctx->accepted)))
        return true;
    json_array_append_new(ctx->accepted, json_pack("[s, s, s]", ctx->ns, channel, next->name));
    return false;
}

/* The channel's object as it is stored, or NULL. err is set unless spec.channel refers to something
 * else than a channel. A new reference. */
static json_t *channel_of(const struct reconcile_context *ctx, struct err *err)
{
    const json_t *reference = json_at(ctx->object, "spec.channel");
    struct runtime_destination target = {0};
    if (!destination_resolve_bare(ctx->controllers->objects, reference, ctx->ns, &target, err))
        return NULL;
    struct resource_id id = {RESOURCE_CHANNEL, ctx->ns, target.name};
    const struct kind *kind = NULL;
    return target.to == DESTINATION_CHANNEL ? controllers_find_object(ctx->controllers, &id, &kind)
                                            : NULL;
}

/* The subscription's delivery replaces the channel's as a whole; only a missing dead letter sink is
 * taken from the channel's. */
static bool read_delivery(const struct reconcile_context *ctx, const json_t *channel,
                          struct runtime_subscription *out, struct err *err)
{
    const json_t *own = json_at(ctx->object, "spec.delivery");
    const json_t *inherited = json_at(channel, "spec.delivery");
    const json_t *policy = json_object_size(own) ? own : inherited;
    const json_t *sink = json_object_get(own, "deadLetterSink");
    if (!sink)
        sink = json_object_get(inherited, "deadLetterSink");
    if (policy) {
        struct jread delivery = jread_open(policy, "delivery", ERR_INPUT, err);
        if (!delivery_policy_from_json(&delivery, &out->policy))
            return false;
    }
    return destination_resolve(ctx->controllers->objects, sink, ctx->ns, &out->dead_letter, err);
}

static void refuse(struct reconcile_context *ctx, const char *type, const char *reason,
                   const struct err *err)
{
    conditions_add(ctx->status, ctx->object, type, READY_FALSE, reason, err->text);
}

static bool resolve(struct reconcile_context *ctx, const json_t *channel,
                    struct runtime_subscription *out)
{
    struct object_store *objects = ctx->controllers->objects;
    struct err err = {0};
    const char *reason = "SubscriberResolveFailed";
    bool resolved = destination_resolve(objects, json_at(ctx->object, "spec.subscriber"), ctx->ns,
                                        &out->subscriber, &err);
    if (resolved) {
        reason = "ReplyResolveFailed";
        resolved = destination_resolve(objects, json_at(ctx->object, "spec.reply"), ctx->ns,
                                       &out->reply, &err);
    }
    if (resolved) {
        reason = "DeadLetterSinkResolveFailed";
        resolved = read_delivery(ctx, channel, out, &err);
    }
    if (!resolved)
        refuse(ctx, "ReferencesResolved", reason, &err);
    else
        conditions_add(ctx->status, ctx->object, "ReferencesResolved", READY_TRUE, "", "");
    return resolved;
}

static bool add_to_channel(struct reconcile_context *ctx,
                           const struct runtime_subscription *subscription)
{
    struct err err = {0};
    const struct runtime_destination *next = subscription->subscriber.to != DESTINATION_NONE
                                                 ? &subscription->subscriber
                                                 : &subscription->reply;
    if (closes_loop(ctx, subscription->channel, next)) {
        err_set(&err, ERR_INPUT, "events would loop forever: channel \"%s\" leads back to \"%s\"",
                next->name, subscription->channel);
        refuse(ctx, "AddedToChannel", "ChannelLoop", &err);
        return false;
    }
    if (!runtime_apply_subscription(ctx->controllers->runtime, subscription, &err)) {
        refuse(ctx, "AddedToChannel", "PhysicalChannelSyncFailed", &err);
        return false;
    }
    return true;
}

void subscription_controller_reconcile(struct reconcile_context *ctx)
{
    struct err err = {0};
    json_auto_t *channel = channel_of(ctx, &err);
    struct runtime_subscription subscription = {.ns = ctx->ns, .name = ctx->name};
    if (!channel) {
        if (!err.status)
            err_set(&err, ERR_INPUT, "spec.channel does not refer to a channel");
        refuse(ctx, "ChannelReady", "ChannelNotFound", &err);
    } else {
        conditions_add(ctx->status, ctx->object, "ChannelReady", READY_TRUE, "", "");
    }
    bool resolved = resolve(ctx, channel, &subscription);
    if (!channel || !resolved) {
        runtime_keep(ctx->controllers->runtime,
                     (struct resource_id){RESOURCE_SUBSCRIPTION, ctx->ns, ctx->name});
        conditions_add(ctx->status, ctx->object, "AddedToChannel", READY_UNKNOWN, "", "");
        return;
    }
    subscription.channel = object_name(channel);
    const char *order = object_annotation(ctx->object, "kafka.eventing.knative.dev/delivery.order");
    subscription.order = str_equal(order, "ordered") ? RUNTIME_ORDERED : RUNTIME_UNORDERED;
    if (!add_to_channel(ctx, &subscription))
        return;
    controllers_add_observed(ctx, "AddedToChannel");
    json_t *physical = json_object();
    set_address(ctx, physical, "subscriberUri", &subscription.subscriber);
    set_address(ctx, physical, "replyUri", &subscription.reply);
    set_address(ctx, physical, "deadLetterSinkUri", &subscription.dead_letter);
    json_object_set_new(ctx->status, "physicalSubscription", physical);
}
