/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts around the engine share: the lock, the store, those who wait, the pusher. */
#ifndef GCP_LOCAL_PUBSUB_PUBSUB_PRIVATE_H
#define GCP_LOCAL_PUBSUB_PUBSUB_PRIVATE_H

#include "gcp-local/pubsub/engine/engine.h"
#include "gcp-local/pubsub/pubsub.h"
#include "gcp-local/pubsub/pubsub_store.h"

#include <pthread.h>

/* Answers that became possible under the lock, sent when it is released. */
struct pull_response {
    struct http_exchange *exchange;
    char *subscription;
    struct lease *leases; /* empty: {} */
    size_t count;
    bool with_attempts;
    struct pull_response *next;
};

struct pubsub {
    struct pubsub_options options;
    pthread_mutex_t lock; /* guards everything below; never held while answering */
    struct engine engine;
    struct pubsub_store *store; /* NULL: in memory only */
    struct heap deadlines;      /* of long polls */
    struct heap resumes;        /* of subscriptions whose push rests */
    struct pull_response
        *detached_pulls; /* pulls whose subscription has gone; answered at the turn's end */
    unsigned pushing;    /* calls under way */
    bool stopping;       /* nobody waits any more */
    bool closing;
    pthread_t timer;
    pthread_cond_t changed; /* something is due earlier, a push ended, or closing */
    int64_t wakes_ns;       /* when the timer thread looks next */
};

/* One turn with the engine: begin locks and does what is due; end passes on what it brought about
 * (messages to those who wait, to push endpoints, changes to the store) and unlocks. */
struct pubsub_transaction {
    struct pubsub *pubsub;
    int64_t now_ns;
    struct pull_response *handouts;
};

struct pubsub_transaction pubsub_transaction_begin(struct pubsub *pubsub);

/* written is called when the turn's changes are safe: before pubsub_transaction_end returns, or
 * later by another thread. May be NULL. */
void pubsub_transaction_end(struct pubsub_transaction *turn, pubsub_store_written *written,
                            void *context);

/* Whether changes can be kept at present; else err (ERR_UNAVAILABLE). */
bool pubsub_transaction_ready(const struct pubsub_transaction *turn, struct err *err);

enum { LONG_POLL_SEC = 90 };

/* Answers a pull now, as a handout, or holds it until a message comes or so many seconds passed. */
void long_poll_pull(struct pubsub_transaction *turn, struct subscription *subscription,
                    struct http_exchange *exchange, size_t most, int wait_sec);

/* Gives a subscription's ready messages to those who wait for them. */
void long_poll_deliver(struct pubsub_transaction *turn, struct subscription *subscription);

/* Answers those whose time is over; all of them when the service stops. */
void long_poll_tick(struct pubsub_transaction *turn);

/* Answers all who wait for a subscription that is going away. */
void long_poll_drop(struct pubsub_transaction *turn, struct subscription *subscription);

/* Sends handouts; without the lock. */
void long_poll_send(struct pull_response *handouts);

/* Starts as many pushes as the subscription may have under way. */
void push_deliver(struct pubsub_transaction *turn, struct subscription *subscription);
void push_tick(struct pubsub_transaction *turn);

/* Lets go of a subscription that is going away. */
void push_drop(struct pubsub *pubsub, struct subscription *subscription);

#endif
