/* SPDX-License-Identifier: Apache-2.0 */
/* Long polls: pulls that are held until a message is ready or their time is over. Everything but
 * long_poll_send runs under the lock of Pub/Sub. */
#ifndef GCP_LOCAL_PUBSUB_LONG_POLL_H
#define GCP_LOCAL_PUBSUB_LONG_POLL_H

#include "gcp-local/pubsub/engine/engine.h"
#include "net/server/http_server.h"

enum { LONG_POLL_MAX_SEC = 90 };

struct pull_response;

/* All zero but for the engine is empty. */
struct long_polls {
    struct engine *engine;
    struct heap deadlines;           /* of the pulls that are held */
    struct pull_response *responses; /* to be sent when the lock is released */
    bool stopping;                   /* no pull is held */
};

/* Answers a pull of up to max messages, or holds it until a message is ready or wait_sec are over.
 */
void long_poll_pull(struct long_polls *polls, struct subscription *subscription,
                    struct http_exchange *exchange, size_t max, int wait_sec, int64_t now_ns);

/* Gives a subscription's ready messages to the pulls that wait for them. */
void long_poll_deliver(struct long_polls *polls, struct subscription *subscription, int64_t now_ns);

/* Answers the pulls whose time is over. */
void long_poll_expire(struct long_polls *polls, int64_t now_ns);

/* Answers all pulls of a subscription, which is about to be deleted or detached. */
void long_poll_cancel(struct long_polls *polls, struct subscription *subscription);

/* Answers all pulls, and holds none from now on. */
void long_poll_stop(struct long_polls *polls);

/* Takes the responses over, for long_poll_send; NULL when there are none. */
struct pull_response *long_poll_take(struct long_polls *polls);

/* Sends and frees them; to be called without the lock. */
void long_poll_send(struct pull_response *responses);

void long_poll_done(struct long_polls *polls);

#endif
