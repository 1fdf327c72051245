/* SPDX-License-Identifier: Apache-2.0 */
/* Sends one event: to the subscriber, then perhaps the reply to its address or the event to the
 * dead letter sink, each with its attempts, waits and deadlines. What comes next is decided by
 * delivery_policy_next; here it is done. */
#ifndef KN_LOCAL_DATAPLANE_SENDER_H
#define KN_LOCAL_DATAPLANE_SENDER_H

#include "cloudevents/delivery_policy.h"
#include "kn-local/dataplane/address.h"
#include "kn-local/dataplane/dataplane_io.h"

/* Where a sender's events go; never changes, so that a delivery ends as it began. */
struct sender_route {
    atomic_uint refs;
    struct resolved_address subscriber, reply, dead_letter;
    struct delivery_policy policy;
};

/* The three destinations may be "none", root as for address_resolve. */
struct sender_route *sender_route_new(const struct runtime_destination *subscriber,
                                      const struct runtime_destination *reply,
                                      const struct runtime_destination *dead_letter,
                                      const struct delivery_policy *policy, const char *root);
struct sender_route *sender_route_hold(struct sender_route *route);
void sender_route_release(struct sender_route *route);

enum sender_result {
    SENDER_DONE,   /* the subscriber or the dead letter sink has the event */
    SENDER_FAILED, /* given up */
    SENDER_UNDONE, /* to be done again: after the next start, or when it is sent again */
    SENDER_GONE,   /* nobody wants it any longer: the subscription was removed */
};

struct sender;

/* What all senders of one subscription or source have in common. */
struct sender_origin {
    struct dataplane_io *io;
    struct resource_id about;         /* for what is published */
    const char *place;                /* for the trace, e.g. "default/subscriptions/vision" */
    enum trace_hop_kind delivered;    /* the hop of a successful first stage */
    bool asks_for_reply;              /* "Prefer: reply" goes with the first stage */
    bool (*is_retryable)(int status); /* NULL = as Knative's channels: delivery_policy_retryable */

    /* The next attempt is due after wait_ns: to be started by sender_attempt, then or later, or
     * to be ended by sender_abandon. */
    void (*ready)(struct sender *sender, int64_t wait_ns);
    /* A request has ended; called before the next ready or done. */
    void (*request_ended)(struct sender *sender);
    /* What a failed attempt is: SENDER_FAILED, the subscriber's, to be tried again as the policy
     * says; SENDER_UNDONE or SENDER_GONE, ours: the sender ends so. */
    enum sender_result (*on_failure)(struct sender *sender);
    /* Whether somebody still waits for the outcome, so that another attempt makes sense; NULL =
     * always. */
    bool (*wanted)(struct sender *sender);
    /* The end; frees what the sender is part of. */
    void (*done)(struct sender *sender, enum sender_result result);
};

enum sender_stage { STAGE_SUBSCRIBER, STAGE_REPLY, STAGE_DEAD_LETTER };

struct sender {
    struct timer timer;                 /* first: for the origin's waits */
    const struct sender_origin *origin; /* lives longer */
    struct sender_route *route;         /* held */
    struct event_message *event;        /* held */
    struct event_message *other;        /* the reply or dead letter that is being sent; held */
    struct headers headers;             /* of the request: those of the event, and two more */
    struct http_call call;
    int64_t began_ns; /* this attempt */
    int attempt;      /* of this stage, from 0 */
    enum sender_stage stage;
};

/* Fills a zeroed sender; event and route are held. fields has room for sender_field_count fields,
 * and lives as long as the sender. The first attempt is up to the caller. */
void sender_init(struct sender *sender, const struct sender_origin *origin,
                 struct sender_route *route, struct event_message *event, struct header *fields);

static inline size_t sender_field_count(const struct event_message *event)
{
    return event->headers.count + 2;
}

/* Makes an attempt. */
void sender_attempt(struct sender *sender);

/* Ends without another attempt, by SENDER_UNDONE or SENDER_GONE. */
void sender_abandon(struct sender *sender, enum sender_result result);

#endif
