/* SPDX-License-Identifier: Apache-2.0 */
/* Which messages are in hand, which may be sent next, and how many more may be pulled.
 *
 * Messages without an ordering key go as they came, many at a time. Those of one key go one after
 * the other; when one fails, the key's later ones are given back with it, and none is sent until
 * the one that failed has come again (or has not for long: somebody else has it). Pure: no clock,
 * no lock, no network. */
#ifndef PUBSUB_SOURCE_FLOW_CONTROL_H
#define PUBSUB_SOURCE_FLOW_CONTROL_H

#include "gcp/gcp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow_key_queue; /* the messages of one ordering key */

/* A message from its pull until Pub/Sub knows what became of it. */
struct in_flight_message {
    struct gcp_message message;  /* owned */
    int64_t pulled_ns;           /* monotonic */
    bool answered;               /* sent or given back: its deadline needs no more extending */
    int again_sec;               /* -1: acknowledge; else when it shall come again */
    struct flow_key_queue *lane; /* NULL: no ordering key */
    struct in_flight_message *prev, *next;     /* in the queue or list that it stands in */
    struct in_flight_message *before, *behind; /* among all that are held */
};

struct flow_control {
    size_t max_messages, max_bytes, max_deliveries; /* set before use */

    size_t messages, bytes; /* held */
    size_t sending;
    struct in_flight_message *all;
    struct in_flight_message *ready; /* may be sent, in order */
    struct flow_key_queue *lanes;    /* by key */
};

/* How many messages may be pulled now; 0: none until some are released. */
size_t flow_control_capacity(const struct flow_control *flow);

/* Takes a message in hand, moving it out of *message. When it must not be sent, since an earlier
 * one of its key has to come first, it is given back: *back is the result, with again_sec set. */
void flow_control_add(struct flow_control *flow, struct gcp_message *message, int64_t now_ns,
                      struct in_flight_message **back);

/* The next message to send, which then counts as being sent; NULL when there is none or enough are
 * under way. */
struct in_flight_message *flow_control_next(struct flow_control *flow);

/* A message's delivery ended. again_sec -1: it was delivered. Otherwise it failed, and it is put
 * into *back with those that have to wait for it, with again_sec set in each. Delivered it is put
 * there too, to be acknowledged. */
void flow_control_finish(struct flow_control *flow, struct in_flight_message *held, int again_sec,
                         int64_t now_ns, struct in_flight_message **back);

/* Gives back all that is not being sent, at once. */
void flow_control_return_all(struct flow_control *flow, struct in_flight_message **back);

/* Forgets keys whose failed message did not come again in time. To be called now and then. */
void flow_control_expire_keys(struct flow_control *flow, int64_t now_ns);

/* Pub/Sub was told, or will find out by itself: frees the message. */
void flow_control_release(struct flow_control *flow, struct in_flight_message *held);

void flow_control_done(struct flow_control *flow);

static inline void own_flow_control(struct flow_control *local)
{
    flow_control_done(local);
}

#endif
