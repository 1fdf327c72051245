/* What the threads of pubsub-source share. Private to them. */
#ifndef PUBSUB_SOURCE_SOURCE_STATE_H
#define PUBSUB_SOURCE_SOURCE_STATE_H

#include "net/client/http_client.h"
#include "pubsub-source/config.h"
#include "pubsub-source/failures.h"
#include "pubsub-source/flow_control.h"

#include <pthread.h>

struct source {
    const struct source_config *config;
    struct gcp *gcp;
    struct http_client *client;

    pthread_mutex_t lock;    /* guards what follows */
    pthread_cond_t changed;  /* there is room, or the source is stopping; by CLOCK_MONOTONIC */
    pthread_cond_t returned; /* there is something in back */
    struct gcp_subscription subscription; /* name NULL until it was found; then it stays */
    struct flow flow;
    struct failures failures;
    struct held *back; /* to be acknowledged or returned */
    bool stopping;
    struct err failure; /* why it cannot go on; status 0: it can */
};

/* Starts as many deliveries as may be under way. From any thread, without the lock. */
void source_deliver(struct source *source);

/* The threads; context is the source. They end with the process. */
void *source_pull(void *context);
void *source_answer(void *context); /* acknowledges and returns */
void *source_keep(void *context);   /* extends deadlines */

/* Waits for a change, with the lock held; false when the (monotonic) time has come first. */
bool source_wait_until(struct source *source, int64_t until_ns);
int64_t source_from_now(int64_t seconds);

#endif
