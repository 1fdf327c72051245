/* SPDX-License-Identifier: Apache-2.0 */
/* What pubsub.c and pubsub_transaction.c share. */
#ifndef GCP_LOCAL_PUBSUB_PUBSUB_PRIVATE_H
#define GCP_LOCAL_PUBSUB_PUBSUB_PRIVATE_H

#include "gcp-local/pubsub/long_poll.h"
#include "gcp-local/pubsub/pubsub_store.h"
#include "gcp-local/pubsub/push.h"

#include <pthread.h>

struct pubsub {
    pthread_mutex_t lock; /* guards what follows; not held while sending, pushing, committing */
    struct engine engine;
    struct pubsub_store *store; /* NULL: in memory only */
    int64_t store_retry_ns;     /* when to write again what could not be written, or INT64_MAX */
    struct long_polls polls;
    struct pushes pushes;
    unsigned pushing; /* threads in push_send */
    bool closing;
    pthread_cond_t changed; /* something is due earlier, a push_send ended, or closing */
    int64_t wakes_ns;       /* when the timer thread wakes; INT64_MIN while it is awake */
    pthread_t timer;
};

/* When a transaction has something to do next; INT64_MAX for never. */
int64_t pubsub_next_due_ns(const struct pubsub *pubsub);

#endif
