/* SPDX-License-Identifier: Apache-2.0 */
/* A channel: takes events and brings each to all of its subscriptions, in memory or by way of the
 * disk. */
#ifndef KN_LOCAL_DATAPLANE_CHANNEL_H
#define KN_LOCAL_DATAPLANE_CHANNEL_H

#include "kn-local/dataplane/event_log.h"
#include "net/server/http_server.h"

struct channel {
    atomic_uint refs;
    char *ns, *name;
    char *place; /* "default/channels/pictures", for the journal */
    struct delivery_io *world;
    struct subscriber_list subscribers;
    struct budget *budget;     /* of the events in memory; held */
    struct event_log *backlog; /* NULL: in memory only; held */
    atomic_bool async;         /* in memory: senders do not wait for the deliveries */
};

/* archive: where the channel is kept; NULL for one in memory. NULL and err when the archive cannot
 * be written. */
struct channel *channel_open(struct delivery_io *world, struct event_log_writer *archive,
                             const char *ns, const char *name, struct err *err);

/* Ends its work and releases it. With forget, what it holds on disk is deleted too. */
void channel_close(struct channel *channel, bool forget);
struct channel *channel_hold(struct channel *channel);
void channel_release(struct channel *channel);

bool channel_subscribe(struct channel *channel, struct subscription *subscription, struct err *err);

/* Ends a subscription; with forget it is not expected again. */
void channel_unsubscribe(struct channel *channel, struct subscription *subscription, bool forget);

/* Takes an event. True: parcel->settled is called once, on any thread, when the sender can be
 * answered: on disk, when the event is safe; in memory, when all deliveries have ended, or at once
 * when the channel is asynchronous and has room. False: the channel is full, the event was not
 * taken. */
bool channel_take(struct channel *channel, struct event_message *parcel);

/* Answers a request to the channel's address: 202, 400 no event, 405, 500 a delivery failed, 503
 * full or the disk is. */
void channel_receive(struct channel *channel, struct http_exchange *exchange);

#endif
