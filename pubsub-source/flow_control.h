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

struct lane; /* the messages of one ordering key */

/* A message from its pull until Pub/Sub knows what became of it. */
struct held {
    struct gcp_message message;   /* owned */
    int64_t pulled_ns;            /* monotonic */
    bool answered;                /* sent or given back: its deadline needs no more extending */
    int again_sec;                /* -1: acknowledge; else when it shall come again */
    struct lane *lane;            /* NULL: no ordering key */
    struct held *prev, *next;     /* in the queue or list that it stands in */
    struct held *before, *behind; /* among all that are held */
};

struct flow {
    size_t max_messages, max_bytes, max_deliveries; /* set before use */

    size_t messages, bytes; /* held */
    size_t sending;
    struct held *all;
    struct held *ready; /* may be sent, in order */
    struct lane *lanes; /* by key */
};

/* How many messages may be pulled now; 0: none until some are released. */
size_t flow_room(const struct flow *flow);

/* Takes a message in hand, moving it out of *message. When it must not be sent, since an earlier
 * one of its key has to come first, it is given back: *back is the result, with again_sec set. */
void flow_take(struct flow *flow, struct gcp_message *message, int64_t now_ns, struct held **back);

/* The next message to send, which then counts as being sent; NULL when there is none or enough are
 * under way. */
struct held *flow_next(struct flow *flow);

/* A message's delivery ended. again_sec -1: it was delivered. Otherwise it failed, and it is put
 * into *back with those that have to wait for it, with again_sec set in each. Delivered it is put
 * there too, to be acknowledged. */
void flow_ended(struct flow *flow, struct held *held, int again_sec, int64_t now_ns,
                struct held **back);

/* Gives back all that is not being sent, at once. */
void flow_give_up(struct flow *flow, struct held **back);

/* Forgets keys whose failed message did not come again in time. To be called now and then. */
void flow_sweep(struct flow *flow, int64_t now_ns);

/* Pub/Sub was told, or will find out by itself: frees the message. */
void flow_release(struct flow *flow, struct held *held);

void flow_done(struct flow *flow);

static inline void own_flow(struct flow *local)
{
    flow_done(local);
}

#endif
