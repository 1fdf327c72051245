/* SPDX-License-Identifier: Apache-2.0 */
/* A channel: takes events and brings each to all of its subscriptions, in memory or by way of the
 * disk. */
#ifndef KN_LOCAL_DATAPLANE_CHANNEL_H
#define KN_LOCAL_DATAPLANE_CHANNEL_H

#include "kn-local/dataplane/subscriber_list.h"

struct channel {
    atomic_uint refs;
    char *ns, *name;
    char *place; /* "default/channels/pictures", for the trace; its log's name */
    struct dataplane_io *io;
    struct subscriber_list subscribers; /* of a channel in memory */
    struct budget *budget;              /* of the events in memory */
    struct event_log *log;              /* NULL: in memory only */
    bool durable;
    char *problem;     /* why a durable channel has no log: it takes nothing; else NULL */
    atomic_bool async; /* in memory: senders do not wait for the deliveries */
};

/* writer: where the channel is kept; NULL for one in memory. With a problem (NULL = none) it is a
 * durable channel that cannot be opened. NULL and err when the log cannot be opened. */
struct channel *channel_open(struct dataplane_io *io, struct event_log_writer *writer,
                             const char *ns, const char *name, struct err *err);
struct channel *channel_open_broken(struct dataplane_io *io, const char *ns, const char *name,
                                    const char *problem);

/* Ends its work and releases it. With forget, what it holds on disk is removed too. */
void channel_close(struct channel *channel, bool forget);
struct channel *channel_hold(struct channel *channel);
void channel_release(struct channel *channel);

bool channel_subscribe(struct channel *channel, struct subscription *subscription, struct err *err);
void channel_unsubscribe(struct channel *channel, struct subscription *subscription,
                         enum subscription_end how);

/* Takes an event, and ends one part of the receipt: 202 when it is safe on disk, or when all
 * deliveries have succeeded (asynchronous: at once while there is room); 500: one has failed; 503,
 * 507: it was not taken. */
void channel_take(struct channel *channel, struct event_message *event, struct receipt *receipt);

/* Notes a request that was not taken since it held no event. */
void channel_note_refused(struct channel *channel, int status);

#endif
