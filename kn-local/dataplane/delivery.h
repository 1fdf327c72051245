/* SPDX-License-Identifier: Apache-2.0 */
/* One event on its way to one subscription: to the subscriber, then perhaps to the reply's address
 * or the dead letter sink, each with its retries. */
#ifndef KN_LOCAL_DATAPLANE_DELIVERY_H
#define KN_LOCAL_DATAPLANE_DELIVERY_H

#include "kn-local/dataplane/subscription.h"

enum delivery_stage { STAGE_SUBSCRIBER, STAGE_REPLY, STAGE_DEAD_LETTER };

struct delivery {
    struct timer timer;                /* first: a timer that fires is its delivery */
    struct subscription *subscription; /* held */
    struct destinations *route;        /* held */
    struct event_message *parcel;      /* the event; held */
    struct event_message *other;       /* the reply or dead letter that is being sent; held */
    struct http_call call;
    int64_t began_ns; /* this attempt */
    size_t place;     /* in the subscription's window */
    int attempt;      /* of this leg, from 0 */
    enum delivery_stage leg;
    bool waits;                   /* in the subscription's queue */
    struct delivery *queued;      /* behind it in the queue */
    struct delivery *prev, *next; /* in subscription->all */
};

/* Sends as soon as the subscription lets it; called by the subscription. */
void delivery_send(struct delivery *delivery);

/* How it ended. */
enum delivery_end {
    DELIVERY_DONE, /* the subscriber or the dead letter sink has it, or nobody wants it any more */
    DELIVERY_FAILED, /* given up */
    DELIVERY_UNDONE, /* to be done again after the program's next start, or by the sender */
};

/* Ends without another attempt: the subscription was removed, or the program ends. */
void delivery_abandon(struct delivery *delivery, enum delivery_end end);

/* Asks for a turn: sends at once, or when others are done. */
void subscription_enqueue(struct delivery *delivery);

/* Asks for a turn after a while. */
void subscription_retry_later(struct delivery *delivery, int64_t wait_ns);

/* A request has ended: the next in the queue has its turn. */
void subscription_request_ended(struct subscription *subscription);

/* The delivery has ended; frees it. */
void subscription_delivery_ended(struct delivery *delivery, enum delivery_end end);

#endif
