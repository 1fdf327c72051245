/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: from their objects to the data plane and back. */
#include "base/str.h"
#include "kn-local/controllers/conditions.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/controllers/destination.h"

static const json_t *spec_of(const json_t *object, const char *key)
{
    return json_object_get(json_object_get(object, "spec"), key);
}

/* A Channel without template, and a KafkaChannel, keep their events on disk. */
static bool is_durable(const struct reconcile_context *it)
{
    const char *template =
        json_string_value(json_object_get(spec_of(it->object, "channelTemplate"), "kind"));
    if (it->kind == &kind_channel)
        return !template || str_equal(template, "KafkaChannel");
    return it->kind == &kind_kafka_channel;
}

/* Channels of all kinds share their addresses; the first of these kinds has it. */
static bool name_is_taken(const struct reconcile_context *it)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t i = 0; i < count && all[i] != it->kind; i++) {
        struct object_key key = {all[i], it->ns, it->name};
        json_auto_t *other = all[i]->controller == CONTROLLER_CHANNEL
                                 ? object_store_get(it->control->objects, &key)
                                 : NULL;
        if (other)
            return true;
    }
    return false;
}

static void add_dead_letter_sink(struct reconcile_context *it)
{
    struct runtime_destination sink = {0};
    struct err err = {0};
    const json_t *destination = json_object_get(spec_of(it->object, "delivery"), "deadLetterSink");
    if (destination &&
        destination_resolve(it->control->objects, destination, it->ns, &sink, &err)) {
        OWN(free) char *url = runtime_address(it->control->runtime, &sink);
        json_object_set_new(it->status, "deadLetterSinkUri", json_string(url));
    }
    if (err.status)
        conditions_add(it->status, it->object, "DeadLetterSinkResolved", READY_FALSE,
                       "DeadLetterSinkResolveFailed", err.text);
}

void channel_controller_reconcile(struct reconcile_context *it)
{
    struct err err = {0};
    const char *async = object_annotation(it->object, "messaging.knative.dev/async-handler");
    struct runtime_channel channel = {.ns = it->ns, .name = it->name};
    channel.durable = is_durable(it);
    channel.async = str_equal(async, "true");
    struct runtime_destination self = {.to = DESTINATION_CHANNEL, .ns = it->ns, .name = it->name};

    if (name_is_taken(it)) {
        conditions_add(it->status, it->object, "Addressable", READY_FALSE, "NameTaken",
                       "another kind of channel has this name and address");
        return;
    }
    if (!runtime_apply_channel(it->control->runtime, &channel, &err)) {
        conditions_add(it->status, it->object, "Addressable", READY_FALSE, "ChannelFailed",
                       err.text);
        return;
    }
    OWN(free) char *url = runtime_address(it->control->runtime, &self);
    conditions_set_address(it->status, url);
    conditions_add(it->status, it->object, "Addressable", READY_TRUE, "", "");
    controllers_add_observed(it,
                             it->kind == &kind_channel ? "BackingChannelReady" : "DispatcherReady");
    add_dead_letter_sink(it);
}
