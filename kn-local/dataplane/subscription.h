/* SPDX-License-Identifier: Apache-2.0 */
/* A subscription: takes parcels and brings each to its subscriber, replies to the reply's address,
 * failures to the dead letter sink. Subscriptions do not wait for one another; requests at once and
 * memory are bounded. */
#ifndef KN_LOCAL_DATAPLANE_SUBSCRIPTION_H
#define KN_LOCAL_DATAPLANE_SUBSCRIPTION_H

#include "kn-local/dataplane/ack_window.h"
#include "kn-local/dataplane/delivery_io.h"
#include "kn-local/dataplane/event_message.h"

#include <pthread.h>

struct delivery;
struct event_log;

/* What can change while deliveries are under way: each keeps the one that it began with. */
struct destinations {
    atomic_uint refs;
    struct resolved_address subscriber, reply, dead_letter;
    struct delivery_policy policy;
};

struct subscription {
    atomic_uint refs;
    struct delivery_io *world;
    char *ns, *name;
    char *place;               /* "default/subscriptions/vision", for the journal */
    struct event_log *backlog; /* of the channel on disk that it reads; NULL: in memory */

    pthread_mutex_t lock; /* guards what follows */
    struct destinations *route;
    struct delivery *all;          /* every delivery that has not ended */
    struct delivery *first, *last; /* those that wait for their turn to send */
    unsigned active;               /* requests under way */
    bool removed;                  /* takes no more */
    bool keeps;                    /* what it gave up comes again */

    /* reading a backlog */
    struct ack_window window;
    _Atomic uint64_t next; /* number of the event to hand out next */
    size_t bytes;          /* of the events handed out */
    bool asked;            /* the backlog was asked for more */
    bool moved;            /* ack_window_base has changed since the backlog was told */
    struct subscription *next_requested, *next_dirty; /* the backlog's lists */
};

/* root: see address_resolve. Borrows world. */
struct subscription *subscription_new(struct delivery_io *world, const char *root,
                                      const struct runtime_subscription *from);

/* Changes where deliveries that begin from now on go. */
void subscription_change(struct subscription *subscription, const char *root,
                         const struct runtime_subscription *from);

/* Another one like it, for a new channel. */
struct subscription *subscription_clone(struct subscription *subscription);

struct subscription *subscription_hold(struct subscription *subscription);
void subscription_release(struct subscription *subscription);

/* Delivers a parcel of an in-memory channel; ends with event_message_settle. */
void subscription_deliver(struct subscription *subscription, struct event_message *parcel);

/* Offers the parcel of a backlog: taken when it is the next one and there is room. For one thread
 * at a time. */
bool subscription_offer(struct subscription *subscription, struct event_message *parcel);

/* How many events, and bytes of them, may be read for it now. */
size_t subscription_room(struct subscription *subscription, size_t *bytes);

/* Takes no more and gives up what waits, at once and without dead letters; requests under way end
 * by themselves. With keep, what a channel on disk holds for it will be delivered after the next
 * start, and senders that wait are told to send again. */
void subscription_end(struct subscription *subscription, bool keep);

/* Whether deliveries are under way. */
bool subscription_busy(struct subscription *subscription);

#endif
