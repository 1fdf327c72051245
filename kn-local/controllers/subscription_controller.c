/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions: from their objects to the data plane and back. */
#include "base/str.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/controllers/destination.h"

static const json_t *spec_of(const json_t *object, const char *key)
{
    return json_object_get(json_object_get(object, "spec"), key);
}

static void set_address(const struct reconcile_context *it, json_t *object, const char *key,
                        const struct runtime_destination *target)
{
    if (target->to == DESTINATION_NONE)
        return;
    OWN(free) char *url = runtime_address(it->control->runtime, target);
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

/* Without a service between them, channels pass an event on for ever. */
static bool closes_loop(struct reconcile_context *it, const char *channel,
                        const struct runtime_destination *next)
{
    if (next->to != DESTINATION_CHANNEL || !str_equal(next->ns, it->ns))
        return false;
    if (leads(it->accepted, it->ns, next->name, channel, json_array_size(it->accepted)))
        return true;
    json_array_append_new(it->accepted, json_pack("[s, s, s]", it->ns, channel, next->name));
    return false;
}

/* The channel's object, in today's words of its kind; a new reference. */
static json_t *channel_of(const struct reconcile_context *it, struct err *err)
{
    const json_t *reference = spec_of(it->object, "channel");
    struct runtime_destination target = {0};
    if (!destination_resolve_bare(it->control->objects, reference, it->ns, &target, err))
        return NULL;
    struct resource_id id = {RESOURCE_CHANNEL, it->ns, target.name};
    const struct kind *kind = NULL;
    return target.to == DESTINATION_CHANNEL ? controllers_find_object(it->control, &id, &kind)
                                            : NULL;
}

/* The subscription's delivery counts as a whole; only a dead letter sink is taken from the
 * channel's when it has none. */
static bool read_delivery(const struct reconcile_context *it, const json_t *channel,
                          struct runtime_subscription *out, struct err *err)
{
    const json_t *own = spec_of(it->object, "delivery");
    const json_t *channels = spec_of(channel, "delivery");
    const json_t *policy = json_object_size(own) ? own : channels;
    const json_t *sink = json_object_get(own, "deadLetterSink");
    if (!sink)
        sink = json_object_get(channels, "deadLetterSink");
    if (policy) {
        struct jread delivery = jread_open(policy, "delivery", ERR_INPUT, err);
        if (!delivery_policy_from_json(&delivery, &out->policy))
            return false;
    }
    return destination_resolve(it->control->objects, sink, it->ns, &out->dead_letter, err);
}

static void refuse(struct reconcile_context *it, const char *type, const char *reason,
                   const struct err *err)
{
    conditions_add(it->status, it->object, type, READY_FALSE, reason, err->text);
}

static bool resolve(struct reconcile_context *it, const json_t *channel,
                    struct runtime_subscription *out)
{
    struct object_store *objects = it->control->objects;
    struct err err = {0};
    const char *reason = "SubscriberResolveFailed";
    bool resolved = destination_resolve(objects, spec_of(it->object, "subscriber"), it->ns,
                                        &out->subscriber, &err);
    if (resolved) {
        reason = "ReplyResolveFailed";
        resolved =
            destination_resolve(objects, spec_of(it->object, "reply"), it->ns, &out->reply, &err);
    }
    if (resolved) {
        reason = "DeadLetterSinkResolveFailed";
        resolved = read_delivery(it, channel, out, &err);
    }
    if (!resolved)
        refuse(it, "ReferencesResolved", reason, &err);
    else
        conditions_add(it->status, it->object, "ReferencesResolved", READY_TRUE, "", "");
    return resolved;
}

static bool add_to_channel(struct reconcile_context *it,
                           const struct runtime_subscription *subscription)
{
    struct err err = {0};
    const struct runtime_destination *next = subscription->subscriber.to != DESTINATION_NONE
                                                 ? &subscription->subscriber
                                                 : &subscription->reply;
    if (closes_loop(it, subscription->channel, next)) {
        err_set(&err, ERR_INPUT,
                "events would go round for ever: channel \"%s\" leads back to \"%s\"", next->name,
                subscription->channel);
        refuse(it, "AddedToChannel", "ChannelLoop", &err);
        return false;
    }
    if (!runtime_apply_subscription(it->control->runtime, subscription, &err)) {
        refuse(it, "AddedToChannel", "PhysicalChannelSyncFailed", &err);
        return false;
    }
    return true;
}

static void add_addresses(struct reconcile_context *it,
                          const struct runtime_subscription *subscription)
{
    json_t *physical = json_object();
    set_address(it, physical, "subscriberUri", &subscription->subscriber);
    set_address(it, physical, "replyUri", &subscription->reply);
    set_address(it, physical, "deadLetterSinkUri", &subscription->dead_letter);
    json_object_set_new(it->status, "physicalSubscription", physical);
}

void subscription_controller_reconcile(struct reconcile_context *it)
{
    struct err err = {0};
    json_auto_t *channel = channel_of(it, &err);
    struct runtime_subscription subscription = {.ns = it->ns, .name = it->name};
    if (!channel) {
        if (!err.status)
            err_set(&err, ERR_INPUT, "spec.channel is no channel");
        refuse(it, "ChannelReady", "ChannelNotFound", &err);
    } else {
        conditions_add(it->status, it->object, "ChannelReady", READY_TRUE, "", "");
    }
    bool resolved = resolve(it, channel, &subscription);
    if (!channel || !resolved) {
        runtime_keep(it->control->runtime,
                     (struct resource_id){RESOURCE_SUBSCRIPTION, it->ns, it->name});
        conditions_add(it->status, it->object, "AddedToChannel", READY_UNKNOWN, "", "");
        return;
    }
    subscription.channel = object_name(channel);
    const char *order = object_annotation(it->object, "kafka.eventing.knative.dev/delivery.order");
    subscription.order = str_equal(order, "ordered") ? RUNTIME_ORDERED : RUNTIME_UNORDERED;
    if (!add_to_channel(it, &subscription))
        return;
    controllers_add_observed(it, "AddedToChannel");
    add_addresses(it, &subscription);
}
