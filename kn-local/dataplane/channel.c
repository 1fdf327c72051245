/* SPDX-License-Identifier: Apache-2.0 */
/* A channel: takes events and brings each to all of its subscriptions. */
#include "kn-local/dataplane/channel.h"

#include "base/str.h"

enum {
    HELD_BYTES = 8 << 20, /* of events at once, in one channel; one event always fits */
};

static struct channel *create(struct dataplane_io *io, const char *ns, const char *name,
                              bool durable)
{
    struct channel *channel = alloc_zeroed(sizeof(*channel));
    atomic_init(&channel->refs, 1);
    channel->io = io;
    channel->ns = str_copy(ns);
    channel->name = str_copy(name);
    channel->place = str_format("%s/channels/%s", ns, name);
    channel->budget = receipt_budget_new(HELD_BYTES);
    channel->durable = durable;
    subscriber_list_init(&channel->subscribers);
    return channel;
}

struct channel *channel_open(struct dataplane_io *io, struct event_log_writer *writer,
                             const char *ns, const char *name, struct err *err)
{
    struct channel *channel = create(io, ns, name, writer != NULL);
    if (!writer || (channel->log = event_log_open(writer, channel->place, err)))
        return channel;
    channel_release(channel);
    return NULL;
}

struct channel *channel_open_broken(struct dataplane_io *io, const char *ns, const char *name,
                                    const char *problem)
{
    struct channel *channel = create(io, ns, name, true);
    channel->problem = str_format("the channel cannot be opened: %s", problem);
    return channel;
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
    if (channel->log)
        event_log_release(channel->log);
    subscriber_list_done(&channel->subscribers);
    receipt_budget_release(channel->budget);
    free(channel->ns);
    free(channel->name);
    free(channel->place);
    free(channel->problem);
    free(channel);
}

void channel_close(struct channel *channel, bool forget)
{
    if (channel->log && forget)
        event_log_remove(channel->log);
    else if (channel->log)
        event_log_close(channel->log);
    channel_release(channel);
}

bool channel_subscribe(struct channel *channel, struct subscription *subscription, struct err *err)
{
    if (channel->problem)
        return err_set(err, ERR_UNAVAILABLE, "%s", channel->problem);
    if (channel->log)
        return subscription_read(subscription, channel->log, err);
    subscriber_list_add(&channel->subscribers, subscription);
    return true;
}

void channel_unsubscribe(struct channel *channel, struct subscription *subscription,
                         enum subscription_end how)
{
    subscriber_list_remove(&channel->subscribers, subscription);
    subscription_end(subscription, how);
}

static void trace(struct channel *channel, enum trace_hop_kind hop, const char *id, int status)
{
    if (channel->io->trace)
        trace_log_write(channel->io->trace,
                        &(struct trace_record){
                            .hop = hop, .id = id, .place = channel->place, .status = status});
}

void channel_note_refused(struct channel *channel, int status)
{
    trace(channel, HOP_REFUSED, "", status);
}

/* Delivers to all at once; the caller's own part keeps the receipt open until all have begun. */
static void fan_out(struct channel *channel, struct event_message *event, struct receipt *receipt)
{
    OWN(subscriber_snapshot)
    struct subscriber_snapshot *snapshot = subscriber_list_snapshot(&channel->subscribers);
    receipt_open(receipt, (unsigned)snapshot->count);
    for (size_t i = 0; i < snapshot->count; i++)
        subscription_deliver(snapshot->list[i], event, receipt);
    receipt_settle(receipt, 202, NULL);
}

void channel_take(struct channel *channel, struct event_message *event, struct receipt *receipt)
{
    if (channel->problem || !receipt_charge(receipt, channel->budget, event->size)) {
        const char *reason =
            channel->problem ? channel->problem : "the channel is full; send again later";
        trace(channel, HOP_REFUSED, event->id, ERR_UNAVAILABLE);
        receipt->refused = true;
        receipt_answer(receipt, ERR_UNAVAILABLE, reason);
        receipt_settle(receipt, ERR_UNAVAILABLE, NULL);
        return;
    }
    trace(channel, HOP_RECEIVED, event->id, 0);
    if (channel->log) {
        event_log_append(channel->log, event, receipt);
        return;
    }
    /* an asynchronous channel answers before the deliveries until half of its room is used; then
     * it slows its senders down by answering after them */
    receipt->async = atomic_load(&channel->async);
    if (receipt->async && atomic_load(&channel->budget->used) <= channel->budget->max / 2)
        receipt_answer(receipt, 202, NULL);
    fan_out(channel, event, receipt);
}
