/* SPDX-License-Identifier: Apache-2.0 */
/* A channel: takes events and brings each to all of its subscriptions. */
#include "kn-local/dataplane/channel.h"

#include "base/str.h"

enum {
    HELD_BYTES = 8 << 20, /* of events at once, in one channel; one event always fits */
};

struct channel *channel_open(struct delivery_io *world, struct event_log_writer *archive,
                             const char *ns, const char *name, struct err *err)
{
    struct channel *channel = alloc_zeroed(sizeof(*channel));
    atomic_init(&channel->refs, 1);
    channel->world = world;
    channel->ns = str_copy(ns);
    channel->name = str_copy(name);
    channel->place = str_format("%s/channels/%s", ns, name);
    channel->budget = event_message_budget_new(HELD_BYTES);
    subscriber_list_init(&channel->subscribers);
    if (archive)
        channel->backlog = event_log_open(archive, channel->place, &channel->subscribers, err);
    if (!archive || channel->backlog)
        return channel;
    channel_close(channel, false);
    return NULL;
}

struct channel *channel_hold(struct channel *channel)
{
    atomic_fetch_add_explicit(&channel->refs, 1, memory_order_relaxed);
    return channel;
}

void channel_release(struct channel *channel)
{
    if (atomic_fetch_sub(&channel->refs, 1) > 1)
        return;
    if (channel->backlog)
        event_log_release(channel->backlog);
    subscriber_list_done(&channel->subscribers);
    event_message_budget_release(channel->budget);
    free(channel->ns);
    free(channel->name);
    free(channel->place);
    free(channel);
}

void channel_close(struct channel *channel, bool forget)
{
    struct err err = {0}; /* what could not be deleted from a broken disk stays there */
    if (channel->backlog && forget)
        event_log_remove(channel->backlog, &err);
    else if (channel->backlog)
        event_log_close(channel->backlog);
    channel_release(channel);
}

bool channel_subscribe(struct channel *channel, struct subscription *subscription, struct err *err)
{
    if (channel->backlog)
        return event_log_subscribe(channel->backlog, subscription, err);
    subscriber_list_add(&channel->subscribers, subscription);
    return true;
}

void channel_unsubscribe(struct channel *channel, struct subscription *subscription, bool forget)
{
    struct err err = {0}; /* as above */
    subscriber_list_remove(&channel->subscribers, subscription);
    subscription_end(subscription, !forget);
    if (channel->backlog && forget)
        event_log_unsubscribe(channel->backlog, subscription, &err);
}

static void note(struct channel *channel, enum trace_hop_kind hop, const char *id, int status)
{
    if (channel->world->journal)
        trace_log_write(channel->world->journal,
                        &(struct trace_record){
                            .hop = hop, .id = id, .place = channel->place, .status = status});
}

/* Delivers to all at once; the sender's own hold keeps the parcel from settling half-way. */
static void fan_out(struct event_message *parcel, const struct subscriber_snapshot *roster)
{
    for (size_t i = 0; i < roster->count; i++)
        subscription_deliver(roster->list[i], parcel);
    event_message_settle(parcel, true);
}

/* An asynchronous channel answers before the deliveries while it has room; when half of it is used
 * it slows its senders down by answering after them. */
static bool answers_at_once(struct channel *channel)
{
    return atomic_load(&channel->async) &&
           atomic_load(&channel->budget->held) <= channel->budget->max / 2;
}

static void take_in_memory(struct channel *channel, struct event_message *parcel)
{
    OWN(subscriber_snapshot) struct subscriber_snapshot *roster =
        subscriber_list_snapshot(&channel->subscribers);
    if (answers_at_once(channel)) {
        atomic_store(&parcel->open, 1);
        event_message_settle(parcel, true);
        parcel->settled = NULL;
        parcel->wanted = NULL;
    }
    atomic_store(&parcel->open, (unsigned)roster->count + 1);
    fan_out(parcel, roster);
}

bool channel_take(struct channel *channel, struct event_message *parcel)
{
    if (!event_message_charge(parcel, channel->budget)) {
        note(channel, HOP_REFUSED, parcel->id, ERR_UNAVAILABLE);
        return false;
    }
    note(channel, HOP_RECEIVED, parcel->id, 0);
    if (channel->backlog)
        event_log_append(channel->backlog, parcel);
    else
        take_in_memory(channel, parcel);
    return true;
}

static void answer(struct http_exchange *exchange, int status, const char *text)
{
    struct http_reply reply = {.status = status};
    headers_add(&reply.headers, "Allow", "POST, OPTIONS");
    if (status == ERR_UNAVAILABLE)
        headers_add(&reply.headers, "Retry-After", "1");
    if (text) {
        reply.content_type = "text/plain; charset=utf-8";
        buf_add_format(&reply.body, "%s\n", text);
    }
    http_exchange_reply(exchange, &reply);
}

/* The handshake of webhooks. */
static void answer_options(struct http_exchange *exchange)
{
    struct http_reply reply = {.status = 200};
    headers_add(&reply.headers, "Allow", "POST, OPTIONS");
    headers_add(&reply.headers, "WebHook-Allowed-Origin", "*");
    headers_add(&reply.headers, "WebHook-Allowed-Rate", "*");
    http_exchange_reply(exchange, &reply);
}

static void on_delivered(struct event_message *parcel, bool all_well, void *context)
{
    (void)parcel;
    answer(context, all_well ? 202 : ERR_INTERNAL, all_well ? NULL : "a delivery failed");
}

static void on_safe(struct event_message *parcel, bool safe, void *context)
{
    (void)parcel;
    answer(context, safe ? 202 : ERR_UNAVAILABLE, safe ? NULL : "the event could not be stored");
}

static void on_async(struct event_message *parcel, bool all_well, void *context)
{
    (void)parcel, (void)all_well;
    answer(context, 202, NULL);
}

static bool sender_waits(const struct event_message *parcel)
{
    return http_exchange_is_connected(parcel->context);
}

static void receive_event(struct channel *channel, struct http_exchange *exchange)
{
    struct err err = {0};
    OWN(event_message) struct event_message *parcel =
        event_message_from_http(&exchange->headers, &exchange->body, channel->ns, &err);
    if (!parcel) {
        note(channel, HOP_REFUSED, "", err.status);
        answer(exchange, err.status, err.text);
        return;
    }
    event_message_request_reply(parcel);
    bool async = !channel->backlog && atomic_load(&channel->async);
    parcel->settled = channel->backlog ? on_safe : async ? on_async : on_delivered;
    parcel->wanted = channel->backlog || async ? NULL : sender_waits;
    parcel->context = exchange;
    http_exchange_hold(exchange);
    if (!channel_take(channel, parcel))
        answer(exchange, ERR_UNAVAILABLE, "the channel is full, send again later");
}

void channel_receive(struct channel *channel, struct http_exchange *exchange)
{
    if (str_equal(exchange->method, "OPTIONS"))
        answer_options(exchange);
    else if (str_equal(exchange->method, "POST"))
        receive_event(channel, exchange);
    else
        answer(exchange, 405, "want POST");
}
