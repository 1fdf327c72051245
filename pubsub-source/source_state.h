/* SPDX-License-Identifier: Apache-2.0 */
/* The state that the threads of pubsub-source share. Private to them. */
#ifndef PUBSUB_SOURCE_SOURCE_STATE_H
#define PUBSUB_SOURCE_SOURCE_STATE_H

#include "net/client/http_client.h"
#include "pubsub-source/config.h"
#include "pubsub-source/failures.h"
#include "pubsub-source/flow_control.h"

#include <pthread.h>

struct pubsub_source {
    const struct pubsub_source_config *config;
    struct gcp *gcp;
    struct http_client *client;

    pthread_mutex_t lock;                 /* guards the members below */
    pthread_cond_t changed;               /* capacity, or stopping; uses CLOCK_MONOTONIC */
    pthread_cond_t settled_changed;       /* settled is not empty */
    struct gcp_subscription subscription; /* name NULL until found; constant after that */
    struct flow_control flow;
    struct failures failures;
    struct in_flight_message *settled; /* to be acknowledged or returned */
    bool stopping;
    struct err failure; /* a permanent error; status 0 = none */
};

/* Starts as many deliveries as flow control allows. From any thread, without the lock. */
void pubsub_source_deliver(struct pubsub_source *source);

/* The threads; context is the source. They end with the process. */
void *pubsub_source_pull(void *context);
void *pubsub_source_acknowledge(void *context); /* also returns messages */
void *pubsub_source_extend_deadlines(void *context);

#endif
