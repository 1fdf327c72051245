/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of pubsub-source share. Private to them. */
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

    pthread_mutex_t lock;    /* guards what follows */
    pthread_cond_t changed;  /* there is room, or the source is stopping; by CLOCK_MONOTONIC */
    pthread_cond_t returned; /* there is something in back */
    struct gcp_subscription subscription; /* name NULL until it was found; then it stays */
    struct flow_control flow;
    struct failures failures;
    struct in_flight_message *back; /* to be acknowledged or returned */
    bool stopping;
    struct err failure; /* why it cannot go on; status 0: it can */
};

/* Starts as many deliveries as may be under way. From any thread, without the lock. */
void pubsub_source_deliver(struct pubsub_source *source);

/* The threads; context is the source. They end with the process. */
void *pubsub_source_pull(void *context);
void *pubsub_source_reply(void *context);            /* acknowledges and returns */
void *pubsub_source_extend_deadlines(void *context); /* extends deadlines */

/* Waits for a change, with the lock held; false when the (monotonic) time has come first. */
bool pubsub_source_wait_until(struct pubsub_source *source, int64_t until_ns);
int64_t pubsub_source_deadline_ns(int64_t seconds);

#endif
