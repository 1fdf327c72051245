/* SPDX-License-Identifier: Apache-2.0 */
/* A subscription: brings each event of its channel to its subscriber. Subscriptions do not wait for
 * one another; how many requests of one run at once is bounded. */
#ifndef KN_LOCAL_DATAPLANE_SUBSCRIPTION_H
#define KN_LOCAL_DATAPLANE_SUBSCRIPTION_H

#include "kn-local/dataplane/event_log.h"
#include "kn-local/dataplane/sender.h"

struct subscription;

/* Borrows io; root: see address_resolve. */
struct subscription *subscription_new(struct dataplane_io *io, const char *root,
                                      const struct runtime_subscription *spec);

/* Changes where deliveries that begin from now on go, and how many run at once. */
void subscription_change(struct subscription *subscription, const char *root,
                         const struct runtime_subscription *spec);

/* Another one like it: the end of a subscription is for good. */
struct subscription *subscription_clone(struct subscription *subscription);

struct subscription *subscription_hold(struct subscription *subscription);
void subscription_release(struct subscription *subscription);

/* Delivers an event of a channel in memory; ends one part of the receipt. */
void subscription_deliver(struct subscription *subscription, struct event_message *event,
                          struct receipt *receipt);

/* Reads the events of a log, on from where a subscription of its name was, or from the next event
 * on. Once in its life. */
bool subscription_read(struct subscription *subscription, struct event_log *log, struct err *err);

enum subscription_end {
    SUBSCRIPTION_REMOVED, /* what it still had to deliver is dropped */
    SUBSCRIPTION_STOPPED, /* it is delivered after the next start, or sent again by the sender */
};

/* Takes no more events, and gives up at once what waits for a turn or a moment; requests under way
 * end by themselves, and a failure of theirs is not the subscriber's. */
void subscription_end(struct subscription *subscription, enum subscription_end how);

#endif
