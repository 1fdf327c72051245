/* SPDX-License-Identifier: Apache-2.0 */
/* Push: messages posted to the endpoint of a subscription, several at a time while it acknowledges
 * them, after growing pauses while it does not. Everything but push_send runs under the lock of
 * Pub/Sub. */
#ifndef GCP_LOCAL_PUBSUB_PUSH_H
#define GCP_LOCAL_PUBSUB_PUSH_H

#include "gcp-local/pubsub/engine/engine.h"

struct http_client;
struct push_call;

enum push_outcome { PUSH_ACKNOWLEDGED, PUSH_FAILED, PUSH_NOT_SENT };

/* All zero but for the first five is idle. */
struct pushes {
    struct engine *engine;
    struct http_client *(*client)(void *context); /* see struct pubsub_options */
    char *(*id_token)(const char *email, const char *audience, void *context);
    /* Called without the lock when a call has ended; calls push_end under the lock. */
    void (*ended)(struct push_call *call, enum push_outcome outcome, void *context);
    void *context, *ended_context; /* of client and id_token; of ended */
    struct heap resumes;           /* of the subscriptions that pause */
    struct push_call *calls;       /* to be sent when the lock is released */
    bool stopping;                 /* nothing is pushed */
};

/* Leases as many messages as the subscription may have in flight, for push_take. */
void push_deliver(struct pushes *pushes, struct subscription *subscription, int64_t now_ns);

/* Delivers for the subscriptions whose pause is over. */
void push_resume(struct pushes *pushes, int64_t now_ns);

/* Forgets a subscription that is about to be deleted; its calls in flight end without effect. */
void push_cancel(struct pushes *pushes, struct subscription *subscription);

/* Acknowledges the message or gives it back, frees the call and delivers what may follow. */
void push_end(struct pushes *pushes, struct push_call *call, enum push_outcome outcome,
              int64_t now_ns);

/* Takes the calls over that are to be sent; NULL when there are none. */
struct push_call *push_take(struct pushes *pushes);

/* Starts the calls; to be called without the lock. */
void push_send(struct pushes *pushes, struct push_call *calls, int64_t now_ns);

void push_done(struct pushes *pushes);

#endif
