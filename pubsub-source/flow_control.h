/* SPDX-License-Identifier: Apache-2.0 */
/* Flow control: the messages in flight, which is delivered next, and how many may be pulled.
 *
 * Messages without an ordering key are delivered in parallel, in the order of their arrival. Those
 * of one key are delivered one after the other. When one fails, the later ones of its key are
 * returned to Pub/Sub with it, and none is delivered until the failed one has been delivered again,
 * or did not arrive for a minute: then another subscriber has it. No clock, lock or network. */
#ifndef PUBSUB_SOURCE_FLOW_CONTROL_H
#define PUBSUB_SOURCE_FLOW_CONTROL_H

#include "gcp/gcp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOW_ACKNOWLEDGE = -1 }; /* a redeliver_sec */

struct flow_key_queue; /* the messages of one ordering key */

/* A message from its pull until it is acknowledged or returned. */
struct in_flight_message {
    struct gcp_message message;   /* owned */
    int64_t pulled_ns;            /* monotonic */
    bool settled;                 /* delivered or failed: the ack deadline is not extended */
    int redeliver_sec;            /* FLOW_ACKNOWLEDGE, or when Pub/Sub is to deliver it again */
    struct flow_key_queue *queue; /* NULL = no ordering key */
    struct in_flight_message *prev, *next;                     /* in a queue or list of its state */
    struct in_flight_message *prev_in_flight, *next_in_flight; /* in flow_control.in_flight */
};

struct flow_control {
    size_t max_messages, max_bytes, max_deliveries; /* set before use */

    size_t messages, bytes; /* in flight */
    size_t delivering;
    struct in_flight_message *in_flight; /* all */
    struct in_flight_message *ready;     /* to be delivered, in order */
    struct flow_key_queue *queues;       /* by ordering key */
};

/* How many messages may be pulled now; 0 = none until some are released. */
size_t flow_control_capacity(const struct flow_control *flow);

/* Adds a pulled message, moving it out of *message. When an earlier message of its key must be
 * delivered first, it is appended to *settled instead, to be returned. */
void flow_control_add(struct flow_control *flow, struct gcp_message *message, int64_t now_ns,
                      struct in_flight_message **settled);

/* The next message to deliver, which then counts as being delivered. NULL when none is ready or
 * max_deliveries are under way. */
struct in_flight_message *flow_control_next(struct flow_control *flow);

/* A delivery has ended: with FLOW_ACKNOWLEDGE, or it failed and is to be delivered again after
 * redeliver_sec. Appends the message to *settled, and after a failure those that wait for it. */
void flow_control_finish(struct flow_control *flow, struct in_flight_message *in_flight,
                         int redeliver_sec, int64_t now_ns, struct in_flight_message **settled);

/* Appends all messages that are not being delivered to *settled, to be returned immediately. */
void flow_control_return_all(struct flow_control *flow, struct in_flight_message **settled);

/* Forgets ordering keys whose failed message did not arrive again in time. Call it regularly. */
void flow_control_expire_keys(struct flow_control *flow, int64_t now_ns);

/* Frees a message that was acknowledged or returned. */
void flow_control_release(struct flow_control *flow, struct in_flight_message *in_flight);

void flow_control_done(struct flow_control *flow);

static inline void own_flow_control(struct flow_control *local)
{
    flow_control_done(local);
}

#endif
